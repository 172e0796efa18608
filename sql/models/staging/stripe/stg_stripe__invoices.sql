-- One row per Stripe invoice, as Stripe last told it; drafts that are gone stay, flagged.
-- A table, because several models read it and each would parse every record again.
{{ config(materialized='table') }}

with

source as (
    {{ json_table(source('stripe', 'invoices'), {
        'invoice_id': '$.id',
        'invoice_number': '$.number',
        'status': '$.status',
        'customer': '$.customer',
        'customer_expanded_id': '$.customer.id',
        'customer_name': '$.customer_name',
        'customer_email': '$.customer_email',
        'subscription_id': '$.parent.subscription_details.subscription',
        'currency': '$.currency',
        'subtotal': '$.subtotal',
        'total': '$.total',
        'amount_shipping': '$.amount_shipping',
        'starting_balance': '$.starting_balance',
        'ending_balance': '$.ending_balance',
        'pre_payment_credit_notes_amount': '$.pre_payment_credit_notes_amount',
        'amount_due': '$.amount_due',
        'amount_paid': '$.amount_paid',
        'amount_remaining': '$.amount_remaining',
        'amount_overpaid': '$.amount_overpaid',
        'amount_paid_off_stripe': '$.amount_paid_off_stripe',
        'created': '$.created',
        'effective_at': '$.effective_at',
        'finalized_at': '$.status_transitions.finalized_at',
        'paid_at': '$.status_transitions.paid_at',
        'voided_at': '$.status_transitions.voided_at',
        'due_date': '$.due_date',
        'livemode': '$.livemode',
        'invoice_pdf': '$.invoice_pdf',
        'lines_has_more': '$.lines.has_more'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

stg_stripe__invoices as (
    select
        -- ids
        source._key as invoice_id,
        source.invoice_number,
        coalesce(source.customer_expanded_id, source.customer) as stripe_customer_id,
        source.customer_name,
        lower(source.customer_email) as customer_email,
        source.subscription_id as stripe_subscription_id,
        source.status,

        -- amounts, whole minor units in ISO's counting
        upper(source.currency) as currency_code,
        {{ iso_minor('source.subtotal') }} as subtotal_minor,
        {{ iso_minor('source.total') }} as total_minor,
        {{ iso_minor(json_sum_of_first('source.payload', '$.total_pretax_credit_amounts', '$.total_discount_amounts')) }} as discount_minor,
        coalesce({{ iso_minor('source.amount_shipping') }}, 0) as shipping_minor,
        coalesce({{ iso_minor('source.starting_balance') }}, 0) as starting_balance_minor,
        {{ iso_minor('source.ending_balance') }} as ending_balance_minor,
        coalesce({{ iso_minor('source.pre_payment_credit_notes_amount') }}, 0) as pre_payment_credit_minor,
        {{ iso_minor('source.amount_due') }} as due_minor,
        {{ iso_minor('source.amount_paid') }} as paid_minor,
        {{ iso_minor('source.amount_remaining') }} as remaining_minor,
        coalesce({{ iso_minor('source.amount_overpaid') }}, 0) as overpaid_minor,
        coalesce({{ iso_minor('source.amount_paid_off_stripe') }}, 0) as paid_off_stripe_minor,
        {{ json_all_whole('source.payload', [
            '$.subtotal', '$.total', '$.amount_due', '$.amount_paid', '$.amount_remaining'
        ]) }} as has_whole_amounts,
        {{ iso_exact([
            'source.subtotal', 'source.total', 'source.amount_shipping', 'source.starting_balance',
            'source.pre_payment_credit_notes_amount', 'source.amount_due', 'source.amount_paid', 'source.amount_remaining',
            'source.amount_overpaid', 'source.amount_paid_off_stripe'
        ]) }} as has_exact_amounts,
        -- Before 2025-03-31.basil an invoice had `tax` and no `total_taxes`; half of what we check is elsewhere there.
        {{ json_has('source.payload', '$.total_taxes') }} as has_known_shape,

        -- times, UTC; effective_at is the accounting date (facts: stripe, "Invoice fields that matter")
        {{ moment_of_unix('source.created') }} as created_at,
        {{ moment_of_unix('coalesce(source.effective_at, source.finalized_at, source.created)') }} as issued_at,
        {{ moment_of_unix('source.paid_at') }} as paid_at,
        {{ moment_of_unix('source.voided_at') }} as voided_at,
        {{ moment_of_unix('source.due_date') }} as due_at,

        source.livemode = 'true' as is_live,
        nullif(source.invoice_pdf, '') as pdf_url,
        coalesce(source.lines_has_more = 'true', false) as has_more_lines,

        -- lineage
        source._deleted as is_deleted,
        source._landed_at,
        source._load_id
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_stripe__invoices
