-- One row per run.
with

source as (select * from {{ source('meta', 'runs') }}),

runs as (
    select
        run_id,
        flow,
        day,
        mode,
        started_at,
        finished_at,
        outcome,
        message
    from source
)

select * from runs
