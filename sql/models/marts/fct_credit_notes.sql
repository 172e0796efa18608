-- One row per credit note, beside the invoice it corrects.
with

invoices as (select * from {{ ref('fct_invoices') }}),

fct_credit_notes as (
    select
        notes.source_system,
        notes.source_invoice_id as credit_note_id,
        notes.invoice_number as credit_note_number,
        notes.corrects_source_invoice_id,
        corrected.invoice_number as corrects_invoice_number,
        notes.customer_id,
        notes.invoiced_on as credited_on,
        notes.currency_code,
        notes.subtotal_minor,
        notes.tax_minor,
        notes.total_minor,
        notes.verdict,
        notes.verdict_reason
    from invoices as notes
    left join invoices as corrected
        on notes.source_system = corrected.source_system
        and notes.corrects_source_invoice_id = corrected.source_invoice_id
        and corrected.kind = 'invoice'
    where notes.kind = 'credit_note'
)

select * from fct_credit_notes
