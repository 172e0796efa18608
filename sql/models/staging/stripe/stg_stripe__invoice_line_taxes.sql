-- One row per tax of a line of a Stripe invoice.
with

invoices as (select * from {{ source('stripe', 'invoices') }}),

overflow as (select * from {{ source('stripe', 'invoice_lines') }} where not _deleted),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

read_lines as ({{ stripe_lines('invoices', 'overflow') }}),

lines as (
    select _key, position as line_position, item as payload, {{ json_text('item', '$.currency') }} as currency from read_lines
),

taxes as ({{ json_items('lines', '$.taxes', ['_key', 'line_position', 'currency']) }}),

source as (
    {{ json_fields('taxes', 'item', {
        'amount': '$.amount',
        'tax_behavior': '$.tax_behavior',
        'tax_rate_id': '$.tax_rate_details.tax_rate',
        'taxable_amount': '$.taxable_amount'
    }, ['_key', 'line_position', 'position', 'currency']) }}
),

stg_stripe__invoice_line_taxes as (
    select
        -- ids
        source._key as invoice_id,
        source.line_position,
        source.position as tax_position,
        source.tax_rate_id,

        -- amounts, whole minor units in ISO's counting
        {{ iso_minor('source.amount') }} as tax_minor,
        {{ iso_minor('source.taxable_amount') }} as taxable_minor,
        coalesce(source.tax_behavior = 'inclusive', false) as is_inclusive
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_stripe__invoice_line_taxes
