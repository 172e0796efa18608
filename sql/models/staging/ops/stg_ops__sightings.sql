-- One row per break that was ever seen, with the day it was seen first, from the ops store.
with

source as (
    {{ json_table(source('ops', 'sightings'), {
        'break_key': '$.break_key',
        'first_seen_on': '$.first_seen_on'
    }) }}
),

stg_ops__sightings as (
    select
        coalesce(break_key, _key) as break_key,
        try_cast(first_seen_on as date) as first_seen_on
    from source
    where not _deleted
)

select * from stg_ops__sightings
