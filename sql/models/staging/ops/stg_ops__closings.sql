-- One row per month that is closed now, from the ops store.
with

source as (
    {{ json_table(source('ops', 'closings'), {
        'month': '$.month',
        'closing': '$.closing',
        'round': '$.round',
        'closed_by': '$.closed_by',
        'note': '$.note',
        'at': '$.at'
    }) }}
),

stg_ops__closings as (
    select
        coalesce(month, _key) as month,
        try_cast(closing as bigint) as closing_id,
        try_cast(source.round as integer) as round_number,
        closed_by,
        note,
        try_cast(source.at as timestamptz) as closed_at
    from source
    where not _deleted
)

select * from stg_ops__closings
