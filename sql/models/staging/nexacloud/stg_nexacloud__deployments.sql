-- One row per NexaCloud deployment, as NexaCloud last showed it.
with

source as (select * from {{ source('nexacloud', 'deployments') }}),

stg_nexacloud__deployments as (
    select
        -- ids
        id as deployment_id,
        user_id,
        product_id,
        plan_id,
        name as deployment_name,

        status,
        billing_cycle,
        next_due_date as next_due_on
    from source
    where not _deleted
)

select * from stg_nexacloud__deployments
