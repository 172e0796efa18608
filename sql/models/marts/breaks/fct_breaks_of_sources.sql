-- One row per source that did not answer, and per invoice that its source, or NexaCloud, does not tell of in one voice.
with

invoices as (select * from {{ ref('fct_invoices') }}),

reachability as (select * from {{ ref('int_source_reachability') }}),

unreachable as (
    select
        'source_unreachable' as class,
        source_system,
        '' as source_invoice_id,
        'source' as kind,
        cast(null as bigint) as ledger_move_id,
        cast(null as bigint) as source_minor,
        cast(null as bigint) as ledger_minor,
        cast(null as varchar) as currency_code,
        attempted_at as first_seen_at,
        reachability_reason || '. Its invoices are unverified until it answers' as says
    from reachability
    where not is_reachable and attempted_at is not null
),

unverified as (
    select
        'unverified' as class,
        source_system,
        source_invoice_id,
        kind,
        cast(null as bigint) as ledger_move_id,
        total_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        currency_code,
        landed_at as first_seen_at,
        verdict_reason as says
    from invoices
    where record_verdict = 'unverified' and is_reachable
),

twice_named as (
    select
        'named_twice' as class,
        source_system,
        source_invoice_id,
        kind,
        cast(null as bigint) as ledger_move_id,
        total_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        currency_code,
        landed_at as first_seen_at,
        'NexaCloud has ' || nexacloud_named_count || ' invoices for this one' as says
    from invoices
    where nexacloud_named_count > 1
),

fct_breaks_of_sources as (
    select * from unreachable
    union all
    select * from unverified
    union all
    select * from twice_named
)

select * from fct_breaks_of_sources
