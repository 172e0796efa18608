-- One row per invoice or credit note of a source, with where people find it there.
with

stripe_invoices as (select * from {{ ref('stg_stripe__invoices') }}),

stripe_credit_notes as (select * from {{ ref('stg_stripe__credit_notes') }}),

lago_invoices as (select * from {{ ref('stg_lago__invoices') }}),

lago_credit_notes as (select * from {{ ref('stg_lago__credit_notes') }}),

-- Stripe's dashboard wants a login and never runs out; its hosted page is the customer's and opens for whoever has it. A
-- credit note is shown on the page of its invoice.
found as (
    select
        'stripe' as source_system,
        invoice_id as source_invoice_id,
        'invoice' as kind,
        'https://dashboard.stripe.com/' || case when is_live then '' else 'test/' end || 'invoices/' || invoice_id as source_url,
        pdf_url
    from stripe_invoices
    union all
    select
        'stripe',
        credit_note_id,
        'credit_note',
        'https://dashboard.stripe.com/' || case when is_live then '' else 'test/' end || 'invoices/' || invoice_id,
        pdf_url
    from stripe_credit_notes
    union all
    select
        'lago',
        invoice_id,
        'invoice',
        nullif('{{ var("lago_app_url") }}', '') || '/customer/' || lago_customer_id || '/invoice/' || invoice_id || '/overview',
        pdf_url
    from lago_invoices
    union all
    select
        'lago',
        credit_note_id,
        'credit_note',
        nullif('{{ var("lago_app_url") }}', '') || '/customer/' || lago_customer_id || '/invoice/' || invoice_id || '/credit-notes/'
            || credit_note_id,
        pdf_url
    from lago_credit_notes
),

fct_document_pages as (
    select
        source_system,
        source_invoice_id,
        kind,
        coalesce(source_url, '') as source_url,
        coalesce(pdf_url, '') as pdf_url
    from found
)

select * from fct_document_pages
