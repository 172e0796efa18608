-- One row per tax of a line of a Stripe credit note.
with

credit_notes as (
    select _key, payload, {{ json_text('payload', '$.currency') }} as currency from {{ source('stripe', 'credit_notes') }}
),

overflow as (select * from {{ source('stripe', 'credit_note_lines') }} where not _deleted),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

read_lines as ({{ stripe_lines('credit_notes', 'overflow') }}),

lines as (
    select read_lines._key, read_lines.position as line_position, read_lines.item as payload, credit_notes.currency
    from read_lines
    inner join credit_notes on read_lines._key = credit_notes._key
),

taxes as ({{ json_items('lines', '$.taxes', ['_key', 'currency', 'line_position']) }}),

source as (
    {{ json_fields('taxes', 'item', {
        'amount': '$.amount',
        'tax_behavior': '$.tax_behavior',
        'tax_rate_id': '$.tax_rate_details.tax_rate',
        'taxable_amount': '$.taxable_amount'
    }, ['_key', 'currency', 'line_position', 'position']) }}
),

stg_stripe__credit_note_line_taxes as (
    select
        -- ids
        source._key as credit_note_id,
        source.line_position,
        source.position as tax_position,
        source.tax_rate_id,

        -- amounts, whole minor units in ISO's counting
        {{ iso_minor('source.amount') }} as tax_minor,
        {{ iso_minor('source.taxable_amount') }} as taxable_minor,
        coalesce(source.tax_behavior = 'inclusive', false) as is_inclusive
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_stripe__credit_note_line_taxes
