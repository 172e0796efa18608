-- One row per difference that a person must look at, open or resolved.
with

invoices as (select * from {{ ref('fct_invoices') }}),

ledger_check as (select * from {{ ref('fct_ledger_check') }}),

reconciliation as (select * from {{ ref('fct_reconciliation') }} where class = 'delta'),

payments as (select * from {{ ref('fct_payments') }}),

in_ledger as (
    select * from {{ ref('stg_odoo__payments') }} where coalesce(state, '') not in ('canceled', 'rejected')
),

-- What movements are made of.
money_loads as (
    select * from {{ ref('stg_meta__loads') }}
    where stream in (
        'invoices', 'invoice_payments', 'payments', 'charges', 'refunds', 'disputes', 'balance_transactions', 'credit_notes'
    )
),

disputes as (select * from {{ ref('int_stripe_disputes') }}),

loose_money as (select * from {{ ref('int_stripe_loose_money') }}),

lago_payments as (select * from {{ ref('stg_lago__payments') }} where status = 'succeeded' and invoice_id is null),

charges as (select * from {{ ref('stg_stripe__charges') }} where status = 'succeeded'),

lago_invoices as (select * from {{ ref('stg_lago__invoices') }} where dispute_lost_at is not null),

failed_payouts as (select * from {{ ref('stg_stripe__payouts') }} where status = 'failed'),

lago_voided as (select * from {{ ref('int_lago_voided_credit') }} where voided_minor > 0),

moves as (select * from {{ ref('int_ledger_entries') }} where is_taken_back is not true),

reachability as (select * from {{ ref('int_source_reachability') }}),

refused_steps as (select * from {{ ref('int_refused_steps') }}),

customers as (select * from {{ ref('dim_customers') }}),

resolutions as (select * from {{ ref('stg_ops__resolutions') }} where resolution <> 'open'),

sightings as (select * from {{ ref('stg_ops__sightings') }}),

clock as (select * from {{ ref('int_clock') }}),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

from_ledger as (
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

unverified as (
    select
        'unverified' as class,
        source_system,
        source_invoice_id,
        kind,
        cast(null as bigint) as ledger_move_id,
        total_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        currency_code,
        landed_at as first_seen_at,
        verdict_reason as says
    from invoices
    where record_verdict = 'unverified' and is_reachable
),

unreachable as (
    select
        'source_unreachable' as class,
        source_system,
        '' as source_invoice_id,
        'source' as kind,
        cast(null as bigint) as ledger_move_id,
        cast(null as bigint) as source_minor,
        cast(null as bigint) as ledger_minor,
        cast(null as varchar) as currency_code,
        attempted_at as first_seen_at,
        reachability_reason || '. Its invoices are unverified until it answers' as says
    from reachability
    where not is_reachable and attempted_at is not null
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

worded_entries as (
    select
        ledger_check.*,
        total_minor - open_minor as source_settled_minor,
        total_minor - ledger_residual_minor as ledger_settled_minor,
        {{ amount_text('total_minor - open_minor', 'coalesce(units.iso_units_per_major, 100)') }}
            || coalesce(' ' || ledger_check.currency_code, '') as source_text,
        {{ amount_text('total_minor - ledger_residual_minor', 'coalesce(units.iso_units_per_major, 100)') }}
            || coalesce(' ' || ledger_check.currency_code, '') as ledger_text
    from ledger_check
    left join units on ledger_check.currency_code = units.currency_code
    where ledger_state = 'posted' and kind = 'invoice'
),

-- A bank debit that came back is no longer in its source's records, so the booked payment stands alone.
unequal_payments as (
    select
        case when open_minor < ledger_residual_minor then 'payment_missing' else 'settled_in_ledger_only' end as class,
        source_system,
        source_invoice_id,
        kind,
        move_id as ledger_move_id,
        source_settled_minor as source_minor,
        ledger_settled_minor as ledger_minor,
        currency_code,
        ledger_landed_at as first_seen_at,
        case when open_minor < ledger_residual_minor
            then 'Its source has ' || source_text || ' as settled and the ledger ' || ledger_text
            else 'The ledger has ' || ledger_text || ' of it as settled and its source ' || source_text
                || ': a payment came back, or was booked by hand'
        end as says
    from worded_entries
    where open_minor <> ledger_residual_minor
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
        || {{ amount_text('moves.total_minor', 'coalesce(units.iso_units_per_major, 100)') }}
        || coalesce(' ' || moves.currency_code, '') || ', '
        || {{ amount_text('moves.reversed_minor', 'coalesce(units.iso_units_per_major, 100)') }}
        || coalesce(' ' || moves.currency_code, '') || ' were reversed in Odoo by ' || moves.reversed_by
        || case when moves.reversed_minor > moves.total_minor
            then ': cancel there what is too much'
            else ': cancel that there, or reverse the rest; what the customer is to have back, credit at the source'
        end as says
    from ledger_check
    inner join moves on ledger_check.move_id = moves.move_id
    left join units on moves.currency_code = units.currency_code
    where moves.state = 'posted' and moves.reversed_minor > 0
),

streams_read as (
    select
        source_name,
        stream,
        max(case when outcome = 'landed' then 1 else 0 end) as has_landed
    from money_loads
    group by source_name, stream
),

-- A source that is down keeps what it told before. Of one that was not read in whole since the warehouse was made nothing is gone.
known_sources as (
    select source_name
    from streams_read
    group by source_name
    having min(has_landed) = 1
),

-- Booked, and no movement of its source is it any more: a refund that failed afterwards, a payment that was taken away. What is
-- another document's now is a movement that says so (payment_not_booked), and what came in and is gone from a posted invoice is
-- settled_in_ledger_only.
unknown_payments as (
    select
        in_ledger.source_system,
        in_ledger.payment_id,
        coalesce(in_ledger.source_invoice_id, '') as source_invoice_id,
        {{ joined('in_ledger.payment_name', ', ', 'in_ledger.odoo_payment_id') }} as payment_names,
        cast(sum(in_ledger.amount_minor) as bigint) as amount_minor,
        min(in_ledger.currency_code) as currency_code,
        max(in_ledger._landed_at) as landed_at
    from in_ledger
    inner join known_sources on in_ledger.source_system = known_sources.source_name
    left join payments
        on in_ledger.source_system = payments.source_system
        and in_ledger.payment_id = payments.payment_id
        and (
            in_ledger.source_invoice_id = payments.source_invoice_id
            or in_ledger.source_invoice_id = payments.booked_for
            or payments.held = 'never'
        )
    left join unequal_payments
        on in_ledger.source_system = unequal_payments.source_system
        and in_ledger.source_invoice_id = unequal_payments.source_invoice_id
        and in_ledger.direction = 'inbound'
        and unequal_payments.class = 'settled_in_ledger_only'
    where payments.payment_id is null and unequal_payments.source_invoice_id is null
    group by in_ledger.source_system, in_ledger.payment_id, coalesce(in_ledger.source_invoice_id, '')
),

gone_at_source as (
    select
        'payment_unknown_at_source' as class,
        unknown_payments.source_system,
        unknown_payments.source_invoice_id,
        'payment|' || unknown_payments.payment_id as kind,
        cast(null as bigint) as ledger_move_id,
        cast(null as bigint) as source_minor,
        unknown_payments.amount_minor as ledger_minor,
        unknown_payments.currency_code,
        unknown_payments.landed_at as first_seen_at,
        'The payment ' || unknown_payments.payment_id || coalesce(' (' || unknown_payments.payment_names || ')', '') || ' over '
        || {{ amount_text('unknown_payments.amount_minor', 'coalesce(units.iso_units_per_major, 100)') }}
        || coalesce(' ' || unknown_payments.currency_code, '')
        || ' stands in Odoo and its source tells of it no more: look there what became of the money. If it did not move, '
        || 'cancel the payment in Odoo; if it did, match it by hand' as says
    from unknown_payments
    left join units on unknown_payments.currency_code = units.currency_code
),

twice_named as (
    select
        'named_twice' as class,
        source_system,
        source_invoice_id,
        kind,
        cast(null as bigint) as ledger_move_id,
        total_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        currency_code,
        landed_at as first_seen_at,
        'NexaCloud has ' || nexacloud_named_count || ' invoices for this one' as says
    from invoices
    where nexacloud_named_count > 1
),

worded_reconciliation as (
    select
        reconciliation.*,
        {{ amount_text('reconciliation.expected_minor', 'coalesce(units.iso_units_per_major, 100)') }}
            || coalesce(' ' || reconciliation.currency_code, '') as expected_text,
        {{ amount_text('reconciliation.billed_minor', 'coalesce(units.iso_units_per_major, 100)') }}
            || coalesce(' ' || reconciliation.currency_code, '') as billed_text
    from reconciliation
    left join units on reconciliation.currency_code = units.currency_code
),

deltas as (
    select
        'delta_' || difference_class as class,
        service as source_system,
        invoice_ids as source_invoice_id,
        'reconciliation|' || subscription_id || '|' || coalesce(cast(period_start_on as varchar), '') as kind,
        cast(null as bigint) as ledger_move_id,
        expected_minor as source_minor,
        billed_minor as ledger_minor,
        currency_code,
        landed_at as first_seen_at,
        case difference_class
            when 'no_price' then 'Billed ' || billed_text || '; its plan has no price, so nothing is expected'
            when 'no_period' then 'Billed ' || billed_text || '; the items carry no period, so nothing is expected'
            else 'Expected ' || expected_text || ' and billed ' || billed_text
        end
        || coalesce(', for the period from ' || period_start_on, '') || ': subscription ' || subscription_id as says
    from worded_reconciliation
),

-- The documents of the payments, with when their record was landed.
worded_payments as (
    select
        payments.*,
        invoices.record_verdict,
        invoices.landed_at,
        {{ amount_text('payments.amount_minor', 'coalesce(units.iso_units_per_major, 100)') }}
            || coalesce(' ' || payments.currency_code, '') as amount_text
    from payments
    left join invoices
        on payments.source_system = invoices.source_system
        and payments.source_invoice_id = invoices.source_invoice_id
        and payments.kind = invoices.kind
    left join units on payments.currency_code = units.currency_code
),

unbooked_payments as (
    select
        case held when 'by_hand' then 'paid_elsewhere' else 'payment_not_booked' end as class,
        source_system,
        source_invoice_id,
        'payment|' || payment_id as kind,
        cast(null as bigint) as ledger_move_id,
        amount_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        currency_code,
        landed_at as first_seen_at,
        case
            when held = 'never' then 'The movement ' || payment_id || ' is not booked: ' || held_reason
            when route = 'elsewhere' then 'It was paid outside Stripe (' || reference || '): match it with the bank statement'
            else 'The movement ' || payment_id || ' is not booked: ' || held_reason
        end as says
    from worded_payments
    where held = 'never' or (held = 'by_hand' and record_verdict = 'verified')
),

-- A refund changes no invoice; only a credit note does.
bare_refunds as (
    select
        'refund_without_credit_note' as class,
        source_system,
        source_invoice_id,
        'payment|' || payment_id as kind,
        cast(null as bigint) as ledger_move_id,
        amount_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        currency_code,
        landed_at as first_seen_at,
        'The refund ' || payment_id || ' gave back ' || amount_text
        || ' and no credit note is for it: the invoice still stands as it was, and the refund stands open at the customer' as says
    from worded_payments
    where movement = 'refund' and settles_kind = '' and record_verdict = 'verified' and held <> 'never'
),

lost_money as (
    select
        case disputes.status when 'lost' then 'dispute_lost' else 'dispute_open' end as class,
        worded_payments.source_system,
        worded_payments.source_invoice_id,
        'payment|' || worded_payments.payment_id as kind,
        cast(null as bigint) as ledger_move_id,
        worded_payments.amount_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        worded_payments.currency_code,
        worded_payments.landed_at as first_seen_at,
        case disputes.status
            when 'lost'
                then 'The dispute ' || disputes.dispute_id || ' was lost and ' || worded_payments.amount_text
                    || ' are gone: credit the invoice or write the claim off'
            else 'The bank took back ' || worded_payments.amount_text || ' for the dispute ' || disputes.dispute_id
                || ', which is not decided (' || coalesce(disputes.status, 'no status') || ')'
        end as says
    from worded_payments
    inner join disputes
        on worded_payments.payment_id = disputes.dispute_id and worded_payments.source_invoice_id = disputes.invoice_id
    where worded_payments.movement = 'dispute' and worded_payments.record_verdict = 'verified'
        and worded_payments.held <> 'never'
        and coalesce(disputes.reinstated_minor, 0) < disputes.withdrawn_minor
),

worded_loose_money as (
    select
        loose_money.*,
        {{ amount_text('loose_money.amount_minor', 'coalesce(units.iso_units_per_major, 100)') }}
            || coalesce(' ' || loose_money.currency_code, '') as amount_text
    from loose_money
    left join units on loose_money.currency_code = units.currency_code
),

-- Money that moved at Stripe and is in no payment of the books.
unclaimed as (
    select
        case
            when is_untold then 'money_not_yet_judged'
            when source_invoice_id = '' then 'money_without_document'
            when movement = 'refund' then 'refund_without_credit_note'
            when status = 'lost' then 'dispute_lost'
            else 'dispute_open'
        end as class,
        source_system,
        source_invoice_id,
        'payment|' || movement_id as kind,
        cast(null as bigint) as ledger_move_id,
        amount_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        currency_code,
        moved_at as first_seen_at,
        case
            when is_untold
                then 'Stripe has the ' || movement || ' ' || movement_id || ' over ' || amount_text
                    || ', and Lago was not read since it could know of it: the next reading of Lago tells whether '
                    || case source_invoice_id when '' then 'an invoice' else 'a credit note' end || ' is for it'
            when source_invoice_id = ''
                then 'Stripe has the ' || movement || ' ' || movement_id || ' over ' || amount_text
                    || ' and no invoice of any source names it: find out what it is for, and book it by hand'
            when movement = 'refund'
                then 'Stripe gave back ' || amount_text || ' of its payment more than the credit notes at Lago: '
                    || 'make the note there, or book it by hand'
            when status = 'lost'
                then 'The dispute ' || movement_id || ' of its payment was lost and ' || amount_text
                    || ' are gone: book it by hand, and credit the invoice or write the claim off'
            else 'The bank took back ' || amount_text || ' of its payment for the dispute ' || movement_id
                || ', which is not decided (' || status || '): book it by hand'
        end as says
    from worded_loose_money
),

-- What Stripe has as a charge too is a row of Stripe's already.
unnamed_at_lago as (
    select
        'money_without_document' as class,
        'lago' as source_system,
        '' as source_invoice_id,
        'payment|' || lago_payments.payment_id as kind,
        cast(null as bigint) as ledger_move_id,
        lago_payments.amount_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        lago_payments.currency_code,
        lago_payments._landed_at as first_seen_at,
        'Lago has the payment ' || lago_payments.payment_id || ' over '
        || {{ amount_text('lago_payments.amount_minor', 'coalesce(units.iso_units_per_major, 100)') }}
        || coalesce(' ' || lago_payments.currency_code, '')
        || ' and names no invoice for it: find out what it is for, and book it by hand' as says
    from lago_payments
    left join charges on lago_payments.reference in (charges.charge_id, charges.payment_intent_id)
    left join units on lago_payments.currency_code = units.currency_code
    where charges.charge_id is null
),

-- Lago says that a dispute was lost, and neither how much nor when it was taken; where Stripe told it, this adds nothing.
lost_at_lago as (
    select
        'dispute_lost' as class,
        invoices.source_system,
        invoices.source_invoice_id,
        invoices.kind,
        cast(null as bigint) as ledger_move_id,
        invoices.paid_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        invoices.currency_code,
        invoices.landed_at as first_seen_at,
        'Lago says that a dispute about its payment was lost: look at Stripe for what was taken, and book it by hand' as says
    from invoices
    inner join lago_invoices on invoices.source_invoice_id = lago_invoices.invoice_id
    left join loose_money
        on invoices.source_invoice_id = loose_money.source_invoice_id and loose_money.movement = 'dispute'
    where loose_money.movement_id is null
        and invoices.source_system = 'lago' and invoices.kind = 'invoice' and invoices.record_verdict = 'verified'
),

-- A payout may fail days after it was paid, when a person has booked its transfer.
returned_payouts as (
    select
        'payout_failed' as class,
        'stripe' as source_system,
        '' as source_invoice_id,
        'payout|' || failed_payouts.payout_id as kind,
        cast(null as bigint) as ledger_move_id,
        failed_payouts.amount_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        failed_payouts.currency_code,
        failed_payouts._landed_at as first_seen_at,
        'The payout ' || failed_payouts.payout_id || ' over '
        || {{ amount_text('failed_payouts.amount_minor', 'coalesce(units.iso_units_per_major, 100)') }}
        || coalesce(' ' || failed_payouts.currency_code, '') || coalesce(' for ' || failed_payouts.arrives_on, '')
        || ' failed and its money went back: reverse the transfer where it is booked, and look at the bank account at Stripe' as says
    from failed_payouts
    left join units on failed_payouts.currency_code = units.currency_code
),

open_refunds as (
    select
        'refund_open' as class,
        invoices.source_system,
        invoices.source_invoice_id,
        invoices.kind,
        cast(null as bigint) as ledger_move_id,
        invoices.open_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        invoices.currency_code,
        invoices.landed_at as first_seen_at,
        {{ amount_text('invoices.open_minor', 'coalesce(units.iso_units_per_major, 100)') }}
        || coalesce(' ' || invoices.currency_code, '') || ' of this credit note are to be refunded, and the refund has not succeeded' as says
    from invoices
    left join units on invoices.currency_code = units.currency_code
    where invoices.kind = 'credit_note' and invoices.record_verdict = 'verified' and invoices.open_minor > 0
),

voided_credit as (
    select
        'credit_voided' as class,
        invoices.source_system,
        invoices.source_invoice_id,
        invoices.kind,
        cast(null as bigint) as ledger_move_id,
        lago_voided.voided_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        invoices.currency_code,
        invoices.landed_at as first_seen_at,
        'Lago has voided ' || {{ amount_text('lago_voided.voided_minor', 'coalesce(units.iso_units_per_major, 100)') }}
        || coalesce(' ' || invoices.currency_code, '') || ' of the credit of this note, which no invoice had used; '
        || 'in the ledger it is still the customer''s: write it off by hand' as says
    from invoices
    inner join lago_voided on invoices.source_invoice_id = lago_voided.credit_note_id
    left join units on invoices.currency_code = units.currency_code
    where invoices.source_system = 'lago' and invoices.kind = 'credit_note' and invoices.record_verdict = 'verified'
),

uncollectible as (
    select
        'uncollectible' as class,
        invoices.source_system,
        invoices.source_invoice_id,
        invoices.kind,
        cast(null as bigint) as ledger_move_id,
        invoices.open_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        invoices.currency_code,
        invoices.landed_at as first_seen_at,
        'Its source has given up ' || {{ amount_text('invoices.open_minor', 'coalesce(units.iso_units_per_major, 100)') }}
        || coalesce(' ' || invoices.currency_code, '') || ' of it; in the ledger it stands open until a person writes it off' as says
    from invoices
    left join units on invoices.currency_code = units.currency_code
    where invoices.kind = 'invoice' and invoices.record_verdict = 'verified' and invoices.source_status = 'uncollectible'
        and invoices.open_minor > 0
),

booked as (select distinct source_system, payment_id from in_ledger),

-- What is in the books by another hand since, or is not to be there any more, is not tried again and has no newer receipt. While
-- the document of a payment is not posted, that one's own row says why.
still_refused as (
    select refused_steps.*
    from refused_steps
    inner join ledger_check
        on refused_steps.source_system = ledger_check.source_system
        and refused_steps.source_invoice_id = ledger_check.source_invoice_id
        and refused_steps.kind = ledger_check.kind
    where ledger_check.ledger_state not in ('posted', 'none') and ledger_check.park_reason = ''
    union all
    select refused_steps.*
    from refused_steps
    inner join payments
        on refused_steps.source_system = payments.source_system
        and refused_steps.source_invoice_id = payments.source_invoice_id
        and refused_steps.payment_id = payments.payment_id
    inner join ledger_check
        on payments.source_system = ledger_check.source_system
        and payments.source_invoice_id = ledger_check.source_invoice_id
        and payments.kind = ledger_check.kind
    left join booked
        on refused_steps.source_system = booked.source_system and refused_steps.payment_id = booked.payment_id
    where refused_steps.kind = 'payment' and ledger_check.ledger_state = 'posted'
        and (booked.payment_id is null or ledger_check.open_minor <> ledger_check.ledger_residual_minor)
    union all
    select refused_steps.*
    from refused_steps
    inner join customers on refused_steps.source_invoice_id = customers.customer_id
    where refused_steps.kind = 'partner'
),

refused as (
    select
        'refused' as class,
        source_system,
        source_invoice_id,
        case when payment_id = '' then kind else 'payment|' || payment_id end as kind,
        case when kind in ('invoice', 'credit_note') then odoo_id end as ledger_move_id,
        case when kind <> 'partner' then total_minor end as source_minor,
        cast(null as bigint) as ledger_minor,
        nullif(currency_code, '') as currency_code,
        refused_at as first_seen_at,
        'The step ' || action || ' was refused in Odoo; when that is put right, the next run that writes takes it: ' || says as says
    from still_refused
),

found as (
    select * from from_ledger where class is not null
    union all
    select * from refused
    union all
    select * from unverified
    union all
    select * from unreachable
    union all
    select * from two_entries
    union all
    select * from unknown_entries
    union all
    select * from moved_dates
    union all
    select * from unequal_payments
    union all
    select * from reversed_otherwise
    union all
    select * from gone_at_source
    union all
    select * from twice_named
    union all
    select * from deltas
    union all
    select * from unbooked_payments
    union all
    select * from bare_refunds
    union all
    select * from lost_money
    union all
    select * from lost_at_lago
    union all
    select * from unclaimed
    union all
    select * from unnamed_at_lago
    union all
    select * from returned_payouts
    union all
    select * from open_refunds
    union all
    select * from voided_credit
    union all
    select * from uncollectible
),

keyed as (
    select
        found.*,
        concat_ws('|', found.class, found.source_system,
            case when found.class like 'delta\_%' escape '\' then null else nullif(found.source_invoice_id, '') end,
            found.kind) as break_key
    from found
),

-- The evidence may be landed again for another reason (a customer's new e-mail), so since when it is seen is remembered.
dated as (
    select
        keyed.*,
        coalesce(sightings.first_seen_on, {{ accounting_day('keyed.first_seen_at') }}) as first_seen_on
    from keyed
    left join sightings on keyed.break_key = sightings.break_key
),

fct_breaks as (
    select
        dated.break_key,
        dated.class,
        dated.source_system,
        dated.source_invoice_id,
        dated.ledger_move_id,
        dated.source_minor,
        dated.ledger_minor,
        dated.source_minor - dated.ledger_minor as difference_minor,
        dated.currency_code,
        dated.first_seen_on,
        {{ days_between('dated.first_seen_on', 'clock.as_of_on') }} as age_days,
        dated.says,
        resolutions.resolution,
        resolutions.resolved_by,
        resolutions.resolved_at,
        resolutions.why
    from dated
    cross join clock
    -- A decision is about the difference as it was: of other amounts, or, where it has none, seen anew, it is open again.
    left join resolutions
        on dated.break_key = resolutions.break_key
        and dated.source_minor is not distinct from resolutions.source_minor
        and dated.ledger_minor is not distinct from resolutions.ledger_minor
        and dated.currency_code is not distinct from resolutions.currency_code
        and (
            dated.source_minor is not null or dated.ledger_minor is not null
            or dated.first_seen_on = resolutions.first_seen_on
        )
)

select * from fct_breaks
