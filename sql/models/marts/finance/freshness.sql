-- One row per source and stream: how fresh its data is.
with

source as (select * from {{ ref('fct_freshness') }}),

freshness as (
    select
        source,
        stream,
        last_landed_at,
        last_attempt_at,
        last_outcome,
        age_minutes,
        state,
        says
    from source
)

select * from freshness
