-- One row per line whose tax maps to no named tax, for finance.
with

source as (select * from {{ ref('fct_unmapped_taxes') }}),

unmapped_taxes as (
    select
        source_system,
        source_invoice_id,
        kind,
        line_position,
        invoice_number,
        description,
        amount_minor,
        document_tax_minor,
        document_rate_percent,
        currency_code,
        source_says
    from source
)

select * from unmapped_taxes
