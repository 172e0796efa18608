-- Every invoice and credit note of staging is in the marts once, with the same total, summed per source, currency and month.
with

staged as (
    select 'stripe' as source_system, invoice_id as source_invoice_id, 'invoice' as kind, currency_code, total_minor
    from staging.stg_stripe__invoices
    union all
    select 'stripe', credit_note_id, 'credit_note', currency_code, total_minor from staging.stg_stripe__credit_notes
    union all
    -- Lago takes credit notes and prepaid credit off the total; the marts keep the whole invoice (subtotal plus tax).
    select 'lago', invoice_id, 'invoice', currency_code, subtotal_minor + tax_minor from staging.stg_lago__invoices
    union all
    select 'lago', credit_note_id, 'credit_note', currency_code, total_minor from staging.stg_lago__credit_notes
),

marts as (
    select source_system, source_invoice_id, kind, currency_code, total_minor, strftime(invoiced_on, '%Y-%m') as month
    from marts.fct_invoices
    where (source_system, source_invoice_id, kind) in (
        select (source_system, source_invoice_id, kind) from intermediate.int_documents
    )
),

-- The marts' month, so that both sides are cut in the same time zone; what the marts lost has none.
beside as (
    select
        coalesce(staged.source_system, marts.source_system) as source_system,
        coalesce(staged.currency_code, marts.currency_code) as currency_code,
        marts.month,
        staged.total_minor as staging_minor,
        marts.total_minor as marts_minor,
        staged.source_invoice_id is not null as is_staged,
        marts.source_invoice_id is not null as is_in_marts
    from staged
    full join marts
        on staged.source_system = marts.source_system
        and staged.source_invoice_id = marts.source_invoice_id
        and staged.kind = marts.kind
)

select
    source_system,
    currency_code,
    month,
    count(*) filter (is_staged) as staging_count,
    count(*) filter (is_in_marts) as marts_count,
    sum(staging_minor) as staging_minor,
    sum(marts_minor) as marts_minor
from beside
group by source_system, currency_code, month
having staging_count <> marts_count or staging_minor is distinct from marts_minor
order by all
