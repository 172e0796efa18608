-- One row per customer over all services, for finance.
with

source as (select * from {{ ref('dim_customers') }}),

customers as (
    select
        customer_id,
        customer_name,
        email,
        country_code,
        tax_id,
        services,
        account_links,
        has_inferred_link
    from source
)

select * from customers
