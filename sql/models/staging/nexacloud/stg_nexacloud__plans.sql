-- One row per NexaCloud plan, as NexaCloud last showed it.
with

source as (select * from {{ source('nexacloud', 'plans') }}),

stg_nexacloud__plans as (
    select
        -- ids
        id as plan_id,
        product_id,
        name as plan_name,

        -- prices, in major units of the company's currency; NULL where the plan has none
        price_monthly,
        price_yearly,

        -- usage included in the price
        cpu_seconds_quota,
        is_active
    from source
    where not _deleted
)

select * from stg_nexacloud__plans
