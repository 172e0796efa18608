-- One row per active subscription whose current period has begun and has no invoice, for finance.
with

source as (select * from {{ ref('fct_unbilled_periods') }}),

unbilled_periods as (
    select
        subscription_id,
        customer_id,
        plan_name,
        billing_cycle,
        period_start_on,
        period_end_on,
        '{{ var("company_time_zone") }}' as time_zone,
        flat_minor,
        currency_code
    from source
)

select * from unbilled_periods
