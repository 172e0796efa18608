-- One row per run of the weekly relist, raw table and kind: what only the whole list of it brought.
with

source as (select * from {{ source('meta', 'relist_findings') }}),

relist_findings as (
    select
        run_id,
        found_at,
        source,
        stream,
        table_name,
        kind,
        is_missed,
        record_count,
        cast(record_keys as varchar) as record_keys,
        fields,
        says,
        load_id
    from source
)

select * from relist_findings
