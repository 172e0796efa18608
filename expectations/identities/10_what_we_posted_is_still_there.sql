-- Every invoice that a run posted and read back is still posted in the ledger; a reversed one too, beside its reversal.
-- severity: warn
with

posted as (
    select distinct source_system, source_invoice_id, kind, odoo_id
    from staging.stg_ops__receipts
    where action = 'post' and outcome in ('done', 'already')
)

select
    posted.source_system,
    posted.source_invoice_id,
    posted.kind,
    posted.odoo_id,
    coalesce(moves.state, 'gone') as state_now
from posted
left join staging.stg_odoo__moves as moves on posted.odoo_id = moves.move_id
where coalesce(moves.state, 'gone') <> 'posted'
order by all
