-- One row per source and stream that was ever attempted: how old it is, in words that tell stale from empty from broken.
with

loads as (select * from {{ ref('stg_meta__loads') }}),

row_counts as (select * from {{ ref('stg_meta__row_counts') }}),

clock as (select * from {{ ref('int_clock') }}),

attempts as (
    select
        source_name,
        stream,
        outcome,
        message,
        finished_at,
        row_number() over (partition by source_name, stream order by started_at desc, load_id desc) as recency
    from loads
),

landed as (
    select
        source_name,
        stream,
        max(finished_at) as last_landed_at
    from loads
    where outcome = 'landed'
    group by source_name, stream
),

aged as (
    select
        attempts.source_name,
        attempts.stream,
        landed.last_landed_at,
        attempts.finished_at as last_attempt_at,
        attempts.outcome as last_outcome,
        attempts.message,
        row_counts.live_count,
        {{ minutes_between('landed.last_landed_at', 'clock.as_of_at') }} as age_minutes
    from attempts
    cross join clock
    left join landed on attempts.source_name = landed.source_name and attempts.stream = landed.stream
    left join row_counts on attempts.source_name = row_counts.source_name and attempts.stream = row_counts.table_name
    where attempts.recency = 1
),

fct_freshness as (
    select
        source_name as source,
        stream,
        last_landed_at,
        last_attempt_at,
        last_outcome,
        age_minutes,
        live_count,
        case
            when last_outcome <> 'landed' then 'broken'
            when age_minutes > {{ var('stale_after_minutes') }} then 'stale'
            when live_count = 0 then 'empty'
            else 'fresh'
        end as state,
        case
            when last_outcome <> 'landed'
                then 'The newest read ' || last_outcome || ': ' || coalesce(nullif(message, ''), 'no reason was given')
            when age_minutes > {{ var('stale_after_minutes') }} then 'Last read ' || age_minutes || ' minutes ago'
            when live_count = 0 then 'It was read, and its source has nothing'
            else 'Read ' || age_minutes || ' minutes ago'
        end as says
    from aged
)

select * from fct_freshness
