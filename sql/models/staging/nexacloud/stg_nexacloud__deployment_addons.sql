-- One row per add-on of a deployment, as NexaCloud last showed it.
with

source as (select * from {{ source('nexacloud', 'deployment_addons') }}),

stg_nexacloud__deployment_addons as (
    select
        id as deployment_addon_id,
        deployment_id,
        addon_id,
        quantity
    from source
    where not _deleted
)

select * from stg_nexacloud__deployment_addons
