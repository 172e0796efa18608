-- One row per credit note of a source in the books' figures (positive), with its problems in words.
with

stripe_notes as (select * from {{ ref('stg_stripe__credit_notes') }}),

stripe_lines as (select * from {{ ref('stg_stripe__credit_note_lines') }}),

lago_notes as (select * from {{ ref('stg_lago__credit_notes') }}),

lago_items as (select * from {{ ref('stg_lago__credit_note_items') }}),

document_taxes as (
    select * from {{ ref('int_document_named_taxes') }} where kind = 'credit_note'
),

line_tax_codes as (select * from {{ ref('int_line_tax_codes') }} where kind = 'credit_note'),

note_parts as (select * from {{ ref('int_credit_note_parts') }}),

lago_invoices as (select * from {{ ref('stg_lago__invoices') }}),

lago_voided as (select * from {{ ref('int_lago_voided_credit') }}),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

tax_sums as (
    select
        source_system,
        source_invoice_id,
        cast(sum(tax_minor) as bigint) as tax_minor,
        cast(coalesce(sum(case when not is_inclusive then tax_minor end), 0) as bigint) as exclusive_tax_minor
    from document_taxes
    group by source_system, source_invoice_id
),

stripe_sums as (
    select
        stripe_lines.credit_note_id,
        cast(sum(stripe_lines.gross_minor - stripe_lines.discount_minor) as bigint) as net_of_discount_minor,
        count(case when not stripe_lines.has_exact_amounts then 1 end) as inexact_count,
        cast(coalesce(sum(line_tax_codes.inclusive_tax_minor), 0) as bigint) as inclusive_tax_minor
    from stripe_lines
    left join line_tax_codes
        on line_tax_codes.source_system = 'stripe'
        and stripe_lines.credit_note_id = line_tax_codes.source_invoice_id
        and stripe_lines.line_position = line_tax_codes.line_position
    group by stripe_lines.credit_note_id
),

lago_sums as (
    select
        credit_note_id,
        count(*) as item_count,
        count(case when not has_exact_amounts then 1 end) as inexact_count,
        cast(sum(gross_minor) as bigint) as gross_minor
    from lago_items
    group by credit_note_id
),

stripe_figures as (
    select
        stripe_notes.*,
        coalesce(tax_sums.tax_minor, 0) as tax_minor,
        stripe_sums.net_of_discount_minor,
        coalesce(stripe_sums.inexact_count, 0) as inexact_line_count,
        coalesce(stripe_sums.inclusive_tax_minor, 0) as inclusive_tax_minor,
        coalesce(units.iso_units_per_major, 100) as units_per_major
    from stripe_notes
    left join units on stripe_notes.currency_code = units.currency_code
    left join tax_sums
        on tax_sums.source_system = 'stripe' and stripe_notes.credit_note_id = tax_sums.source_invoice_id
    left join stripe_sums on stripe_notes.credit_note_id = stripe_sums.credit_note_id
),

described as (
    select
        'stripe' as source_system,
        credit_note_id,
        credit_note_number,
        invoice_id as corrects_source_invoice_id,
        stripe_customer_id as account_id,
        status,
        currency_code,
        total_minor - tax_minor as subtotal_minor,
        tax_minor,
        total_minor,
        cast(0 as bigint) as lines_remainder_minor,
        {{ accounting_day('issued_at') }} as invoiced_on,
        status = 'void' as is_void,
        is_deleted,
        true as is_revenue,
        false as is_self_billed,
        _landed_at,
        concat_ws('; ',
            case when coalesce(status, '') not in ('issued', 'void') then 'its status is not known' end,
            case when not has_whole_amounts then 'an amount is not a whole JSON number' end,
            case when not has_exact_amounts or inexact_line_count > 0
                then 'an amount in ' || currency_code || ' is finer than the books count, and would be rounded' end,
            case
                when net_of_discount_minor is null and has_more_lines then 'its lines, more than ten, were not read'
                when net_of_discount_minor is null then 'it has no lines'
            end,
            case when net_of_discount_minor - inclusive_tax_minor <> total_minor - tax_minor
                then 'its lines add up to ' || {{ amount_text('net_of_discount_minor - inclusive_tax_minor') }}
                    || ' and total less tax is ' || {{ amount_text('total_minor - tax_minor') }} end
        ) as problems
    from stripe_figures
    union all
    select
        'lago',
        lago_notes.credit_note_id,
        lago_notes.credit_note_number,
        lago_notes.invoice_id,
        lago_notes.lago_customer_id,
        lago_notes.status,
        lago_notes.currency_code,
        lago_notes.subtotal_minor,
        lago_notes.tax_minor,
        lago_notes.total_minor,
        lago_notes.subtotal_minor - coalesce(lago_sums.gross_minor, 0),
        lago_notes.issued_on,
        coalesce(lago_voided.is_all_of_it, false),
        lago_notes.is_deleted,
        -- What takes back a wallet top-up takes back money received in advance; what takes back a cost, a cost.
        coalesce(lago_invoices.invoice_type, '') <> 'credit' and lago_invoices.is_self_billed is not true,
        coalesce(lago_invoices.is_self_billed, false),
        lago_notes._landed_at,
        concat_ws('; ',
            case when not lago_notes.has_whole_amounts then 'an amount is not a whole JSON number' end,
            case when not lago_notes.has_exact_amounts or lago_sums.inexact_count > 0
                then 'an amount in ' || lago_notes.currency_code || ' is finer than the books count, and would be rounded' end,
            case when coalesce(lago_sums.item_count, 0) = 0 then 'it has no lines' end,
            case when lago_notes.total_minor <> lago_notes.subtotal_minor + lago_notes.tax_minor
                then 'subtotal and tax make '
                    || {{ amount_text('lago_notes.subtotal_minor + lago_notes.tax_minor', 'coalesce(units.iso_units_per_major, 100)') }}
                    || ' and the total is ' || {{ amount_text('lago_notes.total_minor', 'coalesce(units.iso_units_per_major, 100)') }} end
        )
    from lago_notes
    left join lago_sums on lago_notes.credit_note_id = lago_sums.credit_note_id
    left join lago_invoices on lago_notes.invoice_id = lago_invoices.invoice_id
    left join lago_voided on lago_notes.credit_note_id = lago_voided.credit_note_id
    left join units on lago_notes.currency_code = units.currency_code
),

int_credit_notes as (
    select
        described.source_system,
        described.credit_note_id,
        described.credit_note_number,
        described.corrects_source_invoice_id,
        described.account_id,
        described.status,
        described.currency_code,
        described.subtotal_minor,
        described.tax_minor,
        described.total_minor,
        described.lines_remainder_minor,
        described.invoiced_on,
        described.is_void,
        described.is_deleted,
        described.is_revenue,
        described.is_self_billed,
        described._landed_at,
        coalesce(note_parts.corrected_minor, 0) as corrected_minor,
        coalesce(note_parts.unrefunded_minor, 0) as unrefunded_minor,
        concat_ws('; ',
            nullif(described.problems, ''),
            case when note_parts.corrected_minor + note_parts.refunded_minor + note_parts.unrefunded_minor
                + note_parts.credited_minor + note_parts.elsewhere_minor <> described.total_minor
                then 'what it corrects and what was given back make '
                    || {{ amount_text(
                        'note_parts.corrected_minor + note_parts.refunded_minor + note_parts.unrefunded_minor '
                        ~ '+ note_parts.credited_minor + note_parts.elsewhere_minor',
                        'coalesce(units.iso_units_per_major, 100)'
                    ) }}
                    || ' and its total is ' || {{ amount_text('described.total_minor', 'coalesce(units.iso_units_per_major, 100)') }} end,
            case when least(note_parts.corrected_minor, note_parts.credited_minor, note_parts.elsewhere_minor) < 0
                then 'more was given back than it says' end
        ) as problems
    from described
    left join note_parts
        on described.source_system = note_parts.source_system
        and described.credit_note_id = note_parts.credit_note_id
    left join units on described.currency_code = units.currency_code
)

select * from int_credit_notes
