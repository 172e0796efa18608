-- One row per source of truth: could its invoices be read on its newest attempt?
with

loads as (select * from {{ ref('stg_meta__loads') }} where stream = 'invoices'),

sources as (
    select 'stripe' as source_system, 'Stripe' as source_label
    union all
    select 'lago', 'Lago'
),

ranked as (
    select
        source_name,
        outcome,
        message,
        started_at,
        row_number() over (partition by source_name order by started_at desc, load_id desc) as recency
    from loads
),

int_source_reachability as (
    select
        sources.source_system,
        sources.source_label,
        coalesce(ranked.outcome = 'landed', false) as is_reachable,
        case
            when ranked.outcome = 'landed' then ''
            when ranked.outcome is null then sources.source_label || ' was never read'
            when ranked.outcome = 'refused'
                then 'the newest list of ' || sources.source_label || ' was refused: ' || coalesce(ranked.message, '')
            else 'source not reachable on this run: ' || sources.source_label
        end as reachability_reason,
        ranked.started_at as attempted_at
    from sources
    left join ranked on sources.source_system = ranked.source_name and ranked.recency = 1
)

select * from int_source_reachability
