-- One row per movement of a customer's credit: what he has with us without owing it, and what pays an invoice from that.
with

stripe_invoices as (select * from {{ ref('stg_stripe__invoices') }} where status in ('open', 'paid', 'uncollectible')),

stripe_receipts as (select * from {{ ref('int_stripe_receipts') }}),

lago_invoices as (select * from {{ ref('stg_lago__invoices') }} where status = 'finalized'),

note_parts as (select * from {{ ref('int_credit_note_parts') }}),

-- The newest payment that is large enough brought too much; when none is, a person looks.
overpaying as (
    select
        stripe_receipts.invoice_id,
        stripe_receipts.payment_id,
        stripe_receipts.paid_on,
        row_number() over (
            partition by stripe_receipts.invoice_id
            order by
                case when stripe_receipts.amount_minor >= stripe_invoices.overpaid_minor then 1 else 2 end,
                stripe_receipts.paid_at desc, stripe_receipts.payment_id desc
        ) as place,
        stripe_receipts.amount_minor >= stripe_invoices.overpaid_minor as is_enough
    from stripe_receipts
    inner join stripe_invoices on stripe_receipts.invoice_id = stripe_invoices.invoice_id
    where stripe_invoices.overpaid_minor > 0
),

of_stripe_invoices as (
    -- What Stripe did not ask for, though the invoice is for it: the credit paid it. Below the minimum charge Stripe asks for
    -- nothing and adds the amount to what the customer owes (facts: stripe, "Invoice fields that matter").
    select
        'stripe' as source_system,
        invoice_id || ':balance' as payment_id,
        invoice_id as document_id,
        'credit_used' as movement,
        'invoice' as settles_kind,
        '' as settles_payment_id,
        total_minor - pre_payment_credit_minor - due_minor as amount_minor,
        currency_code,
        {{ accounting_day('issued_at') }} as moved_on
    from stripe_invoices
    where total_minor > pre_payment_credit_minor + due_minor
    union all
    select
        'stripe',
        stripe_invoices.invoice_id || ':overpaid',
        stripe_invoices.invoice_id,
        'overpayment',
        case when overpaying.is_enough then 'payment' else '' end,
        case when overpaying.is_enough then overpaying.payment_id else '' end,
        stripe_invoices.overpaid_minor,
        stripe_invoices.currency_code,
        coalesce(overpaying.paid_on, {{ accounting_day('coalesce(stripe_invoices.paid_at, stripe_invoices.issued_at)') }})
    from stripe_invoices
    left join overpaying on stripe_invoices.invoice_id = overpaying.invoice_id and overpaying.place = 1
    where stripe_invoices.overpaid_minor > 0
),

of_lago_invoices as (
    select
        'lago' as source_system,
        invoice_id || ':balance' as payment_id,
        invoice_id as document_id,
        'credit_used' as movement,
        'invoice' as settles_kind,
        '' as settles_payment_id,
        prepaid_purchased_minor as amount_minor,
        currency_code,
        issued_on as moved_on
    from lago_invoices
    where prepaid_purchased_minor > 0
    union all
    select
        'lago', invoice_id || ':credit_notes', invoice_id, 'credit_used', 'invoice', '', credit_notes_minor, currency_code,
        issued_on
    from lago_invoices
    where credit_notes_minor > 0
),

of_credit_notes as (
    select
        source_system,
        credit_note_id || ':balance' as payment_id,
        credit_note_id as document_id,
        'credit_given' as movement,
        'credit_note' as settles_kind,
        '' as settles_payment_id,
        credited_minor as amount_minor,
        currency_code,
        credited_on as moved_on
    from note_parts
    where credited_minor > 0
),

int_credit_movements as (
    select * from of_stripe_invoices
    union all
    select * from of_lago_invoices
    union all
    select * from of_credit_notes
)

select * from int_credit_movements
