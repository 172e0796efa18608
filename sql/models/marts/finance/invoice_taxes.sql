-- One row per invoice or credit note and tax on it, for finance: what a return of sales tax is added up from. Not of self-billed ones.
with

taxes as (select * from {{ ref('fct_invoice_taxes') }} where is_sales_tax),

invoices as (select * from {{ ref('fct_invoices') }}),

lines as (select * from {{ ref('fct_invoice_lines') }}),

tax_codes as (select * from {{ ref('tax_codes') }}),

-- What the tax was taken on: the lines that carry it.
taxable as (
    select
        taxes.source_system,
        taxes.source_invoice_id,
        taxes.kind,
        taxes.tax_code,
        cast(sum(lines.amount_minor) as bigint) as taxable_minor
    from taxes
    inner join lines
        on taxes.source_system = lines.source_system
        and taxes.source_invoice_id = lines.source_invoice_id
        and taxes.kind = lines.kind
        and contains(',' || lines.tax_codes || ',', ',' || taxes.tax_code || ',')
    group by taxes.source_system, taxes.source_invoice_id, taxes.kind, taxes.tax_code
),

invoice_taxes as (
    select
        taxes.source_system,
        taxes.source_invoice_id,
        taxes.kind,
        invoices.invoice_number,
        {{ month_of('invoices.invoiced_on') }} as month,
        invoices.invoiced_on,
        '{{ var("company_time_zone") }}' as time_zone,
        invoices.verdict,
        taxes.tax_code,
        tax_codes.tax_name,
        tax_codes.rate as rate_percent,
        invoices.currency_code,
        taxable.taxable_minor,
        taxes.tax_minor
    from taxes
    inner join invoices
        on taxes.source_system = invoices.source_system
        and taxes.source_invoice_id = invoices.source_invoice_id
        and taxes.kind = invoices.kind
    left join tax_codes on taxes.tax_code = tax_codes.tax_code
    left join taxable
        on taxes.source_system = taxable.source_system
        and taxes.source_invoice_id = taxable.source_invoice_id
        and taxes.kind = taxable.kind
        and taxes.tax_code = taxable.tax_code
)

select * from invoice_taxes
