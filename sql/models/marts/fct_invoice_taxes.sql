-- One row per invoice or credit note and tax code; together they are exactly the document's tax.
with

taxes as (select * from {{ ref('int_document_taxes') }}),

fct_invoice_taxes as (
    select
        source_system,
        source_invoice_id,
        kind,
        tax_code,
        tax_minor
    from taxes
)

select * from fct_invoice_taxes
