-- One row per payout of Stripe to the bank: the deposit, what it is made of, and whether that adds up.
with

payouts as (select * from {{ ref('stg_stripe__payouts') }}),

payout_transactions as (select * from {{ ref('stg_stripe__payout_transactions') }}),

balance_transactions as (select * from {{ ref('stg_stripe__balance_transactions') }}),

charges as (select * from {{ ref('stg_stripe__charges') }}),

refunds as (select * from {{ ref('stg_stripe__refunds') }}),

disputes as (select * from {{ ref('stg_stripe__disputes') }}),

invoice_payments as (select * from {{ ref('stg_stripe__invoice_payments') }}),

lago_receipts as (select * from {{ ref('int_lago_receipts') }} where route = 'stripe'),

-- The charge behind a movement: the movement's own, or that of its refund or dispute.
movements as (
    select
        payout_transactions.payout_id,
        payout_transactions.balance_transaction_id,
        payout_transactions.net_minor,
        coalesce(balance_transactions.amount_minor, payout_transactions.net_minor) as amount_minor,
        coalesce(balance_transactions.fee_minor, 0) as fee_minor,
        case
            when balance_transactions.reporting_category = 'charge' then 'gross'
            when balance_transactions.reporting_category in ('refund', 'refund_failure') then 'refund'
            when balance_transactions.reporting_category in ('dispute', 'dispute_reversal') then 'dispute'
            else 'other'
        end as part,
        coalesce(refunds.charge_id, disputes.charge_id, balance_transactions.source_id) as charge_id
    from payout_transactions
    left join balance_transactions
        on payout_transactions.balance_transaction_id = balance_transactions.balance_transaction_id
    left join refunds on balance_transactions.source_id = refunds.refund_id
    left join disputes on balance_transactions.source_id = disputes.dispute_id
),

sums as (
    select
        payout_id,
        count(*) as transaction_count,
        cast(sum(case when part = 'gross' then amount_minor else 0 end) as bigint) as gross_minor,
        cast(sum(fee_minor) as bigint) as fee_minor,
        cast(sum(case when part = 'refund' then amount_minor else 0 end) as bigint) as refund_minor,
        cast(sum(case when part = 'dispute' then amount_minor else 0 end) as bigint) as dispute_minor,
        cast(sum(case when part = 'other' then amount_minor else 0 end) as bigint) as other_minor,
        cast(sum(net_minor) as bigint) as net_minor
    from movements
    group by payout_id
),

-- An invoice names its payment by the charge or by the payment intent; Lago's by the one or the other.
paid_by as (
    select payment_intent_id as paid_with, invoice_id from invoice_payments where payment_intent_id is not null
    union
    select charge_id, invoice_id from invoice_payments where charge_id is not null
    union
    select reference, invoice_id from lago_receipts
),

invoices_of as (
    select distinct
        movements.payout_id,
        paid_by.invoice_id
    from movements
    inner join charges on movements.charge_id = charges.charge_id
    inner join paid_by on charges.charge_id = paid_by.paid_with or charges.payment_intent_id = paid_by.paid_with
),

invoice_lists as (
    select
        payout_id,
        {{ joined('invoice_id', ',', 'invoice_id') }} as invoice_ids
    from invoices_of
    group by payout_id
),

fct_payouts as (
    select
        payouts.payout_id,
        payouts.status,
        case
            when payouts.status in ('failed', 'canceled') then payouts.status
            when not payouts.is_automatic then 'manual'
            when coalesce(payouts.reconciliation_status, '') <> 'completed' then 'not_yet'
            when sums.net_minor = payouts.amount_minor
                and sums.gross_minor - sums.fee_minor + sums.refund_minor + sums.dispute_minor + sums.other_minor
                    = payouts.amount_minor then 'adds_up'
            else 'differs'
        end as state,
        payouts.arrives_on,
        payouts.currency_code,
        payouts.amount_minor,
        coalesce(sums.gross_minor, 0) as gross_minor,
        coalesce(sums.fee_minor, 0) as fee_minor,
        coalesce(sums.refund_minor, 0) as refund_minor,
        coalesce(sums.dispute_minor, 0) as dispute_minor,
        coalesce(sums.other_minor, 0) as other_minor,
        coalesce(sums.net_minor, 0) as net_minor,
        -- Where Stripe does not say what is in it, nothing differs; it is not known.
        case when payouts.is_automatic and payouts.reconciliation_status = 'completed'
            then payouts.amount_minor - coalesce(sums.net_minor, 0) end as difference_minor,
        coalesce(sums.transaction_count, 0) as transaction_count,
        coalesce(invoice_lists.invoice_ids, '') as invoice_ids
    from payouts
    left join sums on payouts.payout_id = sums.payout_id
    left join invoice_lists on payouts.payout_id = invoice_lists.payout_id
)

select * from fct_payouts
