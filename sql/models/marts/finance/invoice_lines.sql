-- One row per line of an invoice or credit note, for finance.
with

lines as (select * from {{ ref('fct_invoice_lines') }}),

invoice_lines as (
    select
        source_system,
        source_invoice_id,
        kind,
        line_position,
        description,
        service_family,
        family_rule,
        is_proration,
        amount_minor,
        currency_code,
        tax_codes,
        period_start_on,
        period_end_on,
        '{{ var("company_time_zone") }}' as time_zone
    from lines
)

select * from invoice_lines
