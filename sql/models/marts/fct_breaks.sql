-- One row per difference that a person must look at, open or resolved. The models in breaks/ find them, one for each kind.
with

of_entries as (select * from {{ ref('fct_breaks_of_entries') }}),

of_sources as (select * from {{ ref('fct_breaks_of_sources') }}),

of_billing as (select * from {{ ref('fct_breaks_of_billing') }}),

of_payments as (select * from {{ ref('fct_breaks_of_payments') }}),

of_returned_money as (select * from {{ ref('fct_breaks_of_returned_money') }}),

of_write_offs as (select * from {{ ref('fct_breaks_of_write_offs') }}),

of_loose_money as (select * from {{ ref('fct_breaks_of_loose_money') }}),

of_refused_steps as (select * from {{ ref('fct_breaks_of_refused_steps') }}),

resolutions as (select * from {{ ref('stg_ops__resolutions') }} where resolution <> 'open'),

sightings as (select * from {{ ref('stg_ops__sightings') }}),

clock as (select * from {{ ref('int_clock') }}),

found as (
    select * from of_entries
    union all
    select * from of_sources
    union all
    select * from of_billing
    union all
    select * from of_payments
    union all
    select * from of_returned_money
    union all
    select * from of_write_offs
    union all
    select * from of_loose_money
    union all
    select * from of_refused_steps
),

keyed as (
    select
        found.*,
        concat_ws('|', found.class, found.source_system,
            case when found.class like 'delta\_%' escape '\' then null else nullif(found.source_invoice_id, '') end,
            found.kind) as break_key
    from found
),

-- The evidence may be landed again for another reason (a customer's new e-mail), so since when it is seen is remembered.
dated as (
    select
        keyed.*,
        coalesce(sightings.first_seen_on, {{ accounting_day('keyed.first_seen_at') }}) as first_seen_on
    from keyed
    left join sightings on keyed.break_key = sightings.break_key
),

fct_breaks as (
    select
        dated.break_key,
        dated.class,
        dated.source_system,
        dated.source_invoice_id,
        dated.ledger_move_id,
        dated.source_minor,
        dated.ledger_minor,
        dated.source_minor - dated.ledger_minor as difference_minor,
        dated.currency_code,
        dated.first_seen_on,
        {{ days_between('dated.first_seen_on', 'clock.as_of_on') }} as age_days,
        dated.says,
        resolutions.resolution,
        resolutions.resolved_by,
        resolutions.resolved_at,
        resolutions.why
    from dated
    cross join clock
    -- A decision is about the difference as it was: of other amounts, or, where it has none, seen anew, it is open again.
    left join resolutions
        on dated.break_key = resolutions.break_key
        and dated.source_minor is not distinct from resolutions.source_minor
        and dated.ledger_minor is not distinct from resolutions.ledger_minor
        and dated.currency_code is not distinct from resolutions.currency_code
        and (
            dated.source_minor is not null or dated.ledger_minor is not null
            or dated.first_seen_on = resolutions.first_seen_on
        )
)

select * from fct_breaks
