-- One row per month of issue, service family and currency.
with

source as (select * from {{ ref('fct_family_revenue') }}),

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
        needs_review
    from source
)

select * from family_revenue
