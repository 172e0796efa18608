-- One row per line that no family rule knows, for finance.
with

source as (select * from {{ ref('fct_unmatched_lines') }}),

unmatched_lines as (
    select
        source_system,
        source_invoice_id,
        kind,
        line_position,
        invoice_number,
        customer_name,
        invoiced_on,
        '{{ var("company_time_zone") }}' as time_zone,
        description,
        amount_minor,
        currency_code,
        verdict
    from source
)

select * from unmatched_lines
