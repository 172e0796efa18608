-- One row per line of those invoices and credit notes.
with

lines as (select * from {{ ref('fct_invoice_lines') }}),

out_odoo__invoice_lines as (
    select
        source_system,
        source_invoice_id,
        kind,
        line_position,
        source_line_id,
        description,
        service_family,
        quantity,
        amount_minor,
        tax_codes
    from lines
)

select * from out_odoo__invoice_lines
