-- One row per line that no family rule knows: for finance to look at, and to write a rule for.
with

lines as (select * from {{ ref('fct_invoice_lines') }} where service_family = 'other'),

invoices as (select * from {{ ref('fct_invoices') }}),

fct_unmatched_lines as (
    select
        lines.source_system,
        lines.source_invoice_id,
        lines.kind,
        lines.line_position,
        invoices.invoice_number,
        invoices.customer_name,
        invoices.invoiced_on,
        lines.description,
        lines.amount_minor,
        lines.currency_code,
        invoices.verdict
    from lines
    inner join invoices
        on lines.source_system = invoices.source_system
        and lines.source_invoice_id = invoices.source_invoice_id
        and lines.kind = invoices.kind
    where invoices.record_verdict in ('verified', 'unverified')
)

select * from fct_unmatched_lines
