-- One row per line of an invoice or credit note, with its service family.
with

lines as (select * from {{ ref('int_document_lines') }}),

families as (select * from {{ ref('int_families') }}),

numbered as (
    select
        lines.*,
        row_number() over (
            partition by source_system, source_invoice_id, kind order by line_position, source_line_id
        ) as place
    from lines
),

fct_invoice_lines as (
    select
        numbered.source_system,
        numbered.source_invoice_id,
        numbered.kind,
        cast(numbered.place as integer) as line_position,
        numbered.source_line_id,
        numbered.description,
        -- A wallet top-up is owed back in service: whatever it is called, it belongs to no family of revenue.
        case when numbered.is_prepaid then 'prepaid' else families.service_family end as service_family,
        case when numbered.is_prepaid then 'a wallet top-up' else families.family_rule end as family_rule,
        numbered.is_proration or families.is_proration as is_proration,
        cast(numbered.quantity as decimal(18, 6)) as quantity,
        numbered.amount_minor,
        numbered.currency_code,
        numbered.tax_codes,
        {{ accounting_day('numbered.period_start_at') }} as period_start_on,
        {{ accounting_day('numbered.period_end_at') }} as period_end_on
    from numbered
    left join families on numbered.description = families.description
)

select * from fct_invoice_lines
