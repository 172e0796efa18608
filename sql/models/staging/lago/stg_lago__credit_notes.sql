-- One row per finalized Lago credit note.
with

source as (
    {{ json_table(source('lago', 'credit_notes'), {
        'number': '$.number',
        'invoice_id': '$.lago_invoice_id',
        'customer_id': '$.customer.lago_id',
        'credit_status': '$.credit_status',
        'refund_status': '$.refund_status',
        'currency': '$.currency',
        'total': '$.total_amount_cents',
        'credit': '$.credit_amount_cents',
        'refund': '$.refund_amount_cents',
        'offset': '$.offset_amount_cents',
        'taxes': '$.taxes_amount_cents',
        'sub_total': '$.sub_total_excluding_taxes_amount_cents',
        'file_url': '$.file_url',
        'issuing_date': '$.issuing_date'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'lago'),

stg_lago__credit_notes as (
    select
        -- ids
        source._key as credit_note_id,
        source.number as credit_note_number,
        source.invoice_id,
        source.customer_id as lago_customer_id,
        coalesce(source.credit_status, source.refund_status) as status,
        source.refund_status,
        nullif(source.file_url, '') as pdf_url,

        -- amounts, whole minor units in ISO's counting, positive
        upper(source.currency) as currency_code,
        {{ iso_minor('source.sub_total') }} as subtotal_minor,
        {{ iso_minor('source.taxes') }} as tax_minor,
        {{ iso_minor('source.total') }} as total_minor,
        {{ iso_minor('source.credit') }} as credit_minor,
        {{ iso_minor('source.refund') }} as refund_minor,
        -- Servers before 1.40 know no offset.
        coalesce({{ iso_minor('source.offset') }}, 0) as offset_minor,
        {{ json_is_array('source.payload', '$.items') }} as has_items,
        {{ json_all_whole('source.payload', [
            '$.sub_total_excluding_taxes_amount_cents', '$.taxes_amount_cents', '$.total_amount_cents',
            '$.credit_amount_cents', '$.refund_amount_cents'
        ]) }} as has_whole_amounts,
        {{ iso_exact([
            'source.sub_total', 'source.taxes', 'source.total', 'source.credit', 'source.refund', 'source.offset'
        ]) }} as has_exact_amounts,

        try_cast(source.issuing_date as date) as issued_on,

        -- lineage
        source._deleted as is_deleted,
        source._landed_at
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_lago__credit_notes
