-- One row per invoice or credit note in another currency than the company's: the rate at which its money was settled, or why there is none.
with

invoices as (
    select * from {{ ref('fct_invoices') }} where currency_code <> '{{ var("company_currency") }}'
),

payments as (
    select * from {{ ref('fct_payments') }} where direction = 'inbound' and settles_kind = 'invoice'
),

paid as (
    select
        source_system,
        source_invoice_id,
        count(*) as payment_count,
        cast(sum(amount_minor) as bigint) as amount_minor,
        max(route) as route,
        max(settled_currency_code) as settled_currency_code,
        max(exchange_rate) as exchange_rate
    from payments
    group by source_system, source_invoice_id
),

-- The first that holds is the reason.
reasons as (
    select
        invoices.source_system,
        invoices.source_invoice_id,
        invoices.kind,
        invoices.currency_code,
        paid.exchange_rate,
        case
            when invoices.kind = 'credit_note' then 'it is a credit note, and no charge was made for it'
            when paid.payment_count is null then 'it is not paid yet'
            when paid.payment_count > 1
                then 'it was paid in ' || paid.payment_count || ' parts, and each has a rate of its own'
            when paid.route <> 'stripe' then 'it was not paid through Stripe'
            when paid.amount_minor is distinct from invoices.total_minor then 'its payment is not of its total'
            when paid.exchange_rate is null then 'Stripe names no rate for its charge'
            when paid.settled_currency_code <> '{{ var("company_currency") }}'
                then 'its charge was settled in ' || paid.settled_currency_code
            else ''
        end as no_rate_reason
    from invoices
    left join paid
        on invoices.source_system = paid.source_system
        and invoices.source_invoice_id = paid.source_invoice_id
        and invoices.kind = 'invoice'
),

fct_invoice_rates as (
    select
        source_system,
        source_invoice_id,
        kind,
        currency_code,
        case when no_rate_reason = '' then exchange_rate end as source_rate,
        no_rate_reason
    from reasons
)

select * from fct_invoice_rates
