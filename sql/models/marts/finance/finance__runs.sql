-- One row per run.
{{ config(alias='runs') }}

with

runs as (select * from {{ source('meta', 'runs') }}),

finance__runs as (
    select
        run_id,
        flow,
        day,
        mode,
        started_at,
        finished_at,
        outcome,
        message
    from runs
)

select * from finance__runs
