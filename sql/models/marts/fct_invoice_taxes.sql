-- One row per invoice or credit note and tax code; together they are exactly the document's tax.
with

taxes as (select * from {{ ref('int_document_taxes') }}),

documents as (select * from {{ ref('int_documents') }}),

fct_invoice_taxes as (
    select
        taxes.source_system,
        taxes.source_invoice_id,
        taxes.kind,
        taxes.tax_code,
        taxes.tax_minor,
        -- What a partner bills us with a self-billed document is a cost, and its tax is none that we collected.
        documents.is_revenue or documents.is_prepaid as is_sales_tax
    from taxes
    inner join documents
        on taxes.source_system = documents.source_system
        and taxes.source_invoice_id = documents.source_invoice_id
        and taxes.kind = documents.kind
)

select * from fct_invoice_taxes
