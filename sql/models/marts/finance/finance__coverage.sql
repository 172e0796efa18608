-- One row per coverage class and currency: issued invoices of NexaCloud with and without a subscription.
{{ config(alias='coverage') }}

with

coverage as (select * from {{ ref('fct_coverage') }}),

finance__coverage as (
    select
        coverage_class,
        invoice_count,
        subtotal_minor,
        share_percent,
        currency_code
    from coverage
)

select * from finance__coverage
