-- One row per invoice or credit note of a source, for finance.
with

source as (select * from {{ ref('fct_invoices') }}),

ledger_check as (select * from {{ ref('fct_ledger_check') }}),

invoices as (
    select
        source.source_system,
        source.source_invoice_id,
        source.kind,
        source.nexacloud_invoice_id,
        source.invoice_number,
        source.corrects_source_invoice_id,
        source.customer_id,
        source.customer_name,
        source.invoiced_on,
        source.due_on,
        source.paid_on,
        '{{ var("company_time_zone") }}' as time_zone,
        source.currency_code,
        source.subtotal_minor,
        source.tax_minor,
        source.total_minor,
        source.paid_minor,
        source.open_minor,
        source.source_status,
        source.nexacloud_status,
        source.verdict,
        source.verdict_reason,
        source.park_reason,
        ledger_check.ledger_state,
        source.landed_at as changed_at
    from source
    left join ledger_check
        on source.source_system = ledger_check.source_system
        and source.source_invoice_id = ledger_check.source_invoice_id
        and source.kind = ledger_check.kind
)

select * from invoices
