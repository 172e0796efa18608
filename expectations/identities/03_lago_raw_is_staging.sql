-- What Lago sent is what staging says, per currency and month of issue, invoices and credit notes, to the cent.
with

units as (select currency_code, iso_per_unit from seeds.currency_units where source = 'lago'),

sent as (
    select 'invoice' as kind, payload ->> '$.currency' as currency, payload from raw_lago.invoices
    union all
    select 'credit_note', payload ->> '$.currency', payload from raw_lago.credit_notes
),

raw as (
    select
        sent.kind,
        upper(sent.currency) as currency_code,
        left(sent.payload ->> '$.issuing_date', 7) as month,
        count(*) as raw_count,
        -- What is finer than ISO counts is rounded as in staging: it is not verified, and stops nothing else.
        sum(cast(try_cast(sent.payload ->> '$.total_amount_cents' as bigint) * coalesce(units.iso_per_unit, 1) as bigint)) as raw_minor
    from sent
    left join units on upper(sent.currency) = units.currency_code
    group by all
),

staged as (
    select 'invoice' as kind, currency_code, total_minor, issued_on from staging.stg_lago__invoices
    union all
    select 'credit_note', currency_code, total_minor, issued_on from staging.stg_lago__credit_notes
),

staging_sums as (
    select
        kind,
        currency_code,
        strftime(issued_on, '%Y-%m') as month,
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
