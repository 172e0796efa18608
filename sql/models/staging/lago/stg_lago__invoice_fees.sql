-- One row per fee inside a Lago invoice.
with

invoices as (select * from {{ source('lago', 'invoices') }}),

units as (select * from {{ ref('currency_units') }} where source = 'lago'),

fees as ({{ json_items('invoices', '$.fees', ['_key']) }}),

source as (
    {{ json_fields('fees', 'item', {
        'fee_id': '$.lago_id',
        'item_type': '$.item.type',
        'item_name': '$.item.name',
        'display_name': '$.item.invoice_display_name',
        'fee_display_name': '$.invoice_display_name',
        'currency': '$.amount_currency',
        'units': '$.units',
        'amount': '$.amount_cents',
        'precise_coupons': '$.precise_coupons_amount_cents',
        'sub_total': '$.sub_total_excluding_taxes_amount_cents',
        'taxes': '$.taxes_amount_cents',
        'taxes_rate': '$.taxes_rate',
        'from_date': '$.from_date',
        'to_date': '$.to_date'
    }, ['_key', 'item', 'position']) }}
),

stg_lago__invoice_fees as (
    select
        -- ids
        source._key as invoice_id,
        source.position as line_position,
        source.fee_id as line_id,
        coalesce(
            nullif(source.fee_display_name, ''), nullif(source.display_name, ''), nullif(source.item_name, ''), ''
        ) as description,
        source.item_type,
        coalesce(try_cast(source.units as decimal(18, 6)), 1) as quantity,

        -- amounts, whole minor units in ISO's counting
        upper(source.currency) as currency_code,
        {{ iso_minor('source.amount') }} as gross_minor,
        -- Servers before 1.45.2 send the coupon's share only as precise text.
        coalesce(
            {{ iso_minor('source.sub_total') }},
            {{ iso_minor('source.amount') }}
            - cast(round(coalesce(try_cast(source.precise_coupons as decimal(24, 6)), 0)
                * coalesce(units.iso_per_unit, 1), 0) as bigint)
        ) as net_minor,
        {{ iso_minor('source.taxes') }} as tax_minor,
        try_cast(source.taxes_rate as decimal(9, 6)) as taxes_rate,
        {{ json_all_whole('source.item', ['$.amount_cents']) }} as has_whole_amounts,
        {{ iso_exact(['source.amount', 'source.sub_total']) }} as has_exact_amounts,
        {{ json_is_array('source.item', '$.applied_taxes') }} as has_taxes_listed,

        -- times, UTC
        try_cast(source.from_date as timestamptz) as period_start_at,
        try_cast(source.to_date as timestamptz) as period_end_at
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_lago__invoice_fees
