-- What Stripe sent is what staging says, per currency and month of issue (UTC), invoices and credit notes, to the cent.
with

units as (select currency_code, iso_per_unit from seeds.currency_units where source = 'stripe'),

sent as (
    select 'invoice' as kind, payload from raw_stripe.invoices
    union all
    select 'credit_note', payload from raw_stripe.credit_notes
),

dated as (
    select
        kind,
        upper(payload ->> '$.currency') as currency_code,
        try_cast(payload ->> '$.total' as bigint) as total,
        to_timestamp(try_cast(coalesce(
            payload ->> '$.effective_at', payload ->> '$.status_transitions.finalized_at', payload ->> '$.created'
        ) as bigint)) as issued_at
    from sent
),

raw as (
    select
        dated.kind,
        dated.currency_code,
        strftime(dated.issued_at at time zone 'UTC', '%Y-%m') as month,
        count(*) as raw_count,
        -- What is finer than ISO counts is rounded as in staging: it is not verified, and stops nothing else.
        sum(cast(dated.total * coalesce(units.iso_per_unit, 1) as bigint)) as raw_minor
    from dated
    left join units on dated.currency_code = units.currency_code
    group by all
),

staged as (
    select 'invoice' as kind, currency_code, total_minor, issued_at from staging.stg_stripe__invoices
    union all
    select 'credit_note', currency_code, total_minor, issued_at from staging.stg_stripe__credit_notes
),

staging_sums as (
    select
        kind,
        currency_code,
        strftime(issued_at at time zone 'UTC', '%Y-%m') as month,
        count(*) as staging_count,
        sum(total_minor) as staging_minor
    from staged
    group by all
)

select
    coalesce(raw.kind, staging_sums.kind) as kind,
    coalesce(raw.currency_code, staging_sums.currency_code) as currency_code,
    coalesce(raw.month, staging_sums.month) as month,
    raw_count,
    staging_count,
    raw_minor,
    staging_minor
from raw
full join staging_sums
    on raw.kind = staging_sums.kind
    and raw.currency_code is not distinct from staging_sums.currency_code
    and raw.month is not distinct from staging_sums.month
where raw_count is distinct from staging_count or raw_minor is distinct from staging_minor
order by all
