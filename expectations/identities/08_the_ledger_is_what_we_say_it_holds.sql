-- What finance reads of the ledger is what Odoo sent, per currency and month of booking: every posted entry, to the cent.
with

units as (select currency_code, iso_units_per_major from seeds.currency_units where source = 'iso'),

sent as (
    select
        upper(payload ->> '$.currency_id[1]') as currency_code,
        left(payload ->> '$.date', 7) as month,
        payload ->> '$.move_type' as move_type,
        try_cast(payload ->> '$.amount_total' as decimal(24, 6)) as amount_total
    from raw_odoo.moves
    where not _deleted and (payload ->> '$.state') = 'posted'
),

ledger as (
    select
        sent.currency_code,
        sent.month,
        count(*) as ledger_count,
        sum(cast(round(sent.amount_total * coalesce(units.iso_units_per_major, 100)) as bigint)
            * case sent.move_type when 'out_refund' then -1 else 1 end) as ledger_minor
    from sent
    left join units on sent.currency_code = units.currency_code
    group by all
),

-- A second entry for one invoice, and an entry for an invoice that no source has, are breaks and stand there. An entry that
-- was reversed in full stands beside its reversal and is told as taken back.
told as (
    select move_id, kind, currency_code, ledger_total_minor as total_minor
    from marts.fct_ledger_check
    where move_state = 'posted'
    union all
    select move_id, kind, currency_code, total_minor
    from intermediate.int_ledger_entries
    where is_taken_back
    union all
    select move_id, kind, currency_code, total_minor
    from intermediate.int_ledger_entries
    where state = 'posted' and not is_taken_back and move_id not in (select move_id from marts.fct_ledger_check where move_id is not null)
        and (source_system, source_invoice_id) in (
            select (source_system, source_invoice_id) from marts.fct_breaks
            where class in ('duplicate_entry', 'unknown_entry')
        )
),

said as (
    select
        moves.currency_code,
        strftime(moves.ledger_on, '%Y-%m') as month,
        count(*) as said_count,
        sum(case told.kind when 'credit_note' then -told.total_minor else told.total_minor end) as said_minor
    from told
    inner join staging.stg_odoo__moves as moves on told.move_id = moves.move_id
    group by all
)

select
    coalesce(ledger.currency_code, said.currency_code) as currency_code,
    coalesce(ledger.month, said.month) as month,
    ledger_count,
    said_count,
    ledger_minor,
    said_minor
from ledger
full join said on ledger.currency_code = said.currency_code and ledger.month is not distinct from said.month
where ledger_count is distinct from said_count or ledger_minor is distinct from said_minor
order by all
