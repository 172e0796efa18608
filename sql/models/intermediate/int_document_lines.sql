-- One row per line of a document: what it adds to revenue, after discounts and before any tax, and its tax codes.
with

documents as (select * from {{ ref('int_documents') }}),

stripe_lines as (select * from {{ ref('stg_stripe__invoice_lines') }}),

stripe_credit_lines as (select * from {{ ref('stg_stripe__credit_note_lines') }}),

lago_fees as (select * from {{ ref('stg_lago__invoice_fees') }}),

lago_credit_items as (select * from {{ ref('stg_lago__credit_note_items') }}),

line_tax_codes as (select * from {{ ref('int_line_tax_codes') }}),

fallback_taxes as (select * from {{ ref('int_document_fallback_taxes') }}),

lines as (
    select
        'stripe' as source_system,
        invoice_id as source_invoice_id,
        'invoice' as kind,
        line_position,
        line_id as source_line_id,
        description,
        quantity,
        gross_minor - discount_minor as after_discount_minor,
        coalesce(has_taxes_listed, false) as has_taxes_listed,
        is_proration,
        period_start_at,
        period_end_at
    from stripe_lines
    union all
    select
        'stripe', credit_note_id, 'credit_note', line_position, line_id, description, quantity,
        gross_minor - discount_minor, true, false, null, null
    from stripe_credit_lines
    union all
    select
        'lago', invoice_id, 'invoice', line_position, line_id, description, quantity, net_minor,
        coalesce(has_taxes_listed, false), false, period_start_at, period_end_at
    from lago_fees
    union all
    select
        'lago', credit_note_id, 'credit_note', line_position, line_id, description, 1, gross_minor, false, false, null, null
    from lago_credit_items
),

-- What a progressive invoice already billed comes off the period's invoice as a line of its own.
progressive_credits as (
    select
        documents.source_system,
        documents.source_invoice_id,
        documents.kind,
        count(lines.line_position) + 1 as line_position,
        documents.source_invoice_id || ':progressive' as source_line_id,
        'Already billed when a usage threshold was reached' as description,
        cast(1 as decimal(18, 6)) as quantity,
        -documents.progressive_credit_minor as after_discount_minor,
        false as has_taxes_listed,
        true as is_proration,
        cast(null as timestamptz) as period_start_at,
        cast(null as timestamptz) as period_end_at
    from documents
    inner join lines
        on documents.source_system = lines.source_system
        and documents.source_invoice_id = lines.source_invoice_id
        and documents.kind = lines.kind
    where documents.progressive_credit_minor <> 0
        and documents.lines_remainder_minor = -documents.progressive_credit_minor
    group by
        documents.source_system, documents.source_invoice_id, documents.kind, documents.progressive_credit_minor
),

all_lines as (
    select * from lines
    union all
    select * from progressive_credits
),

ranked as (
    select
        all_lines.*,
        row_number() over (
            partition by all_lines.source_system, all_lines.source_invoice_id, all_lines.kind
            order by abs(all_lines.after_discount_minor) desc, all_lines.line_position
        ) as by_size
    from all_lines
),

int_document_lines as (
    select
        ranked.source_system,
        ranked.source_invoice_id,
        ranked.kind,
        cast(ranked.line_position as integer) as line_position,
        ranked.source_line_id,
        ranked.description,
        ranked.quantity,
        -- The rounding of coupon shares goes to the largest line, so that the lines make the subtotal exactly.
        ranked.after_discount_minor - coalesce(line_tax_codes.inclusive_tax_minor, 0)
        + case when ranked.by_size = 1 and documents.progressive_credit_minor = 0
            then documents.lines_remainder_minor else 0 end as amount_minor,
        case
            when line_tax_codes.source_invoice_id is not null then line_tax_codes.tax_codes
            when ranked.has_taxes_listed then ''
            else fallback_taxes.tax_codes
        end as tax_codes,
        ranked.is_proration,
        ranked.period_start_at,
        ranked.period_end_at,
        documents.currency_code,
        documents.is_prepaid
    from ranked
    inner join documents
        on ranked.source_system = documents.source_system
        and ranked.source_invoice_id = documents.source_invoice_id
        and ranked.kind = documents.kind
    left join line_tax_codes
        on ranked.source_system = line_tax_codes.source_system
        and ranked.source_invoice_id = line_tax_codes.source_invoice_id
        and ranked.kind = line_tax_codes.kind
        and ranked.line_position = line_tax_codes.line_position
    left join fallback_taxes
        on ranked.source_system = fallback_taxes.source_system
        and ranked.source_invoice_id = fallback_taxes.source_invoice_id
        and ranked.kind = fallback_taxes.kind
)

select * from int_document_lines
