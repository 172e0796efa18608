-- One row per break that a person resolved, from the ops store.
with

source as (
    {{ json_table(source('ops', 'resolutions'), {
        'break_key': '$.break_key',
        'resolution': '$.resolution',
        'resolved_by': '$.resolved_by',
        'why': '$.why',
        'at': '$.at'
    }) }}
),

stg_ops__resolutions as (
    select
        coalesce(break_key, _key) as break_key,
        resolution,
        resolved_by,
        why,
        try_cast(source.at as timestamptz) as resolved_at
    from source
    where not _deleted
)

select * from stg_ops__resolutions
