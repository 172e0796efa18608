-- One row per payment of a Stripe invoice: the only link from an invoice to its money since 2025-03-31.basil.
with

source as (
    {{ json_table(source('stripe', 'invoice_payments'), {
        'invoice_id': '$.invoice',
        'status': '$.status',
        'payment_type': '$.payment.type',
        'payment_intent': '$.payment.payment_intent',
        'charge': '$.payment.charge',
        'payment_record': '$.payment.payment_record',
        'currency': '$.currency',
        'amount_paid': '$.amount_paid',
        'paid_at': '$.status_transitions.paid_at',
        'created': '$.created'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

stg_stripe__invoice_payments as (
    select
        -- ids
        source._key as invoice_payment_id,
        source.invoice_id,
        source.status,
        source.payment_type,
        source.payment_intent as payment_intent_id,
        source.charge as charge_id,
        source.payment_record as payment_record_id,

        -- amounts, whole minor units in ISO's counting
        upper(source.currency) as currency_code,
        {{ iso_minor('source.amount_paid') }} as amount_minor,

        -- times, UTC
        {{ moment_of_unix('coalesce(source.paid_at, source.created)') }} as paid_at
    from source
    left join units on upper(source.currency) = units.currency_code
    where not source._deleted
)

select * from stg_stripe__invoice_payments
