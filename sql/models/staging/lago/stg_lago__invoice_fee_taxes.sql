-- One row per tax applied to a fee of a Lago invoice.
with

invoices as (select * from {{ source('lago', 'invoices') }}),

units as (select * from {{ ref('currency_units') }} where source = 'lago'),

fees as ({{ json_items('invoices', '$.fees', ['_key']) }}),

fee_payloads as (
    select
        _key,
        position as line_position,
        item as payload
    from fees
),

taxes as ({{ json_items('fee_payloads', '$.applied_taxes', ['_key', 'line_position']) }}),

source as (
    {{ json_fields('taxes', 'item', {
        'tax_code': '$.tax_code',
        'tax_name': '$.tax_name',
        'tax_rate': '$.tax_rate',
        'currency': '$.amount_currency',
        'amount': '$.amount_cents'
    }, ['_key', 'line_position', 'position']) }}
),

stg_lago__invoice_fee_taxes as (
    select
        source._key as invoice_id,
        source.line_position,
        source.position as tax_position,
        lower(concat_ws(' ', source.tax_code, source.tax_name)) as tax_words,
        try_cast(source.tax_rate as decimal(9, 6)) as rate,
        {{ iso_minor('source.amount') }} as tax_minor
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_lago__invoice_fee_taxes
