-- One row per service, subscription and period that has billing; the period of an invoice spans those of its items.
with

billed_items as (select * from {{ ref('int_billed_items') }} where subscription_id is not null),

families as (select * from {{ ref('int_families') }}),

invoices as (
    select
        billed_items.service,
        billed_items.subscription_id,
        billed_items.source_invoice_id,
        billed_items.currency_code,
        min(billed_items.period_start_at) as period_start_at,
        max(billed_items.period_end_at) as period_end_at,
        cast(sum(billed_items.amount_minor) as bigint) as billed_minor,
        bool_or(coalesce(families.is_proration, false)) as has_proration,
        max(billed_items._landed_at) as landed_at
    from billed_items
    left join families on billed_items.description = families.description
    group by
        billed_items.service, billed_items.subscription_id, billed_items.source_invoice_id, billed_items.currency_code
),

int_subscription_periods as (
    select
        service,
        subscription_id,
        period_start_at,
        period_end_at,
        currency_code,
        cast(sum(billed_minor) as bigint) as billed_minor,
        bool_or(has_proration) as has_proration,
        count(*) as invoice_count,
        {{ joined('source_invoice_id', ',', 'source_invoice_id') }} as invoice_ids,
        max(landed_at) as landed_at
    from invoices
    group by service, subscription_id, period_start_at, period_end_at, currency_code
)

select * from int_subscription_periods
