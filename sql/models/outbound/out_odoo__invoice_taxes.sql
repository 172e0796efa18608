-- One row per invoice or credit note and tax code.
with

taxes as (select * from {{ ref('fct_invoice_taxes') }}),

out_odoo__invoice_taxes as (
    select
        source_system,
        source_invoice_id,
        kind,
        tax_code,
        tax_minor
    from taxes
)

select * from out_odoo__invoice_taxes
