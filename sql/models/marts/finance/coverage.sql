-- One row per coverage class and currency: issued invoices of NexaCloud with and without a subscription.
with

source as (select * from {{ ref('fct_coverage') }}),

coverage as (
    select
        coverage_class,
        invoice_count,
        subtotal_minor,
        share_percent,
        currency_code
    from source
)

select * from coverage
