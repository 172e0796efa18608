-- One row per refund that succeeded at Stripe and document it is for: the credit note that names it, else the invoice that was paid.
with

refunds as (select * from {{ ref('stg_stripe__refunds') }} where status = 'succeeded'),

named as (select * from {{ ref('stg_stripe__credit_note_refunds') }} where not is_off_stripe),

credit_notes as (
    select * from {{ ref('stg_stripe__credit_notes') }} where coalesce(status, '') <> 'void' and not is_deleted
),

paid_invoices as (select * from {{ ref('int_stripe_paid_invoices') }}),

of_credit_notes as (
    select
        refunds.refund_id,
        credit_notes.credit_note_id as document_id,
        'credit_note' as settles_kind,
        cast(sum(named.amount_minor) as bigint) as amount_minor,
        refunds.currency_code,
        refunds.created_at
    from named
    inner join credit_notes on named.credit_note_id = credit_notes.credit_note_id
    inner join refunds on named.refund_id = refunds.refund_id
    group by refunds.refund_id, credit_notes.credit_note_id, refunds.currency_code, refunds.created_at
),

covered as (
    select
        refund_id,
        sum(amount_minor) as amount_minor
    from of_credit_notes
    group by refund_id
),

-- What no credit note covers stands open at the customer.
of_invoices as (
    select
        refunds.refund_id,
        paid_invoices.invoice_id as document_id,
        '' as settles_kind,
        -- NULL: the money was for several invoices, and nobody says which of them the refund is for.
        cast(
            case when paid_invoices.invoice_count = 1 then refunds.amount_minor - coalesce(covered.amount_minor, 0) end as bigint
        ) as amount_minor,
        refunds.currency_code,
        refunds.created_at
    from refunds
    inner join paid_invoices on coalesce(refunds.payment_intent_id, refunds.charge_id) = paid_invoices.paid_with
    left join covered on refunds.refund_id = covered.refund_id
    where refunds.amount_minor > coalesce(covered.amount_minor, 0)
),

united as (
    select * from of_credit_notes
    union all
    select * from of_invoices
),

int_stripe_refunds as (
    select
        refund_id,
        document_id,
        settles_kind,
        amount_minor,
        currency_code,
        {{ accounting_day('created_at') }} as paid_on
    from united
)

select * from int_stripe_refunds
