-- One row per invoice or credit note beside its entry in Odoo, as read back.
with

invoices as (select * from {{ ref('fct_invoices') }}),

entries as (select * from {{ ref('int_ledger_entries') }}),

moves as (select * from entries where is_taken_back is not true),

taken_back as (select distinct source_system, source_invoice_id, kind from entries where is_taken_back),

receipts as (select * from {{ ref('stg_ops__receipts') }} where action = 'post' and outcome in ('done', 'already')),

-- Two entries for one invoice are a break of their own; the check looks at the posted one, then at the oldest.
ranked_moves as (
    select
        moves.*,
        row_number() over (
            partition by source_system, source_invoice_id, kind
            order by case state when 'posted' then 1 when 'draft' then 2 else 3 end, move_id
        ) as place
    from moves
),

-- What the source said when the entry was posted.
posted_figures as (
    select
        odoo_id,
        total_minor,
        row_number() over (partition by odoo_id order by received_at, receipt_id) as place
    from receipts
),

compared as (
    select
        invoices.*,
        ranked_moves.move_id,
        ranked_moves.move_name,
        ranked_moves.state as move_state,
        ranked_moves.payment_state,
        ranked_moves.ledger_on as ledger_date,
        ranked_moves.total_minor as ledger_total_minor,
        ranked_moves.residual_minor as ledger_residual_minor,
        ranked_moves._landed_at as ledger_landed_at,
        ranked_moves.untaxed_minor = invoices.subtotal_minor
        and ranked_moves.tax_minor = invoices.tax_minor
        and ranked_moves.total_minor = invoices.total_minor
        and ranked_moves.currency_code = invoices.currency_code as is_equal,
        posted_figures.total_minor as posted_source_total_minor,
        taken_back.source_invoice_id is not null as was_taken_back
    from invoices
    left join ranked_moves
        on invoices.source_system = ranked_moves.source_system
        and invoices.source_invoice_id = ranked_moves.source_invoice_id
        and invoices.kind = ranked_moves.kind
        and ranked_moves.place = 1
    left join posted_figures on ranked_moves.move_id = posted_figures.odoo_id and posted_figures.place = 1
    left join taken_back
        on invoices.source_system = taken_back.source_system
        and invoices.source_invoice_id = taken_back.source_invoice_id
        and invoices.kind = taken_back.kind
),

fct_ledger_check as (
    select
        source_system,
        source_invoice_id,
        kind,
        invoice_number,
        verdict,
        -- A source that does not answer today takes nothing back: the record as last landed is what the entry must equal.
        case
            when move_id is null and record_verdict = 'verified' and was_taken_back then 'taken_back'
            when move_id is null and record_verdict = 'verified' and is_reachable then 'missing'
            when move_id is null then 'none'
            when move_state = 'draft' then 'draft'
            when move_state <> 'posted' then 'differs'
            when record_verdict = 'verified' and is_equal then 'posted'
            when record_verdict <> 'verified' then 'changed_after_posting'
            when posted_source_total_minor <> total_minor then 'changed_after_posting'
            else 'differs'
        end as ledger_state,
        total_minor,
        ledger_total_minor,
        case when move_id is not null then total_minor - ledger_total_minor end as difference_minor,
        currency_code,
        move_id,
        move_name,
        move_state,
        payment_state,
        open_minor,
        ledger_residual_minor,
        invoiced_on,
        ledger_date,
        park_reason,
        verdict_reason,
        landed_at,
        ledger_landed_at
    from compared
)

select * from fct_ledger_check
