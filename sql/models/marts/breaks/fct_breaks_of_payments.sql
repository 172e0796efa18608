-- One row per difference between what the sources and the ledger have of payments: settled otherwise, not booked, or gone.
with

ledger_check as (select * from {{ ref('fct_ledger_check') }} where ledger_state = 'posted' and kind = 'invoice'),

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

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

worded_entries as (
    select
        ledger_check.*,
        total_minor - open_minor as source_settled_minor,
        total_minor - ledger_residual_minor as ledger_settled_minor,
        {{ money_text('total_minor - open_minor', 'ledger_check.currency_code') }} as source_text,
        {{ money_text('total_minor - ledger_residual_minor', 'ledger_check.currency_code') }} as ledger_text
    from ledger_check
    left join units on ledger_check.currency_code = units.currency_code
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
        document_landed_at as first_seen_at,
        case
            when held = 'never' then 'The movement ' || payment_id || ' is not booked: ' || held_reason
            when route = 'elsewhere' then 'It was paid outside Stripe (' || reference || '): match it with the bank statement'
            else 'The movement ' || payment_id || ' is not booked: ' || held_reason
        end as says
    from payments
    where held = 'never' or (held = 'by_hand' and record_verdict = 'verified')
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
        || {{ money_text('unknown_payments.amount_minor', 'unknown_payments.currency_code') }}
        || ' stands in Odoo and its source tells of it no more: look there what became of the money. If it did not move, '
        || 'cancel the payment in Odoo; if it did, match it by hand' as says
    from unknown_payments
    left join units on unknown_payments.currency_code = units.currency_code
),

fct_breaks_of_payments as (
    select * from unequal_payments
    union all
    select * from unbooked_payments
    union all
    select * from gone_at_source
)

select * from fct_breaks_of_payments
