-- One row per document and service family, with what it counts in the revenue of its month.
with

source as (select * from {{ ref('fct_revenue_documents') }}),

revenue_documents as (
    select
        source_system,
        source_invoice_id,
        kind,
        invoice_number,
        month,
        '{{ var("company_time_zone") }}' as time_zone,
        service_family,
        currency_code,
        verdict,
        is_counted,
        invoiced_minor,
        credited_minor,
        net_minor,
        paid_minor
    from source
)

select * from revenue_documents
