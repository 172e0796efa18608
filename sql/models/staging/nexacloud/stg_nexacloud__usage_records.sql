-- One row per usage record, as NexaCloud last showed it.
with

source as (select * from {{ source('nexacloud', 'usage_records') }}),

stg_nexacloud__usage_records as (
    select
        -- ids
        id as usage_record_id,
        subscription_id,

        -- times, UTC, half-open
        period_start as period_start_at,
        period_end as period_end_at,

        -- measures; CPU alone is metered
        cpu_hours
    from source
    where not _deleted
)

select * from stg_nexacloud__usage_records
