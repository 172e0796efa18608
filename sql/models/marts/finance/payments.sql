-- One row per movement of money or of a customer's credit, and document it is for.
with

source as (select * from {{ ref('fct_payments') }}),

payments as (
    select
        source_system,
        payment_id,
        source_invoice_id,
        kind,
        movement,
        direction,
        route,
        settles_kind,
        settles_payment_id,
        customer_id,
        paid_on,
        '{{ var("company_time_zone") }}' as time_zone,
        amount_minor,
        currency_code,
        reference,
        is_bookable,
        held_reason
    from source
)

select * from payments
