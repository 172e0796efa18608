-- One row per difference between an entry in Odoo, or its absence, and the document that it is for.
with

ledger_check as (select * from {{ ref('fct_ledger_check') }}),

invoices as (select * from {{ ref('fct_invoices') }}),

-- A statement of the source about its document; why else it may be parked (a tax, a customer) is in our own tables.
parked_documents as (select * from {{ ref('int_documents') }} where source_park_reason <> ''),

moves as (select * from {{ ref('int_ledger_entries') }} where is_taken_back is not true),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

by_state as (
    select
        case
            when ledger_state = 'missing' and park_reason <> '' then 'parked'
            when ledger_state in ('missing', 'differs', 'changed_after_posting', 'taken_back') then ledger_state
            when move_id is not null and verdict in ('void', 'draft', 'zero') then 'draft_of_' || verdict
        end as class,
        source_system,
        source_invoice_id,
        kind,
        move_id as ledger_move_id,
        total_minor as source_minor,
        ledger_total_minor as ledger_minor,
        currency_code,
        landed_at as first_seen_at,
        case
            when ledger_state = 'missing' and park_reason <> '' then 'It is confirmed and may not be posted yet: ' || park_reason
            when ledger_state = 'missing' then 'It is confirmed and has no entry in the ledger'
            when ledger_state = 'taken_back' and park_reason <> ''
                then 'It was posted and reversed since, and may not be posted again as its source has it: ' || park_reason
            when ledger_state = 'taken_back'
                then 'It was posted and reversed since, and its source still confirms it: it is posted again when a person allows it'
            when ledger_state = 'changed_after_posting'
                then 'It was posted as ' || coalesce(move_name, 'an entry') || ' and changed at its source since: '
                    || verdict_reason || '. The entry was not touched'
            when ledger_state = 'differs'
                then 'The entry ' || coalesce(move_name, 'in Odoo') || ' (' || move_state
                    || ') does not equal its source'
            else 'Odoo holds a draft for it, and at its source it is ' || verdict
        end as says
    from ledger_check
),

-- It equals its source, and would not be posted today.
parked_since as (
    select
        'parked_after_posting' as class,
        ledger_check.source_system,
        ledger_check.source_invoice_id,
        ledger_check.kind,
        ledger_check.move_id as ledger_move_id,
        ledger_check.total_minor as source_minor,
        ledger_check.ledger_total_minor as ledger_minor,
        ledger_check.currency_code,
        ledger_check.landed_at as first_seen_at,
        'It stands posted as ' || coalesce(ledger_check.move_name, 'an entry') || ', and as its source has it now it may not be posted: '
        || parked_documents.source_park_reason
        || '. The entry was not touched: reverse it in Odoo and book it by hand, or correct the source' as says
    from ledger_check
    inner join parked_documents
        on ledger_check.source_system = parked_documents.source_system
        and ledger_check.source_invoice_id = parked_documents.source_invoice_id
        and ledger_check.kind = parked_documents.kind
    where ledger_check.ledger_state = 'posted'
),

two_entries as (
    select
        'duplicate_entry' as class,
        source_system,
        source_invoice_id,
        kind,
        max(move_id) as ledger_move_id,
        cast(null as bigint) as source_minor,
        cast(sum(total_minor) as bigint) as ledger_minor,
        min(currency_code) as currency_code,
        max(_landed_at) as first_seen_at,
        count(*) || ' entries in Odoo are for this one invoice' as says
    from moves
    where state <> 'cancel'
    group by source_system, source_invoice_id, kind
    having count(*) > 1
),

unknown_entries as (
    select
        'unknown_entry' as class,
        moves.source_system,
        moves.source_invoice_id,
        moves.kind,
        moves.move_id as ledger_move_id,
        cast(null as bigint) as source_minor,
        moves.total_minor as ledger_minor,
        moves.currency_code,
        moves._landed_at as first_seen_at,
        'The entry ' || coalesce(moves.move_name, 'draft') || ' is for an invoice that no source has' as says
    from moves
    left join invoices
        on moves.source_system = invoices.source_system
        and moves.source_invoice_id = invoices.source_invoice_id
        and moves.kind = invoices.kind
    where invoices.source_invoice_id is null
),

moved_dates as (
    select
        'date_moved' as class,
        source_system,
        source_invoice_id,
        kind,
        move_id as ledger_move_id,
        total_minor as source_minor,
        ledger_total_minor as ledger_minor,
        currency_code,
        ledger_landed_at as first_seen_at,
        'It was issued on ' || invoiced_on || ' and booked on ' || ledger_date || ': a lock date may have moved it' as says
    from ledger_check
    where ledger_state = 'posted' and invoiced_on <> ledger_date
),

-- Paid in full, nothing else shows that a person reversed a part of it.
reversed_otherwise as (
    select
        'reversed_otherwise' as class,
        ledger_check.source_system,
        ledger_check.source_invoice_id,
        ledger_check.kind,
        ledger_check.move_id as ledger_move_id,
        ledger_check.total_minor as source_minor,
        moves.total_minor - moves.reversed_minor as ledger_minor,
        ledger_check.currency_code,
        moves.reversal_landed_at as first_seen_at,
        'Of its entry ' || coalesce(moves.move_name, 'in Odoo') || ' over '
        || {{ money_text('moves.total_minor', 'moves.currency_code') }} || ', '
        || {{ money_text('moves.reversed_minor', 'moves.currency_code') }}
        || ' were reversed in Odoo by ' || moves.reversed_by
        || case when moves.reversed_minor > moves.total_minor
            then ': cancel there what is too much'
            else ': cancel that there, or reverse the rest; what the customer is to have back, credit at the source'
        end as says
    from ledger_check
    inner join moves on ledger_check.move_id = moves.move_id
    left join units on moves.currency_code = units.currency_code
    where moves.state = 'posted' and moves.reversed_minor > 0
),

fct_breaks_of_entries as (
    select * from by_state where class is not null
    union all
    select * from parked_since
    union all
    select * from two_entries
    union all
    select * from unknown_entries
    union all
    select * from moved_dates
    union all
    select * from reversed_otherwise
)

select * from fct_breaks_of_entries
