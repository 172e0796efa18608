-- One row per payment that succeeded, and invoice that it pays.
with

payments as (select * from {{ ref('int_payments') }}),

invoices as (select * from {{ ref('fct_invoices') }} where kind = 'invoice'),

fct_payments as (
    select
        payments.source_system,
        payments.payment_id,
        payments.source_invoice_id,
        invoices.customer_id,
        payments.paid_on,
        payments.amount_minor,
        payments.currency_code,
        payments.reference,
        payments.is_off_stripe,
        coalesce(invoices.verdict, 'unverified') as invoice_verdict,
        coalesce(invoices.is_postable, false) as is_invoice_postable
    from payments
    left join invoices
        on payments.source_system = invoices.source_system
        and payments.source_invoice_id = invoices.source_invoice_id
)

select * from fct_payments
