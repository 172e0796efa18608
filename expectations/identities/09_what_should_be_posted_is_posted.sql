-- What may be posted is in the ledger, per currency and month of issue, to the cent.
-- severity: warn
-- Before the first posting of a run, in draft mode, while a person looks at a break, and for what was taken back and not
-- released, this is rightly not so yet: it is
-- shown beside the numbers and stops nothing.
with

due as (
    select source_system, source_invoice_id, kind, currency_code, invoiced_on, total_minor
    from outbound.out_odoo__invoices
    where is_postable
),

beside as (
    select
        due.*,
        case when ledger_check.ledger_state = 'posted' then ledger_check.ledger_total_minor end as posted_minor
    from due
    left join marts.fct_ledger_check as ledger_check using (source_system, source_invoice_id, kind)
)

select
    currency_code,
    strftime(invoiced_on, '%Y-%m') as month,
    count(*) as due_count,
    count(posted_minor) as posted_count,
    sum(case kind when 'credit_note' then -total_minor else total_minor end) as due_minor,
    coalesce(sum(case kind when 'credit_note' then -posted_minor else posted_minor end), 0) as posted_minor
from beside
group by all
having due_minor <> posted_minor or due_count <> posted_count
order by all
