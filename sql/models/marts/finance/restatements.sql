-- One row per closed month, document, service family and currency whose figure is another one today.
with

source as (select * from {{ ref('fct_restatements') }}),

restatements as (
    select
        restatement_key,
        month,
        class,
        '{{ var("company_time_zone") }}' as time_zone,
        source_system,
        source_invoice_id,
        kind,
        invoice_number,
        service_family,
        currency_code,
        closed_verdict,
        verdict,
        closed_invoiced_minor,
        closed_credited_minor,
        closed_net_minor,
        closed_paid_minor,
        invoiced_minor,
        credited_minor,
        net_minor,
        paid_minor,
        invoiced_difference_minor,
        credited_difference_minor,
        net_difference_minor,
        paid_difference_minor,
        closed_at,
        first_seen_on,
        says
    from source
)

select * from restatements
