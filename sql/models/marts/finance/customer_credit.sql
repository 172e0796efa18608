-- One row per customer and currency: his credit with us, a liability and no revenue.
with

source as (select * from {{ ref('fct_customer_credit') }}),

customers as (select * from {{ ref('dim_customers') }}),

customer_credit as (
    select
        source.customer_id,
        customers.customer_name,
        source.currency_code,
        source.topped_up_minor,
        source.credited_minor,
        source.overpaid_minor,
        source.used_minor,
        source.balance_minor
    from source
    left join customers on source.customer_id = customers.customer_id
)

select * from customer_credit
