-- One row per refund or dispute after which the documents and the money disagree, and per refund that has not come about.
with

invoices as (select * from {{ ref('fct_invoices') }} where record_verdict = 'verified'),

payments as (select * from {{ ref('fct_payments') }} where record_verdict = 'verified' and held <> 'never'),

disputes as (select * from {{ ref('int_stripe_disputes') }}),

loose_disputes as (select * from {{ ref('int_stripe_loose_money') }} where movement = 'dispute'),

lago_invoices as (select * from {{ ref('stg_lago__invoices') }} where dispute_lost_at is not null),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

worded_payments as (
    select
        payments.*,
        {{ money_text('payments.amount_minor', 'payments.currency_code') }} as amount_text
    from payments
    left join units on payments.currency_code = units.currency_code
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
        document_landed_at as first_seen_at,
        'The refund ' || payment_id || ' gave back ' || amount_text
        || ' and no credit note is for it: the invoice still stands as it was, and the refund stands open at the customer' as says
    from worded_payments
    where movement = 'refund' and settles_kind = ''
),

disputed as (
    select
        case disputes.status when 'lost' then 'dispute_lost' else 'dispute_open' end as class,
        worded_payments.source_system,
        worded_payments.source_invoice_id,
        'payment|' || worded_payments.payment_id as kind,
        cast(null as bigint) as ledger_move_id,
        worded_payments.amount_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        worded_payments.currency_code,
        worded_payments.document_landed_at as first_seen_at,
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
    where worded_payments.movement = 'dispute' and coalesce(disputes.reinstated_minor, 0) < disputes.withdrawn_minor
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
    left join loose_disputes on invoices.source_invoice_id = loose_disputes.source_invoice_id
    where loose_disputes.movement_id is null and invoices.source_system = 'lago' and invoices.kind = 'invoice'
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
        {{ money_text('invoices.open_minor', 'invoices.currency_code') }}
        || ' of this credit note are to be refunded, and the refund has not succeeded' as says
    from invoices
    left join units on invoices.currency_code = units.currency_code
    where invoices.kind = 'credit_note' and invoices.open_minor > 0
),

fct_breaks_of_returned_money as (
    select * from bare_refunds
    union all
    select * from disputed
    union all
    select * from lost_at_lago
    union all
    select * from open_refunds
)

select * from fct_breaks_of_returned_money
