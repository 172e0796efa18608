-- One row per tax of a line of a document; tax_code is NULL where no named tax fits and '' where there is none to charge.
with

stripe_line_taxes as (select * from {{ ref('stg_stripe__invoice_line_taxes') }}),

stripe_credit_taxes as (select * from {{ ref('stg_stripe__credit_note_line_taxes') }}),

stripe_rates as (select * from {{ ref('stg_stripe__tax_rates') }}),

lago_fee_taxes as (select * from {{ ref('stg_lago__invoice_fee_taxes') }}),

lago_credit_taxes as (select * from {{ ref('stg_lago__credit_note_item_taxes') }}),

tax_mapping as (select * from {{ ref('int_tax_mapping') }}),

stripe_taxes as (
    select 'invoice' as kind, invoice_id as source_invoice_id, line_position, tax_position, tax_rate_id, tax_minor, is_inclusive
    from stripe_line_taxes
    union all
    select 'credit_note', credit_note_id, line_position, tax_position, tax_rate_id, tax_minor, is_inclusive
    from stripe_credit_taxes
),

unified as (
    select
        'stripe' as source_system,
        stripe_taxes.source_invoice_id,
        stripe_taxes.kind,
        stripe_taxes.line_position,
        stripe_taxes.tax_position,
        coalesce(stripe_rates.tax_words, stripe_taxes.tax_rate_id, '') as tax_words,
        stripe_rates.rate,
        stripe_taxes.tax_minor,
        stripe_taxes.is_inclusive
    from stripe_taxes
    left join stripe_rates on stripe_taxes.tax_rate_id = stripe_rates.tax_rate_id
    union all
    select 'lago', invoice_id, 'invoice', line_position, tax_position, tax_words, rate, tax_minor, false
    from lago_fee_taxes
    union all
    select 'lago', credit_note_id, 'credit_note', line_position, tax_position, tax_words, rate, null, false
    from lago_credit_taxes
),

int_line_taxes as (
    select
        unified.source_system,
        unified.source_invoice_id,
        unified.kind,
        unified.line_position,
        unified.tax_position,
        unified.tax_words,
        unified.rate,
        -- A tax of nothing without a rate is how Stripe lists what is not taxable.
        case when unified.rate is null and unified.tax_minor = 0 then '' else tax_mapping.tax_code end as tax_code,
        unified.tax_minor,
        unified.is_inclusive
    from unified
    left join tax_mapping on unified.tax_words = tax_mapping.tax_words and unified.rate = tax_mapping.rate
)

select * from int_line_taxes
