-- One row per line of a Stripe invoice: the embedded ones, or all of `invoice_lines` where the invoice has more than ten.
-- A table, because several models read it and each would parse every record again.
{{ config(materialized='table') }}

with

invoices as (select * from {{ source('stripe', 'invoices') }}),

overflow as (select * from {{ source('stripe', 'invoice_lines') }} where not _deleted),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

lines as ({{ stripe_lines('invoices', 'overflow') }}),

source as (
    {{ json_fields('lines', 'item', {
        'line_id': '$.id',
        'line_invoice_id': '$.invoice',
        'description': '$.description',
        'currency': '$.currency',
        'amount': '$.amount',
        'quantity': '$.quantity',
        'quantity_decimal': '$.quantity_decimal',
        'period_start': '$.period.start',
        'period_end': '$.period.end',
        'is_item_proration': '$.parent.invoice_item_details.proration',
        'is_subscription_proration': '$.parent.subscription_item_details.proration'
    }, ['_key', 'item', 'position']) }}
),

stg_stripe__invoice_lines as (
    select
        -- ids; a line's id is unique only together with its invoice
        source._key as invoice_id,
        source.position as line_position,
        source.line_id,
        coalesce(source.line_invoice_id, source._key) as line_invoice_id,
        coalesce(source.description, '') as description,

        -- `quantity` is truncated, `quantity_decimal` is not
        coalesce(
            try_cast(source.quantity_decimal as decimal(18, 6)), try_cast(source.quantity as decimal(18, 6)), 1
        ) as quantity,

        -- amounts, whole minor units in ISO's counting
        upper(source.currency) as currency_code,
        {{ iso_minor('source.amount') }} as gross_minor,
        {{ iso_minor(json_sum_of_first('source.item', '$.pretax_credit_amounts', '$.discount_amounts')) }} as discount_minor,
        {{ json_all_whole('source.item', ['$.amount']) }} as has_whole_amounts,
        {{ iso_exact(['source.amount']) }} as has_exact_amounts,
        {{ json_is_array('source.item', '$.taxes') }} as has_taxes_listed,

        -- times, UTC
        {{ moment_of_unix('source.period_start') }} as period_start_at,
        {{ moment_of_unix('source.period_end') }} as period_end_at,

        coalesce(source.is_item_proration = 'true' or source.is_subscription_proration = 'true', false) as is_proration
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_stripe__invoice_lines
