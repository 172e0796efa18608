-- One row per tax that a source names on a whole document; the amount is the source's own.
with

stripe_invoice_taxes as (select * from {{ ref('stg_stripe__invoice_taxes') }}),

stripe_credit_taxes as (select * from {{ ref('stg_stripe__credit_note_taxes') }}),

stripe_rates as (select * from {{ ref('stg_stripe__tax_rates') }}),

lago_taxes as (select * from {{ ref('stg_lago__invoice_taxes') }}),

tax_mapping as (select * from {{ ref('int_tax_mapping') }}),

stripe_taxes as (
    select 'invoice' as kind, invoice_id as source_invoice_id, tax_position, tax_rate_id, tax_minor, taxable_minor, is_inclusive
    from stripe_invoice_taxes
    union all
    select 'credit_note', credit_note_id, tax_position, tax_rate_id, tax_minor, taxable_minor, is_inclusive
    from stripe_credit_taxes
),

unified as (
    select
        'stripe' as source_system,
        stripe_taxes.source_invoice_id,
        stripe_taxes.kind,
        stripe_taxes.tax_position,
        coalesce(stripe_rates.tax_words, stripe_taxes.tax_rate_id, '') as tax_words,
        stripe_rates.rate,
        stripe_taxes.tax_minor,
        stripe_taxes.taxable_minor,
        stripe_taxes.is_inclusive
    from stripe_taxes
    left join stripe_rates on stripe_taxes.tax_rate_id = stripe_rates.tax_rate_id
    union all
    select 'lago', invoice_id, 'invoice', tax_position, tax_words, rate, tax_minor, taxable_minor, false
    from lago_taxes
),

int_document_named_taxes as (
    select
        unified.source_system,
        unified.source_invoice_id,
        unified.kind,
        unified.tax_position,
        unified.tax_words,
        unified.rate,
        case when unified.rate is null and unified.tax_minor = 0 then '' else tax_mapping.tax_code end as tax_code,
        unified.tax_minor,
        unified.taxable_minor,
        unified.is_inclusive
    from unified
    left join tax_mapping on unified.tax_words = tax_mapping.tax_words and unified.rate = tax_mapping.rate
)

select * from int_document_named_taxes
