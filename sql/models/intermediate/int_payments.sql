-- One row per movement of money or of a customer's credit, and document that it is for, as its source tells it.
with

stripe_receipts as (select * from {{ ref('int_stripe_receipts') }}),

lago_receipts as (select * from {{ ref('int_lago_receipts') }}),

stripe_refunds as (select * from {{ ref('int_stripe_refunds') }}),

stripe_disputes as (select * from {{ ref('int_stripe_disputes') }}),

note_parts as (select * from {{ ref('int_credit_note_parts') }}),

credit_movements as (select * from {{ ref('int_credit_movements') }}),

received as (
    select 'stripe' as source_system, payment_id, invoice_id, reference, route, amount_minor, currency_code, paid_on
    from stripe_receipts
    union all
    select 'lago', payment_id, invoice_id, reference, route, amount_minor, currency_code, paid_on
    from lago_receipts
),

int_payments as (
    select
        source_system,
        payment_id,
        invoice_id as source_invoice_id,
        'payment' as movement,
        'inbound' as direction,
        route,
        'invoice' as settles_kind,
        '' as settles_payment_id,
        reference,
        -- NULL: it is for several documents and cannot be shared out to the cent.
        amount_minor,
        currency_code,
        paid_on
    from received
    union all
    select
        'stripe', refund_id, document_id, 'refund', 'outbound', 'stripe', settles_kind, '', refund_id, amount_minor,
        currency_code, paid_on
    from stripe_refunds
    union all
    select
        'stripe', dispute_id, invoice_id, 'dispute', 'outbound', 'stripe', '', '', dispute_id, withdrawn_minor,
        currency_code, withdrawn_on
    from stripe_disputes
    union all
    select
        'stripe', dispute_id || ':reinstated', invoice_id, 'reinstatement', 'inbound', 'stripe', 'payment', dispute_id,
        dispute_id, reinstated_minor, currency_code, reinstated_on
    from stripe_disputes
    where reinstated_on is not null
    union all
    -- Lago names no payment of a refund and no day: the note's own.
    select
        source_system, credit_note_id || ':refund', credit_note_id, 'refund', 'outbound', 'stripe', 'credit_note', '',
        credit_note_id, refunded_minor, currency_code, credited_on
    from note_parts
    where source_system = 'lago' and refunded_minor > 0
    union all
    select
        source_system, credit_note_id || ':elsewhere', credit_note_id, 'refund', 'outbound', 'elsewhere', 'credit_note', '',
        credit_note_id, elsewhere_minor, currency_code, credited_on
    from note_parts
    where elsewhere_minor > 0
    union all
    select
        source_system,
        payment_id,
        document_id,
        movement,
        case movement when 'credit_used' then 'inbound' else 'outbound' end,
        'balance',
        settles_kind,
        settles_payment_id,
        document_id,
        amount_minor,
        currency_code,
        moved_on
    from credit_movements
)

select * from int_payments
