-- One row per tax of a line of a Stripe credit note.
with

credit_notes as (
    select _key, payload, {{ json_text('payload', '$.currency') }} as currency from {{ source('stripe', 'credit_notes') }}
),

overflow as (select * from {{ source('stripe', 'credit_note_lines') }} where not _deleted),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

short_notes as (
    select * from credit_notes where coalesce({{ json_text('payload', '$.lines.has_more') }}, 'false') <> 'true'
),

embedded as ({{ json_items('short_notes', '$.lines.data', ['_key', 'currency']) }}),

numbered as (
    select
        credit_notes._key,
        credit_notes.currency,
        overflow.payload as item,
        row_number() over (partition by credit_notes._key order by overflow._key) as position
    from overflow
    inner join credit_notes on split_part(overflow._key, '|', 1) = credit_notes._key
),

lines as (
    select _key, currency, position as line_position, item as payload from embedded
    union all
    select _key, currency, position as line_position, item as payload from numbered
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
