-- One row per dispute at Stripe and invoice whose money it is about: what was withdrawn and what came back, without the fee.
with

disputes as (select * from {{ ref('stg_stripe__disputes') }}),

transactions as (
    select * from {{ ref('stg_stripe__balance_transactions') }} where reporting_category in ('dispute', 'dispute_reversal')
),

paid_invoices as (select * from {{ ref('int_stripe_paid_invoices') }}),

-- The balance decides whether money moved: a status may say "lost" of an inquiry that took nothing.
moved as (
    select
        disputes.dispute_id,
        transactions.reporting_category = 'dispute' as is_withdrawal,
        -- A balance in another currency than the charge counts the dispute's own amount.
        cast(abs(sum(
            case when transactions.currency_code = disputes.currency_code then transactions.amount_minor end
        )) as bigint) as amount_minor,
        min(transactions.created_at) as moved_at
    from disputes
    inner join transactions on disputes.dispute_id = transactions.source_id
    group by disputes.dispute_id, transactions.reporting_category
),

int_stripe_disputes as (
    select
        disputes.dispute_id,
        paid_invoices.invoice_id,
        disputes.status,
        disputes.currency_code,
        -- NULL: the money was for several invoices, and the dispute does not say which.
        case when paid_invoices.invoice_count = 1 then coalesce(withdrawals.amount_minor, disputes.amount_minor) end
            as withdrawn_minor,
        {{ accounting_day('withdrawals.moved_at') }} as withdrawn_on,
        case
            when returns.dispute_id is not null and paid_invoices.invoice_count = 1
                then coalesce(returns.amount_minor, disputes.amount_minor)
        end as reinstated_minor,
        {{ accounting_day('returns.moved_at') }} as reinstated_on
    from disputes
    inner join moved as withdrawals on disputes.dispute_id = withdrawals.dispute_id and withdrawals.is_withdrawal
    inner join paid_invoices on coalesce(disputes.payment_intent_id, disputes.charge_id) = paid_invoices.paid_with
    left join moved as returns on disputes.dispute_id = returns.dispute_id and not returns.is_withdrawal
)

select * from int_stripe_disputes
