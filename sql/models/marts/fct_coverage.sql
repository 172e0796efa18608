-- One row per coverage class and currency: the issued invoices of NexaCloud with and without a subscription.
with

invoices as (
    select * from {{ ref('fct_invoices') }}
    where nexacloud_invoice_id <> '' and record_verdict <> 'draft' and is_issued and is_revenue
),

classed as (
    select
        case when subscription_id is null then 'no_subscription' else 'subscription' end as coverage_class,
        currency_code,
        count(*) as invoice_count,
        cast(sum(nexacloud_subtotal_minor) as bigint) as subtotal_minor
    from invoices
    group by 1, 2
),

fct_coverage as (
    select
        coverage_class,
        currency_code,
        invoice_count,
        subtotal_minor,
        cast(
            100 * cast(subtotal_minor as decimal(24, 4))
            / nullif(sum(subtotal_minor) over (partition by currency_code), 0) as decimal(9, 2)
        ) as share_percent
    from classed
)

select * from fct_coverage
