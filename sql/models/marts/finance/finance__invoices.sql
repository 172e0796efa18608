-- One row per invoice or credit note of a source, for finance.
{{ config(alias='invoices') }}

with

invoices as (select * from {{ ref('fct_invoices') }}),

ledger_check as (select * from {{ ref('fct_ledger_check') }}),

finance__invoices as (
    select
        invoices.source_system,
        invoices.source_invoice_id,
        invoices.kind,
        invoices.invoice_number,
        invoices.customer_id,
        invoices.customer_name,
        invoices.invoiced_on,
        invoices.due_on,
        invoices.paid_on,
        '{{ var("company_time_zone") }}' as time_zone,
        invoices.currency_code,
        invoices.subtotal_minor,
        invoices.tax_minor,
        invoices.total_minor,
        invoices.paid_minor,
        invoices.source_status,
        invoices.nexacloud_status,
        invoices.verdict,
        invoices.verdict_reason,
        invoices.park_reason,
        ledger_check.ledger_state
    from invoices
    left join ledger_check
        on invoices.source_system = ledger_check.source_system
        and invoices.source_invoice_id = ledger_check.source_invoice_id
        and invoices.kind = ledger_check.kind
)

select * from finance__invoices
