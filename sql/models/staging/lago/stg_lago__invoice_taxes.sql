-- One row per tax applied to a Lago invoice as a whole; each is rounded by itself, so they may miss the invoice's tax by a cent.
with

invoices as (select * from {{ source('lago', 'invoices') }}),

units as (select * from {{ ref('currency_units') }} where source = 'lago'),

taxes as ({{ json_items('invoices', '$.applied_taxes', ['_key']) }}),

source as (
    {{ json_fields('taxes', 'item', {
        'tax_code': '$.tax_code',
        'tax_name': '$.tax_name',
        'tax_rate': '$.tax_rate',
        'currency': '$.amount_currency',
        'amount': '$.amount_cents',
        'taxable': '$.fees_amount_cents'
    }, ['_key', 'position']) }}
),

stg_lago__invoice_taxes as (
    select
        source._key as invoice_id,
        source.position as tax_position,
        lower(concat_ws(' ', source.tax_code, source.tax_name)) as tax_words,
        try_cast(source.tax_rate as decimal(9, 6)) as rate,
        {{ iso_minor('source.amount') }} as tax_minor,
        {{ iso_minor('source.taxable') }} as taxable_minor
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_lago__invoice_taxes
