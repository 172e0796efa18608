-- One row per service, subscription and period with billing; one per month for what has no subscription.
with

source as (select * from {{ ref('fct_reconciliation') }}),

reconciliation as (
    select
        service,
        subscription_id,
        period_start_on,
        period_end_on,
        month,
        '{{ var("company_time_zone") }}' as time_zone,
        class,
        difference_class,
        expected_minor,
        billed_minor,
        ledger_minor,
        difference_minor,
        currency_code,
        ratio,
        invoice_ids
    from source
)

select * from reconciliation
