-- One row per break that a person decided about, with the break as it was then, from the ops store.
with

source as (
    {{ json_table(source('ops', 'resolutions'), {
        'break_key': '$.break_key',
        'resolution': '$.resolution',
        'resolved_by': '$.resolved_by',
        'why': '$.why',
        'at': '$.at',
        'source_minor': '$.source_minor',
        'ledger_minor': '$.ledger_minor',
        'currency_code': '$.currency_code',
        'first_seen_on': '$.first_seen_on'
    }) }}
),

stg_ops__resolutions as (
    select
        coalesce(break_key, _key) as break_key,
        resolution,
        resolved_by,
        why,
        try_cast(source.at as timestamptz) as resolved_at,
        try_cast(source_minor as bigint) as source_minor,
        try_cast(ledger_minor as bigint) as ledger_minor,
        currency_code,
        try_cast(first_seen_on as date) as first_seen_on
    from source
    where not _deleted
)

select * from stg_ops__resolutions
