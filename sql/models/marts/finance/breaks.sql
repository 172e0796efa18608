-- One row per difference that a person must look at, open or resolved.
with

source as (select * from {{ ref('fct_breaks') }}),

breaks as (
    select
        break_key,
        class,
        source_system,
        source_invoice_id,
        ledger_move_id,
        source_minor,
        ledger_minor,
        difference_minor,
        currency_code,
        first_seen_on,
        age_days,
        says,
        resolution,
        resolved_by,
        resolved_at,
        why
    from source
)

select * from breaks
