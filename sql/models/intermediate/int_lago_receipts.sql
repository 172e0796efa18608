-- One row per payment that succeeded at Lago and invoice that it pays.
with

payments as (select * from {{ ref('stg_lago__payments') }} where status = 'succeeded' and invoice_id is not null),

invoices as (select * from {{ ref('stg_lago__invoices') }}),

single as (
    select
        invoice_id,
        sum(amount_minor) as amount_minor
    from payments
    where invoice_count = 1
    group by invoice_id
),

-- A payment of several invoices: each takes what it says is paid less its own payments, if that adds up to the payment.
shared as (
    select
        payments.payment_id,
        payments.invoice_id,
        payments.amount_minor as payment_minor,
        invoices.paid_minor - coalesce(single.amount_minor, 0) as share_minor,
        sum(invoices.paid_minor - coalesce(single.amount_minor, 0)) over (
            partition by payments.payment_id
        ) as shares_minor,
        count(*) over (partition by payments.invoice_id) as shared_count
    from payments
    inner join invoices on payments.invoice_id = invoices.invoice_id
    left join single on payments.invoice_id = single.invoice_id
    where payments.invoice_count > 1
),

int_lago_receipts as (
    select
        payments.payment_id
        || case when payments.invoice_count > 1 then ':' || payments.invoice_id else '' end as payment_id,
        payments.invoice_id,
        payments.reference,
        -- A manual payment is money that a person saw somewhere else.
        case when payments.provider_type = 'stripe' then 'stripe' else 'elsewhere' end as route,
        -- NULL: the payment is of several invoices and cannot be shared out to the cent.
        cast(
            case
                when payments.invoice_count = 1 then payments.amount_minor
                when shared.shares_minor = shared.payment_minor and shared.shared_count = 1 then shared.share_minor
            end as bigint
        ) as amount_minor,
        payments.currency_code,
        {{ accounting_day('payments.paid_at') }} as paid_on
    from payments
    left join shared
        on payments.payment_id = shared.payment_id
        and payments.invoice_id = shared.invoice_id
)

select * from int_lago_receipts
