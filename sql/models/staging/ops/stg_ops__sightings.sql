-- One row per break that is there, with the day since when it is, from the ops store.
with

source as (
    {{ json_table(source('ops', 'sightings'), {
        'break_key': '$.break_key',
        'first_seen_on': '$.first_seen_on',
        'ended_at': '$.ended_at'
    }) }}
),

stg_ops__sightings as (
    select
        coalesce(break_key, _key) as break_key,
        try_cast(first_seen_on as date) as first_seen_on
    from source
    where not _deleted and ended_at is null
)

select * from stg_ops__sightings
