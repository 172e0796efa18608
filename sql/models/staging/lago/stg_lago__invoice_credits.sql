-- One row per credit that came off a Lago invoice: a coupon, a credit note of before, a progressive invoice.
with

invoices as (select * from {{ source('lago', 'invoices') }}),

units as (select * from {{ ref('currency_units') }} where source = 'lago'),

credits as ({{ json_items('invoices', '$.credits', ['_key']) }}),

source as (
    {{ json_fields('credits', 'item', {
        'item_type': '$.item.type',
        'item_id': '$.item.lago_item_id',
        'currency': '$.amount_currency',
        'amount': '$.amount_cents'
    }, ['_key', 'position']) }}
),

stg_lago__invoice_credits as (
    select
        source._key as invoice_id,
        source.position as credit_position,
        source.item_type,
        -- Of a credit note its lago_id.
        source.item_id,
        {{ iso_minor('source.amount') }} as amount_minor
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_lago__invoice_credits
