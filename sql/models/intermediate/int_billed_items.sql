-- One row per item of an invoice that was issued and not voided, with the period it is for: what was billed, before tax.
with

documents as (
    select * from {{ ref('int_documents') }}
    where kind = 'invoice' and is_issued and is_revenue and record_verdict <> 'void'
),

document_lines as (select * from {{ ref('int_document_lines') }} where kind = 'invoice'),

nexacloud as (select * from {{ ref('int_nexacloud_invoices') }}),

items as (select * from {{ ref('stg_nexacloud__invoice_items') }}),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

-- NexaCloud's items say which period they are for; at Stripe every line has a period, whether it means one or not.
of_nexacloud as (
    select
        'nexacloud' as service,
        documents.source_system,
        documents.source_invoice_id,
        nexacloud.subscription_id,
        documents.record_verdict,
        documents.currency_code,
        items.description,
        {{ minor_of_major('items.amount') }} as amount_minor,
        items.period_start_at,
        items.period_end_at,
        documents._landed_at
    from documents
    inner join nexacloud
        on documents.source_system = nexacloud.source_system
        and documents.source_invoice_id = nexacloud.source_invoice_id
    inner join items on nexacloud.nexacloud_invoice_id = items.nexacloud_invoice_id
    left join units on documents.currency_code = units.currency_code
),

of_other_services as (
    select
        documents.source_system as service,
        documents.source_system,
        documents.source_invoice_id,
        cast(null as varchar) as subscription_id,
        documents.record_verdict,
        documents.currency_code,
        document_lines.description,
        document_lines.amount_minor,
        document_lines.period_start_at,
        document_lines.period_end_at,
        documents._landed_at
    from documents
    inner join document_lines
        on documents.source_system = document_lines.source_system
        and documents.source_invoice_id = document_lines.source_invoice_id
    left join nexacloud
        on documents.source_system = nexacloud.source_system
        and documents.source_invoice_id = nexacloud.source_invoice_id
    where nexacloud.source_invoice_id is null
),

int_billed_items as (
    select * from of_nexacloud
    union all
    select * from of_other_services
)

select * from int_billed_items
