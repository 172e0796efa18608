-- The lines handed to the ledger add up to the subtotals of the invoices that may be posted, per currency and month.
with

invoices as (
    select currency_code, strftime(invoiced_on, '%Y-%m') as month, sum(subtotal_minor) as invoices_minor
    from outbound.out_odoo__invoices
    where is_postable
    group by all
),

lines as (
    select
        invoices.currency_code,
        strftime(invoices.invoiced_on, '%Y-%m') as month,
        sum(lines.amount_minor) as lines_minor
    from outbound.out_odoo__invoice_lines as lines
    inner join outbound.out_odoo__invoices as invoices using (source_system, source_invoice_id, kind)
    where invoices.is_postable
    group by all
)

select
    coalesce(invoices.currency_code, lines.currency_code) as currency_code,
    coalesce(invoices.month, lines.month) as month,
    invoices_minor,
    lines_minor
from invoices
full join lines
    on invoices.currency_code = lines.currency_code and invoices.month is not distinct from lines.month
where invoices_minor is distinct from lines_minor
order by all
