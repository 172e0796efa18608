-- One row per active subscription whose current period has begun and has no invoice: what may have been forgotten.
with

subscriptions as (select * from {{ ref('stg_nexacloud__subscriptions') }} where status in ('active', 'past_due')),

plans as (select * from {{ ref('stg_nexacloud__plans') }}),

billed as (select * from {{ ref('int_subscription_periods') }}),

accounts as (select * from {{ ref('int_customer_accounts') }} where service = 'nexacloud'),

units as (
    select * from {{ ref('currency_units') }} where source = 'iso' and currency_code = '{{ var("company_currency") }}'
),

clock as (select * from {{ ref('int_clock') }}),

fct_unbilled_periods as (
    select
        subscriptions.subscription_id,
        accounts.customer_id,
        plans.plan_name,
        subscriptions.billing_cycle,
        {{ accounting_day('subscriptions.current_period_start_at') }} as period_start_on,
        {{ accounting_day('subscriptions.current_period_end_at') }} as period_end_on,
        {{ minor_of_major("case subscriptions.billing_cycle when 'monthly' then plans.price_monthly when 'yearly' then plans.price_yearly end") }}
            as flat_minor,
        '{{ var("company_currency") }}' as currency_code
    from subscriptions
    cross join clock
    left join units on true
    left join plans on subscriptions.plan_id = plans.plan_id
    left join accounts on subscriptions.user_id = accounts.external_id
    left join billed
        on subscriptions.subscription_id = billed.subscription_id
        and billed.period_start_at < subscriptions.current_period_end_at
        and billed.period_end_at > subscriptions.current_period_start_at
    where billed.subscription_id is null
        and subscriptions.current_period_start_at <= clock.as_of_at
)

select * from fct_unbilled_periods
