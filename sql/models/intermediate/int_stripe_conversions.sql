-- One row per name (pi_…, ch_…) of a charge that Stripe settled in another currency than it was made in: at which rate, and what came of it.
with

charges as (select * from {{ ref('stg_stripe__charges') }} where status = 'succeeded'),

balance_transactions as (select * from {{ ref('stg_stripe__balance_transactions') }} where exchange_rate > 0),

converted as (
    select
        charges.charge_id,
        charges.payment_intent_id,
        charges.amount_minor,
        charges.currency_code,
        balance_transactions.currency_code as settled_currency_code,
        balance_transactions.amount_minor as settled_minor,
        balance_transactions.exchange_rate
    from charges
    inner join balance_transactions
        on charges.balance_transaction_id = balance_transactions.balance_transaction_id
        and charges.currency_code <> balance_transactions.currency_code
),

names as (
    select charge_id as paid_with, amount_minor, currency_code, settled_currency_code, settled_minor, exchange_rate
    from converted
    union all
    select payment_intent_id, amount_minor, currency_code, settled_currency_code, settled_minor, exchange_rate
    from converted
    where payment_intent_id is not null
),

-- A payment intent with two charges that went through has no one rate.
int_stripe_conversions as (
    select
        paid_with,
        max(amount_minor) as amount_minor,
        max(currency_code) as currency_code,
        max(settled_currency_code) as settled_currency_code,
        max(settled_minor) as settled_minor,
        max(exchange_rate) as exchange_rate
    from names
    group by paid_with
    having count(*) = 1
)

select * from int_stripe_conversions
