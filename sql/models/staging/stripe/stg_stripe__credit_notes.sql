-- One row per Stripe credit note.
with

source as (
    {{ json_table(source('stripe', 'credit_notes'), {
        'number': '$.number',
        'invoice_id': '$.invoice',
        'customer': '$.customer',
        'status': '$.status',
        'currency': '$.currency',
        'subtotal': '$.subtotal',
        'total': '$.total',
        'pre_payment_amount': '$.pre_payment_amount',
        'post_payment_amount': '$.post_payment_amount',
        'out_of_band_amount': '$.out_of_band_amount',
        'created': '$.created',
        'effective_at': '$.effective_at',
        'livemode': '$.livemode',
        'pdf': '$.pdf',
        'lines_has_more': '$.lines.has_more'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

stg_stripe__credit_notes as (
    select
        -- ids
        source._key as credit_note_id,
        source.number as credit_note_number,
        source.invoice_id,
        source.customer as stripe_customer_id,
        source.status,

        -- amounts, whole minor units in ISO's counting, positive
        upper(source.currency) as currency_code,
        {{ iso_minor('source.subtotal') }} as subtotal_minor,
        {{ iso_minor('source.total') }} as total_minor,
        -- What lowered the amount due of the invoice, and what was given back for it: refunded, credited, or outside Stripe.
        {{ iso_minor('source.pre_payment_amount') }} as pre_payment_minor,
        {{ iso_minor('source.post_payment_amount') }} as post_payment_minor,
        coalesce({{ iso_minor('source.out_of_band_amount') }}, 0) as out_of_band_minor,
        {{ iso_minor(json_sum_of_first('source.payload', '$.pretax_credit_amounts', '$.discount_amounts')) }} as discount_minor,
        -- All four are in every record of the pinned version; without the last two nobody knows how the note was made good.
        {{ json_all_whole('source.payload', [
            '$.subtotal', '$.total', '$.pre_payment_amount', '$.post_payment_amount'
        ]) }} as has_whole_amounts,
        {{ iso_exact([
            'source.subtotal', 'source.total', 'source.pre_payment_amount', 'source.post_payment_amount',
            'source.out_of_band_amount'
        ]) }} as has_exact_amounts,
        coalesce(source.lines_has_more = 'true', false) as has_more_lines,
        source.livemode = 'true' as is_live,
        nullif(source.pdf, '') as pdf_url,

        -- times, UTC
        {{ moment_of_unix('coalesce(source.effective_at, source.created)') }} as issued_at,

        -- lineage
        source._deleted as is_deleted,
        source._landed_at
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_stripe__credit_notes
