-- What a month was closed with and what was restated since come to the figures of today, per month, family and currency.
-- An open month is what it is today. The sum of the restatements beside a month is that of its rows in fct_restatements.
with

reported as (
    select
        month,
        service_family,
        currency_code,
        invoiced_minor + restated_invoiced_minor as invoiced_minor,
        credited_minor + restated_credited_minor as credited_minor,
        net_minor + restated_net_minor as net_minor,
        paid_minor + restated_paid_minor as paid_minor
    from marts.fct_reported_family_revenue
),

today as (
    select
        month,
        service_family,
        currency_code,
        invoiced_minor,
        credited_minor,
        net_minor,
        paid_minor
    from marts.fct_family_revenue
),

-- Taken straight from the kept figures, so that the mart cannot agree with itself.
frozen as (
    select
        closings.month,
        figures.service_family,
        figures.currency_code,
        sum(figures.invoiced_minor) as invoiced_minor,
        sum(figures.credited_minor) as credited_minor,
        sum(figures.paid_minor) as paid_minor
    from staging.stg_ops__closed_figures as figures
    inner join staging.stg_ops__closings as closings using (closing_id)
    group by all
),

closed as (
    select
        month,
        service_family,
        currency_code,
        invoiced_minor,
        credited_minor,
        paid_minor
    from marts.fct_reported_family_revenue
    where is_closed
),

restated as (
    select
        month,
        service_family,
        currency_code,
        sum(net_difference_minor) as net_minor,
        sum(paid_difference_minor) as paid_minor
    from marts.fct_restatements
    group by all
)

select
    'today' as what,
    month,
    service_family,
    currency_code,
    reported.net_minor as reported_minor,
    today.net_minor as found_minor
from reported
full join today using (month, service_family, currency_code)
where
    (
        coalesce(reported.invoiced_minor, 0),
        coalesce(reported.credited_minor, 0),
        coalesce(reported.net_minor, 0),
        coalesce(reported.paid_minor, 0)
    ) is distinct from (
        coalesce(today.invoiced_minor, 0),
        coalesce(today.credited_minor, 0),
        coalesce(today.net_minor, 0),
        coalesce(today.paid_minor, 0)
    )
union all
select
    'closed',
    month,
    service_family,
    currency_code,
    closed.invoiced_minor - closed.credited_minor,
    frozen.invoiced_minor - frozen.credited_minor
from closed
full join frozen using (month, service_family, currency_code)
where
    (coalesce(closed.invoiced_minor, 0), coalesce(closed.credited_minor, 0), coalesce(closed.paid_minor, 0))
    is distinct from
    (coalesce(frozen.invoiced_minor, 0), coalesce(frozen.credited_minor, 0), coalesce(frozen.paid_minor, 0))
union all
select
    'restated',
    month,
    service_family,
    currency_code,
    reported.restated_net_minor,
    restated.net_minor
from marts.fct_reported_family_revenue as reported
full join restated using (month, service_family, currency_code)
where
    (coalesce(reported.restated_net_minor, 0), coalesce(reported.restated_paid_minor, 0))
    is distinct from (coalesce(restated.net_minor, 0), coalesce(restated.paid_minor, 0))
order by all
