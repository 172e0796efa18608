-- One row per invoice or credit note of a source, postable or not.
with

invoices as (select * from {{ ref('fct_invoices') }}),

lines as (select * from {{ ref('fct_invoice_lines') }}),

pages as (select * from {{ ref('fct_document_pages') }}),

taxes as (select * from {{ ref('fct_invoice_taxes') }}),

line_texts as (
    select
        source_system,
        source_invoice_id,
        kind,
        string_agg(
            concat_ws('~', line_position, description, service_family, quantity, amount_minor, coalesce(tax_codes, '?')), '|'
            order by line_position
        ) as lines_text
    from lines
    group by source_system, source_invoice_id, kind
),

tax_texts as (
    select
        source_system,
        source_invoice_id,
        kind,
        string_agg(tax_code || '~' || tax_minor, '|' order by tax_code) as taxes_text
    from taxes
    group by source_system, source_invoice_id, kind
),

joined as (
    select
        invoices.*,
        line_texts.lines_text,
        tax_texts.taxes_text,
        coalesce(pages.source_url, '') as source_url,
        coalesce(pages.pdf_url, '') as pdf_url
    from invoices
    left join pages
        on invoices.source_system = pages.source_system
        and invoices.source_invoice_id = pages.source_invoice_id
        and invoices.kind = pages.kind
    left join line_texts
        on invoices.source_system = line_texts.source_system
        and invoices.source_invoice_id = line_texts.source_invoice_id
        and invoices.kind = line_texts.kind
    left join tax_texts
        on invoices.source_system = tax_texts.source_system
        and invoices.source_invoice_id = tax_texts.source_invoice_id
        and invoices.kind = tax_texts.kind
),

out_odoo__invoices as (
    select
        source_system,
        source_invoice_id,
        kind,
        nexacloud_invoice_id,
        stripe_invoice_id,
        stripe_customer_id,
        coalesce(customer_id, '') as customer_id,
        invoice_number,
        corrects_source_invoice_id,
        invoiced_on,
        due_on,
        currency_code,
        subtotal_minor,
        tax_minor,
        total_minor,
        paid_minor,
        paid_on,
        settles_corrected_minor,
        coalesce(source_status, '') as source_status,
        verdict,
        verdict_reason,
        is_postable,
        park_reason,
        source_url,
        pdf_url,
        {{ content_hash([
            'customer_id', 'invoice_number', 'corrects_source_invoice_id', 'invoiced_on', 'due_on', 'currency_code',
            'subtotal_minor', 'tax_minor', 'total_minor', 'nexacloud_invoice_id', 'stripe_invoice_id',
            'stripe_customer_id', 'lines_text', 'taxes_text'
        ]) }} as content_hash
    from joined
)

select * from out_odoo__invoices
