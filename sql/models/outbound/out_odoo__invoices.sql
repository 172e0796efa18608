-- One row per invoice or credit note of a source, postable or not.
with

invoices as (select * from {{ ref('fct_invoices') }}),

lines as (select * from {{ ref('fct_invoice_lines') }}),

pages as (select * from {{ ref('fct_document_pages') }}),

rates as (select * from {{ ref('fct_invoice_rates') }}),

taxes as (select * from {{ ref('fct_invoice_taxes') }}),

line_hashes as (
    select
        source_system,
        source_invoice_id,
        kind,
        {{ rows_hash([
            'line_position', 'description', 'service_family', 'quantity', 'amount_minor', 'tax_codes'
        ]) }} as lines_hash
    from lines
    group by source_system, source_invoice_id, kind
),

tax_hashes as (
    select
        source_system,
        source_invoice_id,
        kind,
        {{ rows_hash(['tax_code', 'tax_minor']) }} as taxes_hash
    from taxes
    group by source_system, source_invoice_id, kind
),

joined as (
    select
        invoices.*,
        line_hashes.lines_hash,
        tax_hashes.taxes_hash,
        coalesce(pages.source_url, '') as source_url,
        coalesce(pages.pdf_url, '') as pdf_url,
        rates.source_rate,
        coalesce(rates.no_rate_reason, '') as no_rate_reason
    from invoices
    left join rates
        on invoices.source_system = rates.source_system
        and invoices.source_invoice_id = rates.source_invoice_id
        and invoices.kind = rates.kind
    left join pages
        on invoices.source_system = pages.source_system
        and invoices.source_invoice_id = pages.source_invoice_id
        and invoices.kind = pages.kind
    left join line_hashes
        on invoices.source_system = line_hashes.source_system
        and invoices.source_invoice_id = line_hashes.source_invoice_id
        and invoices.kind = line_hashes.kind
    left join tax_hashes
        on invoices.source_system = tax_hashes.source_system
        and invoices.source_invoice_id = tax_hashes.source_invoice_id
        and invoices.kind = tax_hashes.kind
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
        source_rate,
        no_rate_reason,
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
            'stripe_customer_id', 'lines_hash', 'taxes_hash', 'source_rate'
        ]) }} as content_hash
    from joined
)

select * from out_odoo__invoices
