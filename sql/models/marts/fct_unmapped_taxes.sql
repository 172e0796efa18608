-- One row per line whose tax maps to no named tax: it parks its invoice until the seed tax_names has a row for it.
with

lines as (select * from {{ ref('fct_invoice_lines') }} where tax_codes is null),

line_taxes as (select * from {{ ref('int_line_taxes') }}),

documents as (select * from {{ ref('int_documents') }}),

words as (
    select
        source_system,
        source_invoice_id,
        kind,
        line_position,
        string_agg(tax_words || coalesce(' (' || {{ rate_text('rate') }} || ' %)', ''), ', ' order by tax_position) as source_says
    from line_taxes
    where tax_code is null
    group by source_system, source_invoice_id, kind, line_position
),

fct_unmapped_taxes as (
    select
        lines.source_system,
        lines.source_invoice_id,
        lines.kind,
        lines.line_position,
        documents.invoice_number,
        lines.description,
        lines.amount_minor,
        documents.tax_minor as document_tax_minor,
        cast(
            100 * cast(documents.tax_minor as decimal(24, 6)) / nullif(documents.subtotal_minor, 0) as decimal(9, 4)
        ) as document_rate_percent,
        documents.currency_code,
        coalesce(words.source_says, 'its source names no tax') as source_says
    from lines
    inner join documents
        on lines.source_system = documents.source_system
        and lines.source_invoice_id = documents.source_invoice_id
        and lines.kind = documents.kind
    left join words
        on lines.source_system = words.source_system
        and lines.source_invoice_id = words.source_invoice_id
        and lines.kind = words.kind
        and lines.line_position = words.line_position
)

select * from fct_unmapped_taxes
