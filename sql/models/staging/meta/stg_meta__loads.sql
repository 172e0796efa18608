-- One row per load of one stream, as the warehouse recorded it.
with

source as (select * from {{ source('meta', 'loads') }}),

stg_meta__loads as (
    select
        load_id,
        run_id,
        source as source_name,
        stream,
        mode,
        started_at,
        finished_at,
        outcome,
        received_count,
        message
    from source
)

select * from stg_meta__loads
