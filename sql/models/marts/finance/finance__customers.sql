-- One row per customer over all services, for finance.
{{ config(alias='customers') }}

with

customers as (select * from {{ ref('dim_customers') }}),

finance__customers as (
    select
        customer_id,
        customer_name,
        email,
        country_code,
        tax_id,
        services,
        account_links,
        has_inferred_link
    from customers
)

select * from finance__customers
