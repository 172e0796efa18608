-- One row per customer and currency: what he paid in advance or was credited, what of it was used, and what is left.
with

invoices as (select * from {{ ref('fct_invoices') }} where record_verdict = 'verified' and park_reason = ''),

payments as (select * from {{ ref('fct_payments') }} where held not in ('never', 'by_hand')),

-- A wallet top-up, less what was taken back of it, is owed in service.
top_ups as (
    select
        customer_id,
        currency_code,
        'topped_up' as reason,
        case kind when 'credit_note' then -total_minor else total_minor end as amount_minor
    from invoices
    where not is_revenue
),

movements as (
    select
        payments.customer_id,
        payments.currency_code,
        case payments.movement when 'overpayment' then 'overpaid' when 'credit_used' then 'used' else 'credited' end as reason,
        payments.amount_minor
    from payments
    inner join invoices
        on payments.source_system = invoices.source_system
        and payments.source_invoice_id = invoices.source_invoice_id
        and payments.kind = invoices.kind
    where payments.route = 'balance'
),

united as (
    select * from top_ups
    union all
    select * from movements
),

fct_customer_credit as (
    select
        customer_id,
        currency_code,
        cast(coalesce(sum(case when reason = 'topped_up' then amount_minor end), 0) as bigint) as topped_up_minor,
        cast(coalesce(sum(case when reason = 'credited' then amount_minor end), 0) as bigint) as credited_minor,
        cast(coalesce(sum(case when reason = 'overpaid' then amount_minor end), 0) as bigint) as overpaid_minor,
        cast(coalesce(sum(case when reason = 'used' then amount_minor end), 0) as bigint) as used_minor,
        cast(sum(case when reason = 'used' then -amount_minor else amount_minor end) as bigint) as balance_minor
    from united
    where customer_id is not null
    group by customer_id, currency_code
)

select * from fct_customer_credit
