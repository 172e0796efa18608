-- What Stripe paid out is what the transactions of that payout come to, to the cent.
-- severity: warn
with

payouts as (
    select
        _key as payout_id,
        upper(payload ->> '$.currency') as currency_code,
        cast(payload ->> '$.amount' as bigint) as amount_minor
    from raw_stripe.payouts
    where
        not _deleted
        and (payload ->> '$.automatic') = 'true'
        and (payload ->> '$.status') = 'paid'
        and (payload ->> '$.reconciliation_status') = 'completed'
),

transactions as (
    select
        payload ->> '$.payout' as payout_id,
        sum(cast(payload ->> '$.net' as bigint)) as net_minor
    from raw_stripe.payout_transactions
    where not _deleted
    group by 1
)

select
    payouts.payout_id,
    payouts.currency_code,
    payouts.amount_minor,
    transactions.net_minor
from payouts
left join transactions using (payout_id)
where payouts.amount_minor is distinct from transactions.net_minor
order by payouts.payout_id
