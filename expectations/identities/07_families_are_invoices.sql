-- Revenue by family adds up to the subtotals of the invoices that their sources confirm, per currency and month.
with

families as (
    select currency_code, month, sum(net_minor) as families_minor
    from marts.fct_family_revenue
    group by all
),

invoices as (
    select
        currency_code,
        strftime(invoiced_on, '%Y-%m') as month,
        sum(case kind when 'credit_note' then -subtotal_minor else subtotal_minor end) as invoices_minor
    from marts.fct_invoices
    where record_verdict = 'verified' and is_revenue
    group by all
)

select
    coalesce(families.currency_code, invoices.currency_code) as currency_code,
    coalesce(families.month, invoices.month) as month,
    families_minor,
    invoices_minor
from families
full join invoices on families.currency_code = invoices.currency_code and families.month = invoices.month
where families_minor is distinct from invoices_minor
order by all
