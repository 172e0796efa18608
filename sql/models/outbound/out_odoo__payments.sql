-- One row per movement of money or of a customer's credit that is booked, and document it is for.
with

payments as (select * from {{ ref('fct_payments') }} where is_bookable),

out_odoo__payments as (
    select
        source_system,
        payment_id,
        source_invoice_id,
        direction,
        route,
        settles_kind,
        settles_payment_id,
        customer_id,
        paid_on,
        amount_minor,
        currency_code,
        settled_minor,
        settled_currency_code,
        reference,
        booked_for
    from payments
)

select * from out_odoo__payments
