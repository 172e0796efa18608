-- One row per document: the tax codes of its lines where the source lists none on them; NULL when that cannot be told.
with

documents as (select * from {{ ref('int_documents') }}),

named_taxes as (select * from {{ ref('int_document_named_taxes') }}),

tax_codes as (select * from {{ ref('tax_codes') }}),

named as (
    select
        named_taxes.source_system,
        named_taxes.source_invoice_id,
        named_taxes.kind,
        case
            when count(*) = count(named_taxes.tax_code) then coalesce(
                string_agg(
                    distinct nullif(coalesce({{ members_of('tax_codes') }}, named_taxes.tax_code), ''), ','
                    order by nullif(coalesce({{ members_of('tax_codes') }}, named_taxes.tax_code), '')
                ), '')
        end as tax_codes,
        min(named_taxes.taxable_minor) as least_taxable_minor
    from named_taxes
    left join tax_codes on named_taxes.tax_code = tax_codes.tax_code
    group by named_taxes.source_system, named_taxes.source_invoice_id, named_taxes.kind
),

-- No name anywhere: the one named tax whose rate gives this tax, to the rounding. Two that fit are none.
by_rate as (
    select
        documents.source_system,
        documents.source_invoice_id,
        documents.kind,
        case when count(*) = 1
            then min(coalesce({{ members_of('tax_codes') }}, tax_codes.tax_code))
        end as tax_codes
    from documents
    inner join tax_codes
        on abs(cast(documents.subtotal_minor as decimal(24, 0)) * tax_codes.rate - 100 * documents.tax_minor) <= 50
    where documents.tax_minor <> 0
    group by documents.source_system, documents.source_invoice_id, documents.kind
),

int_document_fallback_taxes as (
    select
        documents.source_system,
        documents.source_invoice_id,
        documents.kind,
        case
            when documents.tax_minor = 0 then ''
            when named.source_invoice_id is null then by_rate.tax_codes
            when coalesce(named.least_taxable_minor, documents.subtotal_minor) = documents.subtotal_minor
                then named.tax_codes
        end as tax_codes
    from documents
    left join named
        on documents.source_system = named.source_system
        and documents.source_invoice_id = named.source_invoice_id
        and documents.kind = named.kind
    left join by_rate
        on documents.source_system = by_rate.source_system
        and documents.source_invoice_id = by_rate.source_invoice_id
        and documents.kind = by_rate.kind
)

select * from int_document_fallback_taxes
