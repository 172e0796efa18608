-- One row per tax of a Stripe credit note as a whole.
with

credit_notes as (
    select _key, payload, {{ json_text('payload', '$.currency') }} as currency from {{ source('stripe', 'credit_notes') }}
),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

taxes as (
    {{ json_items('credit_notes', '$.total_taxes', ['_key', 'currency']) }}
),

source as (
    {{ json_fields('taxes', 'item', {
        'amount': '$.amount',
        'tax_behavior': '$.tax_behavior',
        'tax_rate_id': '$.tax_rate_details.tax_rate',
        'taxable_amount': '$.taxable_amount'
    }, ['_key', 'currency', 'position']) }}
),

stg_stripe__credit_note_taxes as (
    select
        -- ids
        source._key as credit_note_id,
        source.position as tax_position,
        source.tax_rate_id,

        -- amounts, whole minor units in ISO's counting
        {{ iso_minor('source.amount') }} as tax_minor,
        {{ iso_minor('source.taxable_amount') }} as taxable_minor,
        coalesce(source.tax_behavior = 'inclusive', false) as is_inclusive
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_stripe__credit_note_taxes
