-- One row per month of issue, service family and currency; amounts before tax, of documents that their source confirmed.
with

invoices as (select * from {{ ref('fct_invoices') }} where record_verdict = 'verified' and is_revenue),

lines as (select * from {{ ref('fct_invoice_lines') }}),

families as (select * from {{ ref('family_accounts') }}),

joined as (
    select
        {{ month_of('invoices.invoiced_on') }} as month,
        lines.service_family,
        invoices.currency_code,
        invoices.kind,
        invoices.source_system || ':' || invoices.source_invoice_id as document,
        lines.amount_minor,
        invoices.paid_minor,
        invoices.total_minor,
        sum(lines.amount_minor) over (
            partition by invoices.source_system, invoices.source_invoice_id, invoices.kind order by lines.line_position
        ) as running_minor
    from invoices
    inner join lines
        on invoices.source_system = lines.source_system
        and invoices.source_invoice_id = lines.source_invoice_id
        and invoices.kind = lines.kind
),

-- What is paid includes tax. Its part before tax is shared over the lines by their amounts, as differences of a running
-- share, so that the shares of an invoice add up to the whole: paid x subtotal / total.
shared as (
    select
        joined.*,
        {{ running_share('running_minor', 'paid_minor', 'total_minor') }}
        - {{ running_share('(running_minor - amount_minor)', 'paid_minor', 'total_minor') }} as paid_share_minor
    from joined
),

fct_family_revenue as (
    select
        shared.month,
        shared.service_family,
        shared.currency_code,
        cast(coalesce(sum(case when shared.kind = 'invoice' then shared.amount_minor end), 0) as bigint) as invoiced_minor,
        cast(coalesce(sum(case when shared.kind = 'credit_note' then shared.amount_minor end), 0) as bigint)
            as credited_minor,
        cast(coalesce(
            sum(case when shared.kind = 'credit_note' then -shared.amount_minor else shared.amount_minor end), 0
        ) as bigint) as net_minor,
        cast(coalesce(sum(case when shared.kind = 'invoice' then shared.paid_share_minor end), 0) as bigint) as paid_minor,
        count(distinct case when shared.kind = 'invoice' then shared.document end) as invoice_count,
        coalesce(bool_or(families.needs_review), true) as needs_review
    from shared
    left join families on shared.service_family = families.service_family
    group by shared.month, shared.service_family, shared.currency_code
)

select * from fct_family_revenue
