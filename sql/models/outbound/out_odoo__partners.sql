-- One row per customer who has an invoice.
with

customers as (select * from {{ ref('dim_customers') }}),

invoices as (select * from {{ ref('fct_invoices') }}),

billed as (select distinct customer_id from invoices where customer_id is not null),

fields as (
    select
        customers.customer_id,
        customers.customer_name as name,
        customers.email,
        customers.street,
        customers.city,
        customers.state_name,
        customers.postal_code,
        customers.country_code,
        customers.tax_id,
        customers.stripe_customer_id,
        customers.is_company
    from customers
    inner join billed on customers.customer_id = billed.customer_id
),

out_odoo__partners as (
    select
        *,
        {{ content_hash([
            'name', 'email', 'street', 'city', 'state_name', 'postal_code', 'country_code', 'tax_id',
            'stripe_customer_id', 'is_company'
        ]) }} as content_hash
    from fields
)

select * from out_odoo__partners
