-- One row per item of a Lago credit note, with the words of the fee it takes back.
with

credit_notes as (select * from {{ source('lago', 'credit_notes') }}),

units as (select * from {{ ref('currency_units') }} where source = 'lago'),

items as ({{ json_items('credit_notes', '$.items', ['_key']) }}),

source as (
    {{ json_fields('items', 'item', {
        'item_id': '$.lago_id',
        'fee_id': '$.fee.lago_id',
        'currency': '$.amount_currency',
        'amount': '$.amount_cents',
        'display_name': '$.fee.item.invoice_display_name',
        'item_name': '$.fee.item.name'
    }, ['_key', 'position']) }}
),

stg_lago__credit_note_items as (
    select
        source._key as credit_note_id,
        source.position as line_position,
        source.item_id as line_id,
        source.fee_id,
        coalesce(nullif(source.display_name, ''), source.item_name, '') as description,
        {{ iso_minor('source.amount') }} as gross_minor,
        {{ iso_exact(['source.amount']) }} as has_exact_amounts
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_lago__credit_note_items
