-- One row per closed month, document, service family and currency that counts something else today than when the month was closed.
with

closings as (select * from {{ ref('stg_ops__closings') }}),

figures as (select * from {{ ref('stg_ops__closed_figures') }}),

documents as (select * from {{ ref('fct_revenue_documents') }}),

sightings as (select * from {{ ref('stg_ops__sightings') }}),

clock as (select * from {{ ref('int_clock') }}),

-- What was kept, and what there is today, of the same months and one below the other: what only one side has is not lost.
both_sides as (
    select
        closings.month,
        figures.source_system,
        figures.source_invoice_id,
        figures.kind,
        figures.invoice_number,
        figures.service_family,
        figures.currency_code,
        figures.verdict as closed_verdict,
        figures.is_counted as was_counted,
        figures.invoiced_minor as closed_invoiced_minor,
        figures.credited_minor as closed_credited_minor,
        figures.paid_minor as closed_paid_minor,
        cast(null as varchar) as verdict,
        cast(null as boolean) as is_counted,
        0 as invoiced_minor,
        0 as credited_minor,
        0 as paid_minor
    from figures
    inner join closings on figures.closing_id = closings.closing_id
    union all
    select
        documents.month,
        documents.source_system,
        documents.source_invoice_id,
        documents.kind,
        documents.invoice_number,
        documents.service_family,
        documents.currency_code,
        null,
        null,
        0,
        0,
        0,
        documents.verdict,
        documents.is_counted,
        documents.invoiced_minor,
        documents.credited_minor,
        documents.paid_minor
    from documents
    inner join closings on documents.month = closings.month
),

by_family as (
    select
        month,
        source_system,
        source_invoice_id,
        kind,
        service_family,
        currency_code,
        max(invoice_number) as invoice_number,
        max(closed_verdict) as closed_verdict,
        max(verdict) as verdict,
        bool_or(was_counted) as was_counted,
        bool_or(is_counted) as is_counted,
        cast(sum(closed_invoiced_minor) as bigint) as closed_invoiced_minor,
        cast(sum(closed_credited_minor) as bigint) as closed_credited_minor,
        cast(sum(closed_paid_minor) as bigint) as closed_paid_minor,
        cast(sum(invoiced_minor) as bigint) as invoiced_minor,
        cast(sum(credited_minor) as bigint) as credited_minor,
        cast(sum(paid_minor) as bigint) as paid_minor
    from both_sides
    group by month, source_system, source_invoice_id, kind, service_family, currency_code
),

-- The class speaks of the whole document: an amount that only moved from one family to another is no change of amount.
of_document as (
    select
        month,
        source_system,
        source_invoice_id,
        kind,
        max(closed_verdict) as closed_verdict,
        max(verdict) as verdict,
        coalesce(bool_or(was_counted), false) as was_counted,
        coalesce(bool_or(is_counted), false) as is_counted,
        min(currency_code) = max(currency_code)
        and sum(closed_invoiced_minor) = sum(invoiced_minor)
        and sum(closed_credited_minor) = sum(credited_minor) as is_same_amount
    from by_family
    group by month, source_system, source_invoice_id, kind
),

differing as (
    select
        by_family.*,
        of_document.closed_verdict as document_closed_verdict,
        of_document.verdict as document_verdict,
        case
            when not of_document.was_counted then 'counted_since'
            when not of_document.is_counted then 'not_counted_since'
            when not of_document.is_same_amount then 'amount_changed'
            when by_family.closed_invoiced_minor = by_family.invoiced_minor
                and by_family.closed_credited_minor = by_family.credited_minor then 'paid_since'
            else 'family_changed'
        end as class
    from by_family
    inner join of_document
        on by_family.month = of_document.month
        and by_family.source_system = of_document.source_system
        and by_family.source_invoice_id = of_document.source_invoice_id
        and by_family.kind = of_document.kind
    where
        by_family.closed_invoiced_minor <> by_family.invoiced_minor
        or by_family.closed_credited_minor <> by_family.credited_minor
        or by_family.closed_paid_minor <> by_family.paid_minor
),

keyed as (
    select
        differing.*,
        closings.closed_at,
        concat_ws('|', 'restatement', differing.month, closings.round_number, differing.source_system,
            differing.source_invoice_id, differing.kind, differing.service_family, differing.currency_code)
            as restatement_key
    from differing
    inner join closings on differing.month = closings.month
),

fct_restatements as (
    select
        keyed.restatement_key,
        keyed.month,
        keyed.class,
        keyed.source_system,
        keyed.source_invoice_id,
        keyed.kind,
        keyed.invoice_number,
        keyed.service_family,
        keyed.currency_code,
        keyed.document_closed_verdict as closed_verdict,
        keyed.document_verdict as verdict,
        keyed.closed_invoiced_minor,
        keyed.closed_credited_minor,
        keyed.closed_invoiced_minor - keyed.closed_credited_minor as closed_net_minor,
        keyed.closed_paid_minor,
        keyed.invoiced_minor,
        keyed.credited_minor,
        keyed.invoiced_minor - keyed.credited_minor as net_minor,
        keyed.paid_minor,
        keyed.invoiced_minor - keyed.closed_invoiced_minor as invoiced_difference_minor,
        keyed.credited_minor - keyed.closed_credited_minor as credited_difference_minor,
        keyed.invoiced_minor - keyed.credited_minor - keyed.closed_invoiced_minor + keyed.closed_credited_minor
            as net_difference_minor,
        keyed.paid_minor - keyed.closed_paid_minor as paid_difference_minor,
        keyed.closed_at,
        coalesce(sightings.first_seen_on, clock.as_of_on) as first_seen_on,
        case keyed.class
            when 'counted_since' then
                case when keyed.document_closed_verdict is null
                    then 'It was not there, or not dated in this month, when the month was closed'
                    else 'It was ' || keyed.document_closed_verdict || ' and counted nothing when the month was closed' end
            when 'not_counted_since' then
                case when keyed.document_verdict is null
                    then 'It is gone, or dated in another month, since the month was closed'
                    else 'It was counted when the month was closed, and at its source it is ' || keyed.document_verdict
                        || ' now' end
            when 'amount_changed' then 'Its amounts at its source are others than when the month was closed'
            when 'family_changed'
                then 'Its amount is the same, and lies in other families: a rule or its words changed'
            else 'What is paid of it changed since the month was closed'
        end as says
    from keyed
    cross join clock
    left join sightings on keyed.restatement_key = sightings.break_key
)

select * from fct_restatements
