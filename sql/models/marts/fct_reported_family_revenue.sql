-- One row per month of issue, service family and currency: of a closed month as it was closed, of an open one as it is today.
with

today as (select * from {{ ref('fct_family_revenue') }}),

closings as (select * from {{ ref('stg_ops__closings') }}),

figures as (select * from {{ ref('stg_ops__closed_figures') }}),

restatements as (select * from {{ ref('fct_restatements') }}),

families as (select * from {{ ref('family_accounts') }}),

-- The frozen figures and what was restated since, one below the other: a family may have only one of them.
every_month as (
    select
        closings.month,
        closings.closed_at,
        figures.service_family,
        figures.currency_code,
        figures.invoiced_minor,
        figures.credited_minor,
        figures.paid_minor,
        case when figures.kind = 'invoice' then 1 else 0 end as invoice_count,
        0 as restated_invoiced_minor,
        0 as restated_credited_minor,
        0 as restated_paid_minor
    from figures
    inner join closings on figures.closing_id = closings.closing_id
    where figures.is_counted
    union all
    select
        month,
        closed_at,
        service_family,
        currency_code,
        0,
        0,
        0,
        0,
        invoiced_difference_minor,
        credited_difference_minor,
        paid_difference_minor
    from restatements
    union all
    select
        month,
        cast(null as timestamptz) as closed_at,
        service_family,
        currency_code,
        invoiced_minor,
        credited_minor,
        paid_minor,
        invoice_count,
        0,
        0,
        0
    from today
    where month is null or month not in (select month from closings)
),

fct_reported_family_revenue as (
    select
        reported.month,
        reported.service_family,
        reported.currency_code,
        cast(sum(reported.invoiced_minor) as bigint) as invoiced_minor,
        cast(sum(reported.credited_minor) as bigint) as credited_minor,
        cast(sum(reported.invoiced_minor) - sum(reported.credited_minor) as bigint) as net_minor,
        cast(sum(reported.paid_minor) as bigint) as paid_minor,
        cast(sum(reported.invoice_count) as bigint) as invoice_count,
        coalesce(bool_or(families.needs_review), true) as needs_review,
        max(reported.closed_at) is not null as is_closed,
        max(reported.closed_at) as closed_at,
        cast(sum(reported.restated_invoiced_minor) as bigint) as restated_invoiced_minor,
        cast(sum(reported.restated_credited_minor) as bigint) as restated_credited_minor,
        cast(sum(reported.restated_invoiced_minor) - sum(reported.restated_credited_minor) as bigint)
            as restated_net_minor,
        cast(sum(reported.restated_paid_minor) as bigint) as restated_paid_minor
    from every_month as reported
    left join families on reported.service_family = families.service_family
    group by reported.month, reported.service_family, reported.currency_code
)

select * from fct_reported_family_revenue
