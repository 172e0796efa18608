-- One row per subscription and period with billing: what catalogue and usage say it should cost, before tax, unrounded.
with

periods as (select * from {{ ref('int_subscription_periods') }}),

subscriptions as (select * from {{ ref('stg_nexacloud__subscriptions') }}),

plans as (select * from {{ ref('stg_nexacloud__plans') }}),

usage_records as (select * from {{ ref('stg_nexacloud__usage_records') }}),

-- Half-open on both sides: a record that starts on the edge of a period belongs to the next one.
usage as (
    select
        periods.subscription_id,
        periods.period_start_at,
        periods.period_end_at,
        periods.currency_code,
        sum(usage_records.cpu_hours) as cpu_hours
    from periods
    inner join usage_records
        on periods.subscription_id = usage_records.subscription_id
        and usage_records.period_start_at >= periods.period_start_at
        and usage_records.period_start_at < periods.period_end_at
    group by periods.subscription_id, periods.period_start_at, periods.period_end_at, periods.currency_code
),

priced as (
    select
        periods.subscription_id,
        periods.period_start_at,
        periods.period_end_at,
        periods.currency_code,
        plans.plan_name,
        case subscriptions.billing_cycle
            when 'monthly' then plans.price_monthly
            when 'yearly' then plans.price_yearly
        end as flat_amount,
        cast(coalesce(usage.cpu_hours, 0) * 3600 as decimal(24, 6)) as cpu_seconds,
        plans.cpu_seconds_quota
    from periods
    left join subscriptions on periods.subscription_id = subscriptions.subscription_id
    left join plans on subscriptions.plan_id = plans.plan_id
    left join usage
        on periods.subscription_id = usage.subscription_id
        and periods.period_start_at = usage.period_start_at
        and periods.period_end_at = usage.period_end_at
        and periods.currency_code = usage.currency_code
),

metered as (
    select
        priced.*,
        -- A plan without a quota does not meter. Core-hours keep six decimals: rounding a unit price to cents under-billed.
        cast(
            case
                when cpu_seconds_quota is null then 0
                else cast(greatest(cpu_seconds - cpu_seconds_quota, 0) / 3600 as decimal(24, 6))
                    * cast('{{ var("cpu_price_per_core_hour") }}' as decimal(12, 6))
            end as decimal(24, 6)
        ) as overage_amount
    from priced
),

int_expected_charges as (
    select
        subscription_id,
        period_start_at,
        period_end_at,
        currency_code,
        plan_name,
        cpu_seconds,
        cpu_seconds_quota,
        -- Prices are in the company's currency: of an invoice in another one nothing is expected.
        case when currency_code = '{{ var("company_currency") }}' then cast(flat_amount as decimal(24, 6)) end as flat_amount,
        overage_amount,
        case
            when currency_code = '{{ var("company_currency") }}'
                then cast(flat_amount + overage_amount as decimal(24, 6))
        end as expected_amount
    from metered
)

select * from int_expected_charges
