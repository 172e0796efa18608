-- One row per payment, through Stripe, of a verified invoice.
with

payments as (select * from {{ ref('fct_payments') }}),

out_odoo__payments as (
    select
        source_system,
        payment_id,
        source_invoice_id,
        customer_id,
        paid_on,
        amount_minor,
        currency_code,
        reference
    from payments
    where invoice_verdict = 'verified'
        -- Money that never passed through Stripe is not in Stripe's journal (finance.breaks: paid_elsewhere).
        and not is_off_stripe
        and amount_minor > 0
)

select * from out_odoo__payments
