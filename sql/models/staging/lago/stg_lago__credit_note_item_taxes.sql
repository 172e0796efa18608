-- One row per tax of the fee that an item of a Lago credit note takes back: which taxes the item had, not how much.
with

credit_notes as (select * from {{ source('lago', 'credit_notes') }}),

items as ({{ json_items('credit_notes', '$.items', ['_key']) }}),

item_payloads as (
    select
        _key,
        position as line_position,
        item as payload
    from items
),

taxes as ({{ json_items('item_payloads', '$.fee.applied_taxes', ['_key', 'line_position']) }}),

source as (
    {{ json_fields('taxes', 'item', {
        'tax_code': '$.tax_code',
        'tax_name': '$.tax_name',
        'tax_rate': '$.tax_rate'
    }, ['_key', 'line_position', 'position']) }}
),

stg_lago__credit_note_item_taxes as (
    select
        _key as credit_note_id,
        line_position,
        position as tax_position,
        lower(concat_ws(' ', tax_code, tax_name)) as tax_words,
        try_cast(tax_rate as decimal(9, 6)) as rate
    from source
)

select * from stg_lago__credit_note_item_taxes
