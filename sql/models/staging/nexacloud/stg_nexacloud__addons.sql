-- One row per add-on in NexaCloud's catalogue, as NexaCloud last showed it.
with

source as (select * from {{ source('nexacloud', 'addons') }}),

stg_nexacloud__addons as (
    select
        id as addon_id,
        name as addon_name,
        price_monthly,
        is_active
    from source
    where not _deleted
)

select * from stg_nexacloud__addons
