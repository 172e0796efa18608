-- One row per document, payment or customer whose newest step Odoo refused and that is still to be tried again.
with

refused_steps as (select * from {{ ref('int_refused_steps') }}),

ledger_check as (select * from {{ ref('fct_ledger_check') }}),

payments as (select * from {{ ref('fct_payments') }}),

customers as (select * from {{ ref('dim_customers') }}),

in_ledger as (
    select * from {{ ref('stg_odoo__payments') }} where coalesce(state, '') not in ('canceled', 'rejected')
),

booked as (select distinct source_system, payment_id from in_ledger),

-- What is in the books by another hand since, or is not to be there any more, is not tried again and has no newer receipt. While
-- the document of a payment is not posted, that one's own row says why.
still_refused as (
    select refused_steps.*
    from refused_steps
    inner join ledger_check
        on refused_steps.source_system = ledger_check.source_system
        and refused_steps.source_invoice_id = ledger_check.source_invoice_id
        and refused_steps.kind = ledger_check.kind
    where ledger_check.ledger_state not in ('posted', 'none') and ledger_check.park_reason = ''
    union all
    select refused_steps.*
    from refused_steps
    inner join payments
        on refused_steps.source_system = payments.source_system
        and refused_steps.source_invoice_id = payments.source_invoice_id
        and refused_steps.payment_id = payments.payment_id
    inner join ledger_check
        on payments.source_system = ledger_check.source_system
        and payments.source_invoice_id = ledger_check.source_invoice_id
        and payments.kind = ledger_check.kind
    left join booked
        on refused_steps.source_system = booked.source_system and refused_steps.payment_id = booked.payment_id
    where refused_steps.kind = 'payment' and ledger_check.ledger_state = 'posted'
        and (booked.payment_id is null or ledger_check.open_minor <> ledger_check.ledger_residual_minor)
    union all
    select refused_steps.*
    from refused_steps
    inner join customers on refused_steps.source_invoice_id = customers.customer_id
    where refused_steps.kind = 'partner'
),

fct_breaks_of_refused_steps as (
    select
        'refused' as class,
        source_system,
        source_invoice_id,
        case when payment_id = '' then kind else 'payment|' || payment_id end as kind,
        case when kind in ('invoice', 'credit_note') then odoo_id end as ledger_move_id,
        case when kind <> 'partner' then total_minor end as source_minor,
        cast(null as bigint) as ledger_minor,
        nullif(currency_code, '') as currency_code,
        refused_at as first_seen_at,
        'The step ' || action || ' was refused in Odoo; when that is put right, the next run that writes takes it: ' || says as says
    from still_refused
)

select * from fct_breaks_of_refused_steps
