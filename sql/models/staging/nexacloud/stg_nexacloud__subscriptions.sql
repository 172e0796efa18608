-- One row per NexaCloud subscription, as NexaCloud last showed it.
with

source as (select * from {{ source('nexacloud', 'subscriptions') }}),

stg_nexacloud__subscriptions as (
    select
        -- ids
        id as subscription_id,
        user_id,
        deployment_id,
        plan_id,
        nullif(stripe_subscription_id, '') as stripe_subscription_id,

        status,
        billing_cycle,

        -- times, UTC
        current_period_start as current_period_start_at,
        current_period_end as current_period_end_at
    from source
    where not _deleted
)

select * from stg_nexacloud__subscriptions
