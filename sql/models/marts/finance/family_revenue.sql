-- One row per month of issue, service family and currency; of a closed month as it was closed.
with

source as (select * from {{ ref('fct_reported_family_revenue') }}),

family_revenue as (
    select
        month,
        '{{ var("company_time_zone") }}' as time_zone,
        service_family,
        currency_code,
        invoiced_minor,
        credited_minor,
        net_minor,
        paid_minor,
        invoice_count,
        needs_review,
        is_closed,
        closed_at,
        restated_invoiced_minor,
        restated_credited_minor,
        restated_net_minor,
        restated_paid_minor
    from source
)

select * from family_revenue
