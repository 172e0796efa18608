-- One row per line of a Stripe credit note: the embedded ones, or all of `credit_note_lines` where it has more than ten.
with

credit_notes as (
    select _key, payload, {{ json_text('payload', '$.currency') }} as currency from {{ source('stripe', 'credit_notes') }}
),

overflow as (select * from {{ source('stripe', 'credit_note_lines') }} where not _deleted),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

read_lines as ({{ stripe_lines('credit_notes', 'overflow') }}),

lines as (
    select read_lines.*, credit_notes.currency
    from read_lines
    inner join credit_notes on read_lines._key = credit_notes._key
),

source as (
    {{ json_fields('lines', 'item', {
        'line_id': '$.id',
        'invoice_line_id': '$.invoice_line_item',
        'description': '$.description',
        'amount': '$.amount',
        'quantity': '$.quantity'
    }, ['_key', 'item', 'position', 'currency']) }}
),

stg_stripe__credit_note_lines as (
    select
        -- ids
        source._key as credit_note_id,
        source.position as line_position,
        source.line_id,
        source.invoice_line_id,
        coalesce(source.description, '') as description,
        coalesce(try_cast(source.quantity as decimal(18, 6)), 1) as quantity,

        -- amounts, whole minor units in ISO's counting
        {{ iso_minor('source.amount') }} as gross_minor,
        {{ iso_minor(json_sum_of_first('source.item', '$.pretax_credit_amounts', '$.discount_amounts')) }} as discount_minor,
        {{ iso_exact(['source.amount']) }} as has_exact_amounts
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_stripe__credit_note_lines
