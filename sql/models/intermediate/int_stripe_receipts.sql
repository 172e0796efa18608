-- One row per payment of a Stripe invoice that was made: through Stripe, by a payment record, or marked as paid by hand.
with

invoice_payments as (select * from {{ ref('stg_stripe__invoice_payments') }} where status = 'paid'),

invoices as (select * from {{ ref('stg_stripe__invoices') }}),

named as (
    select
        invoice_payment_id,
        invoice_id,
        coalesce(payment_intent_id, charge_id, payment_record_id, invoice_payment_id) as reference,
        -- A payment record is money that never touched Stripe.
        case when payment_type = 'payment_record' then 'elsewhere' else 'stripe' end as route,
        amount_minor,
        currency_code,
        paid_at
    from invoice_payments
),

recorded_elsewhere as (
    select
        invoice_id,
        sum(amount_minor) as amount_minor
    from named
    where route = 'elsewhere'
    group by invoice_id
),

-- Marked as paid by hand: only the invoice itself knows of that money.
marked_paid as (
    select
        invoices.invoice_id || ':off_stripe' as payment_id,
        invoices.invoice_id,
        invoices.invoice_id as reference,
        'elsewhere' as route,
        cast(invoices.paid_off_stripe_minor - coalesce(recorded_elsewhere.amount_minor, 0) as bigint) as amount_minor,
        invoices.currency_code,
        -- A part of an invoice that is still open has no paid date; then its day of issue is all there is.
        coalesce(invoices.paid_at, invoices.issued_at) as paid_at
    from invoices
    left join recorded_elsewhere on invoices.invoice_id = recorded_elsewhere.invoice_id
    where invoices.paid_off_stripe_minor > coalesce(recorded_elsewhere.amount_minor, 0)
),

receipts as (
    select
        -- One payment intent may pay two invoices, the second one later: the first keeps its name, so that it is not booked again.
        case
            when row_number() over (partition by reference order by paid_at, invoice_payment_id) = 1 then reference
            else reference || ':' || invoice_payment_id
        end as payment_id,
        invoice_id,
        reference,
        route,
        amount_minor,
        currency_code,
        paid_at
    from named
    union all
    select * from marked_paid
),

int_stripe_receipts as (
    select
        payment_id,
        invoice_id,
        reference,
        route,
        amount_minor,
        currency_code,
        paid_at,
        {{ accounting_day('paid_at') }} as paid_on
    from receipts
)

select * from int_stripe_receipts
