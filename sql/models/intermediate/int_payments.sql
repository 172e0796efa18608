-- One row per payment and invoice that succeeded, at its source's amount.
with

invoice_payments as (select * from {{ ref('stg_stripe__invoice_payments') }} where status = 'paid'),

stripe_invoices as (select * from {{ ref('stg_stripe__invoices') }}),

lago_payments as (select * from {{ ref('stg_lago__payments') }} where status = 'succeeded'),

lago_invoices as (select * from {{ ref('stg_lago__invoices') }}),

stripe_named as (
    select
        invoice_payment_id,
        invoice_id,
        coalesce(payment_intent_id, charge_id, payment_record_id, invoice_payment_id) as reference,
        -- A payment record is money that never touched Stripe.
        coalesce(payment_type, '') = 'payment_record' as is_off_stripe,
        amount_minor,
        currency_code,
        paid_at
    from invoice_payments
),

stripe_payments as (
    select
        'stripe' as source_system,
        -- One payment intent may pay two invoices; then each part needs a name of its own.
        case
            when count(*) over (partition by reference) = 1 then reference
            else reference || ':' || invoice_payment_id
        end as payment_id,
        invoice_id as source_invoice_id,
        reference,
        is_off_stripe,
        amount_minor,
        currency_code,
        paid_at
    from stripe_named
),

off_stripe_booked as (
    select
        invoice_id,
        sum(amount_minor) as amount_minor
    from stripe_named
    where is_off_stripe
    group by invoice_id
),

-- Marked as paid by hand: only the invoice itself knows of that money.
stripe_marked_paid as (
    select
        'stripe' as source_system,
        stripe_invoices.invoice_id || ':off_stripe' as payment_id,
        stripe_invoices.invoice_id as source_invoice_id,
        stripe_invoices.invoice_id as reference,
        true as is_off_stripe,
        cast(stripe_invoices.paid_off_stripe_minor - coalesce(off_stripe_booked.amount_minor, 0) as bigint) as amount_minor,
        stripe_invoices.currency_code,
        stripe_invoices.paid_at
    from stripe_invoices
    left join off_stripe_booked on stripe_invoices.invoice_id = off_stripe_booked.invoice_id
    where stripe_invoices.paid_off_stripe_minor > coalesce(off_stripe_booked.amount_minor, 0)
),

lago_single as (
    select
        invoice_id,
        sum(amount_minor) as amount_minor
    from lago_payments
    where invoice_count = 1
    group by invoice_id
),

-- A payment of several invoices: each takes what it says is paid less its own payments, if that adds up to the payment.
lago_shared as (
    select
        lago_payments.payment_id,
        lago_payments.invoice_id,
        lago_payments.amount_minor as payment_minor,
        lago_invoices.paid_minor - coalesce(lago_single.amount_minor, 0) as share_minor,
        sum(lago_invoices.paid_minor - coalesce(lago_single.amount_minor, 0)) over (
            partition by lago_payments.payment_id
        ) as shares_minor,
        count(*) over (partition by lago_payments.invoice_id) as shared_count
    from lago_payments
    inner join lago_invoices on lago_payments.invoice_id = lago_invoices.invoice_id
    left join lago_single on lago_payments.invoice_id = lago_single.invoice_id
    where lago_payments.invoice_count > 1
),

lago_allocated as (
    select
        'lago' as source_system,
        lago_payments.payment_id
        || case when lago_payments.invoice_count > 1 then ':' || lago_payments.invoice_id else '' end as payment_id,
        lago_payments.invoice_id as source_invoice_id,
        lago_payments.reference,
        coalesce(lago_payments.provider_type, '') <> 'stripe' as is_off_stripe,
        cast(
            case
                when lago_payments.invoice_count = 1 then lago_payments.amount_minor
                when lago_shared.shares_minor = lago_shared.payment_minor and lago_shared.shared_count = 1
                    then lago_shared.share_minor
            end as bigint
        ) as amount_minor,
        lago_payments.currency_code,
        lago_payments.paid_at
    from lago_payments
    left join lago_shared
        on lago_payments.payment_id = lago_shared.payment_id
        and lago_payments.invoice_id = lago_shared.invoice_id
),

unified as (
    select * from stripe_payments
    union all
    select * from stripe_marked_paid
    union all
    select * from lago_allocated
),

int_payments as (
    select
        source_system,
        payment_id,
        source_invoice_id,
        reference,
        is_off_stripe,
        -- NULL: the payment is of several invoices and cannot be shared out to the cent.
        amount_minor,
        currency_code,
        paid_at,
        {{ accounting_day('paid_at') }} as paid_on
    from unified
)

select * from int_payments
