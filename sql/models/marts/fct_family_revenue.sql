-- One row per month of issue, service family and currency; amounts before tax, of documents that their source confirmed.
with

documents as (select * from {{ ref('fct_revenue_documents') }} where is_counted),

families as (select * from {{ ref('family_accounts') }}),

fct_family_revenue as (
    select
        documents.month,
        documents.service_family,
        documents.currency_code,
        cast(sum(documents.invoiced_minor) as bigint) as invoiced_minor,
        cast(sum(documents.credited_minor) as bigint) as credited_minor,
        cast(sum(documents.net_minor) as bigint) as net_minor,
        cast(sum(documents.paid_minor) as bigint) as paid_minor,
        count(case when documents.kind = 'invoice' then 1 end) as invoice_count,
        coalesce(bool_or(families.needs_review), true) as needs_review
    from documents
    left join families on documents.service_family = families.service_family
    group by documents.month, documents.service_family, documents.currency_code
)

select * from fct_family_revenue
