-- What settled a document and what its source says is still open of it make its total, to the cent.
-- severity: warn
-- Stripe lists a payment some minutes after the invoice tells of it; until then this is rightly not so. A document whose money
-- cannot be booked is a break of its own (payment_not_booked).
with

documents as (
    select source_system, source_invoice_id, kind, currency_code, total_minor, open_minor, settles_corrected_minor
    from marts.fct_invoices
    where record_verdict = 'verified' and park_reason = '' and open_minor is not null
        and (source_system, source_invoice_id) not in (
            select (source_system, source_invoice_id) from marts.fct_payments where held = 'never'
        )
),

-- What came for an invoice less what of it was too much; what was given for a credit note.
moved as (
    select
        source_system,
        source_invoice_id,
        kind,
        sum(case
            when settles_kind = 'invoice' then amount_minor
            when movement = 'overpayment' then -amount_minor
            when settles_kind = 'credit_note' then amount_minor
            else 0
        end) as moved_minor
    from marts.fct_payments
    group by all
),

corrected as (
    select
        source_system,
        corrects_source_invoice_id as source_invoice_id,
        'invoice' as kind,
        sum(settles_corrected_minor) as corrected_minor
    from marts.fct_invoices
    where kind = 'credit_note' and record_verdict = 'verified'
    group by all
)

select
    documents.source_system,
    documents.source_invoice_id,
    documents.kind,
    documents.currency_code,
    documents.total_minor,
    coalesce(moved.moved_minor, 0) as moved_minor,
    documents.settles_corrected_minor + coalesce(corrected.corrected_minor, 0) as corrected_minor,
    documents.open_minor
from documents
left join moved using (source_system, source_invoice_id, kind)
left join corrected using (source_system, source_invoice_id, kind)
where documents.total_minor
    <> coalesce(moved.moved_minor, 0) + documents.settles_corrected_minor + coalesce(corrected.corrected_minor, 0)
    + documents.open_minor
order by all
