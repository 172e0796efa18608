-- One row per source and stream: how fresh its data is.
{{ config(alias='freshness') }}

with

freshness as (select * from {{ ref('fct_freshness') }}),

finance__freshness as (
    select
        source,
        stream,
        last_landed_at,
        last_attempt_at,
        last_outcome,
        age_minutes,
        state,
        says
    from freshness
)

select * from finance__freshness
