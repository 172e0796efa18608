-- One row per name that the money of an invoice has at Stripe (pi_…, ch_…) and invoice that it paid: the way back from a refund.
with

invoice_payments as (select * from {{ ref('stg_stripe__invoice_payments') }} where status = 'paid'),

charges as (select * from {{ ref('stg_stripe__charges') }}),

names as (
    select payment_intent_id as paid_with, invoice_id from invoice_payments where payment_intent_id is not null
    union
    select charge_id, invoice_id from invoice_payments where charge_id is not null
    union
    select charges.charge_id, invoice_payments.invoice_id
    from invoice_payments
    inner join charges on invoice_payments.payment_intent_id = charges.payment_intent_id
    union
    select charges.payment_intent_id, invoice_payments.invoice_id
    from invoice_payments
    inner join charges on invoice_payments.charge_id = charges.charge_id
    where charges.payment_intent_id is not null
),

int_stripe_paid_invoices as (
    select
        paid_with,
        invoice_id,
        count(*) over (partition by paid_with) as invoice_count
    from names
)

select * from int_stripe_paid_invoices
