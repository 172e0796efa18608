-- One row per document and service family, with what it counts in the revenue of its month of issue; amounts before tax.
with

invoices as (select * from {{ ref('fct_invoices') }}),

lines as (select * from {{ ref('fct_invoice_lines') }}),

joined as (
    select
        invoices.source_system,
        invoices.source_invoice_id,
        invoices.kind,
        invoices.invoice_number,
        {{ month_of('invoices.invoiced_on') }} as month,
        coalesce(lines.service_family, '') as service_family,
        invoices.currency_code,
        invoices.record_verdict as verdict,
        invoices.record_verdict = 'verified' and invoices.is_revenue and lines.line_position is not null as is_counted,
        coalesce(lines.amount_minor, 0) as amount_minor,
        invoices.paid_minor,
        invoices.total_minor,
        sum(lines.amount_minor) over (
            partition by invoices.source_system, invoices.source_invoice_id, invoices.kind order by lines.line_position
        ) as running_minor
    from invoices
    left join lines
        on invoices.source_system = lines.source_system
        and invoices.source_invoice_id = lines.source_invoice_id
        and invoices.kind = lines.kind
),

-- What is paid includes tax. Its part before tax is shared over the lines by their amounts, as differences of a running
-- share, so that the shares of an invoice add up to the whole: paid x subtotal / total.
shared as (
    select
        joined.*,
        case when is_counted and kind = 'invoice' then amount_minor else 0 end as invoiced_minor,
        case when is_counted and kind = 'credit_note' then amount_minor else 0 end as credited_minor,
        case when is_counted and kind = 'invoice' then
            {{ running_share('running_minor', 'paid_minor', 'total_minor') }}
            - {{ running_share('(running_minor - amount_minor)', 'paid_minor', 'total_minor') }}
        else 0 end as paid_share_minor
    from joined
),

fct_revenue_documents as (
    select
        source_system,
        source_invoice_id,
        kind,
        invoice_number,
        month,
        service_family,
        currency_code,
        verdict,
        is_counted,
        cast(sum(invoiced_minor) as bigint) as invoiced_minor,
        cast(sum(credited_minor) as bigint) as credited_minor,
        cast(sum(invoiced_minor) - sum(credited_minor) as bigint) as net_minor,
        cast(sum(paid_share_minor) as bigint) as paid_minor
    from shared
    group by
        source_system, source_invoice_id, kind, invoice_number, month, service_family, currency_code, verdict, is_counted
)

select * from fct_revenue_documents
