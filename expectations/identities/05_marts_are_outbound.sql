-- What the marts say is what the ledger is handed, per source, currency, month and verdict, to the cent.
with

marts as (
    select
        source_system,
        currency_code,
        strftime(invoiced_on, '%Y-%m') as month,
        verdict,
        is_postable,
        count(*) as marts_count,
        sum(case kind when 'credit_note' then -total_minor else total_minor end) as marts_minor
    from marts.fct_invoices
    where source_system in (select distinct source_system from outbound.out_odoo__invoices)
        or verdict = 'verified'
    group by all
),

outbound as (
    select
        source_system,
        currency_code,
        strftime(invoiced_on, '%Y-%m') as month,
        verdict,
        is_postable,
        count(*) as outbound_count,
        sum(case kind when 'credit_note' then -total_minor else total_minor end) as outbound_minor
    from outbound.out_odoo__invoices
    group by all
)

select
    coalesce(marts.source_system, outbound.source_system) as source_system,
    coalesce(marts.currency_code, outbound.currency_code) as currency_code,
    coalesce(marts.month, outbound.month) as month,
    coalesce(marts.verdict, outbound.verdict) as verdict,
    marts_count,
    outbound_count,
    marts_minor,
    outbound_minor
from marts
full join outbound
    on marts.source_system = outbound.source_system
    and marts.currency_code is not distinct from outbound.currency_code
    and marts.month is not distinct from outbound.month
    and marts.verdict = outbound.verdict
    and marts.is_postable = outbound.is_postable
where marts_count is distinct from outbound_count or marts_minor is distinct from outbound_minor
order by all
