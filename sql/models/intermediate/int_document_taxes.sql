-- One row per document and tax code: the source's own figure where it names one, together exactly the document's tax.
with

documents as (select * from {{ ref('int_documents') }} where tax_minor <> 0),

named_taxes as (select * from {{ ref('int_document_named_taxes') }}),

lines as (select * from {{ ref('int_document_lines') }}),

tax_codes as (select * from {{ ref('tax_codes') }}),

-- The source's own amount for each tax that is one tax in the books too.
named as (
    select
        named_taxes.source_system,
        named_taxes.source_invoice_id,
        named_taxes.kind,
        named_taxes.tax_code,
        cast(sum(named_taxes.tax_minor) as bigint) as tax_minor
    from named_taxes
    inner join tax_codes on named_taxes.tax_code = tax_codes.tax_code and {{ members_of('tax_codes') }} is null
    group by named_taxes.source_system, named_taxes.source_invoice_id, named_taxes.kind, named_taxes.tax_code
),

-- What each code would make on the lines that carry it, for documents on which no tax is named, or one that stands for two.
computed as (
    select
        lines.source_system,
        lines.source_invoice_id,
        lines.kind,
        tax_codes.tax_code,
        cast(round(sum(lines.amount_minor * tax_codes.rate) * cast(0.01 as decimal(3, 2)), 0) as bigint) as tax_minor
    from lines
    inner join tax_codes on contains(',' || lines.tax_codes || ',', ',' || tax_codes.tax_code || ',')
    group by lines.source_system, lines.source_invoice_id, lines.kind, tax_codes.tax_code
),

drafted as (
    select
        documents.source_system,
        documents.source_invoice_id,
        documents.kind,
        documents.tax_minor as document_tax_minor,
        coalesce(computed.tax_code, named.tax_code) as tax_code,
        coalesce(named.tax_minor, computed.tax_minor) as tax_minor
    from documents
    inner join computed
        on documents.source_system = computed.source_system
        and documents.source_invoice_id = computed.source_invoice_id
        and documents.kind = computed.kind
    left join named
        on computed.source_system = named.source_system
        and computed.source_invoice_id = named.source_invoice_id
        and computed.kind = named.kind
        and computed.tax_code = named.tax_code
),

ranked as (
    select
        drafted.*,
        row_number() over (
            partition by source_system, source_invoice_id, kind order by abs(tax_minor) desc, tax_code
        ) as by_size,
        sum(tax_minor) over (partition by source_system, source_invoice_id, kind) as drafted_minor
    from drafted
),

int_document_taxes as (
    select
        source_system,
        source_invoice_id,
        kind,
        tax_code,
        -- Taxes are rounded each by itself and together (facts: lago, "Rounding"): the cent between goes to the largest.
        cast(tax_minor + case when by_size = 1 then document_tax_minor - drafted_minor else 0 end as bigint) as tax_minor
    from ranked
)

select * from int_document_taxes
