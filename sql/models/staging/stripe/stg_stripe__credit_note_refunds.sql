-- One row per refund that a Stripe credit note names, with the part of it that is for this note.
with

credit_notes as (
    select _key, payload, {{ json_text('payload', '$.currency') }} as currency from {{ source('stripe', 'credit_notes') }}
),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

refunds as (
    {{ json_items('credit_notes', '$.refunds', ['_key', 'currency']) }}
),

source as (
    {{ json_fields('refunds', 'item', {
        'refund_id': '$.refund',
        'refund_type': '$.type',
        'amount_refunded': '$.amount_refunded'
    }, ['_key', 'currency', 'position']) }}
),

stg_stripe__credit_note_refunds as (
    select
        source._key as credit_note_id,
        source.position as refund_position,
        source.refund_id,
        -- The refund of a payment record is money that went back outside Stripe.
        coalesce(source.refund_type = 'payment_record_refund', false) as is_off_stripe,
        {{ iso_minor('source.amount_refunded') }} as amount_minor
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_stripe__credit_note_refunds
