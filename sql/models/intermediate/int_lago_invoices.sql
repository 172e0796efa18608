-- One row per Lago invoice in the books' figures, with every way in which its own figures disagree, in words.
with

invoices as (select * from {{ ref('stg_lago__invoices') }}),

fees as (select * from {{ ref('stg_lago__invoice_fees') }}),

line_tax_codes as (
    select * from {{ ref('int_line_tax_codes') }} where source_system = 'lago' and kind = 'invoice'
),

document_taxes as (
    select * from {{ ref('int_document_named_taxes') }} where source_system = 'lago' and kind = 'invoice'
),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

fee_sums as (
    select
        fees.invoice_id,
        count(*) as fee_count,
        count(distinct fees.line_id) as fee_id_count,
        cast(sum(fees.gross_minor) as bigint) as gross_minor,
        cast(sum(fees.net_minor) as bigint) as net_minor,
        count(distinct fees.currency_code) as currency_count,
        min(fees.currency_code) as currency_code,
        count(case when not fees.has_whole_amounts then 1 end) as unwhole_count,
        count(case when not fees.has_exact_amounts then 1 end) as inexact_count,
        count(case when fees.period_start_at > fees.period_end_at then 1 end) as turned_period_count,
        cast(coalesce(sum(fees.tax_minor), 0) as bigint) as tax_minor,
        cast(coalesce(sum(line_tax_codes.tax_count), 0) as bigint) as tax_count
    from fees
    left join line_tax_codes
        on fees.invoice_id = line_tax_codes.source_invoice_id
        and fees.line_position = line_tax_codes.line_position
    group by fees.invoice_id
),

tax_sums as (
    select
        source_invoice_id as invoice_id,
        count(*) as tax_count,
        cast(sum(tax_minor) as bigint) as tax_minor
    from document_taxes
    group by source_invoice_id
),

figures as (
    select
        invoices.*,
        coalesce(units.iso_units_per_major, 100) as units_per_major,
        coalesce(fee_sums.fee_count, 0) as fee_count,
        coalesce(fee_sums.fee_id_count, 0) as fee_id_count,
        coalesce(fee_sums.gross_minor, 0) as fees_gross_minor,
        coalesce(fee_sums.net_minor, 0) as fees_net_minor,
        coalesce(fee_sums.currency_count, 0) as fee_currency_count,
        fee_sums.currency_code as fee_currency_code,
        coalesce(fee_sums.unwhole_count, 0) as unwhole_fee_count,
        coalesce(fee_sums.inexact_count, 0) as inexact_fee_count,
        coalesce(fee_sums.turned_period_count, 0) as turned_period_count,
        coalesce(fee_sums.tax_minor, 0) as fees_tax_minor,
        coalesce(fee_sums.tax_count, 0) as fee_tax_count,
        coalesce(tax_sums.tax_minor, 0) as applied_tax_minor,
        coalesce(tax_sums.tax_count, 0) as applied_tax_count,
        case when invoices.status in ('finalized', 'voided') then row_number() over (
            partition by invoices.invoice_number, invoices.status in ('finalized', 'voided')
            order by invoices.created_at, invoices.invoice_id
        ) end as use_of_number
    from invoices
    left join units on invoices.currency_code = units.currency_code
    left join fee_sums on invoices.invoice_id = fee_sums.invoice_id
    left join tax_sums on invoices.invoice_id = tax_sums.invoice_id
),

int_lago_invoices as (
    select
        invoice_id,
        invoice_number,
        lago_customer_id,
        stripe_customer_id,
        customer_name,
        customer_email,
        status,
        payment_status,
        invoice_type,
        is_self_billed,
        currency_code,
        -- Before credit notes and prepaid credits: those settle an invoice, they do not make it smaller.
        subtotal_minor,
        tax_minor,
        gross_minor as total_minor,
        paid_minor,
        due_minor,
        prepaid_credit_minor,
        prepaid_granted_minor,
        prepaid_purchased_minor,
        units_per_major,
        progressive_credit_minor,
        subtotal_minor - fees_net_minor as lines_remainder_minor,
        issued_on as invoiced_on,
        coalesce(due_on, issued_on) as due_on,
        voided_at,
        is_deleted,
        _landed_at,

        -- Every identity of facts: lago, "Amounts", "Rounding" and "Defects a verifier must catch".
        concat_ws('; ',
            case when coalesce(version_number, 4) not in (3, 4)
                then 'how version ' || version_number || ' counts coupons and credits is not known here' end,
            case when not coalesce(has_fees, false) then 'it has no fees: a row of the list, not the detail' end,
            case when not has_whole_amounts or unwhole_fee_count > 0 then 'an amount is not a whole JSON number' end,
            case when not has_exact_amounts or inexact_fee_count > 0
                then 'an amount in ' || currency_code || ' is finer than the books count, and would be rounded' end,
            case when lago_customer_id is null then 'it names no customer' end,
            case when coalesce(invoice_number, '') = '' or invoice_number like '%-DRAFT'
                then 'it is finalized and has the number of a draft' end,
            case when use_of_number > 1 then 'its number ' || invoice_number
                    || ' is already used by another invoice' end,
            case when has_fees and fee_count = 0 then 'it has no lines' end,
            case when fee_id_count <> fee_count then 'a fee is in it twice' end,
            case when fee_currency_count > 1 or fee_currency_code <> currency_code
                then 'a fee is in another currency than the invoice' end,
            case when turned_period_count > 0 then 'the period of a fee ends before it starts' end,
            case when fees_gross_minor <> fees_minor
                then 'the fees add up to ' || {{ amount_text('fees_gross_minor') }} || ' and the invoice says '
                    || {{ amount_text('fees_minor') }} end,
            case when subtotal_minor <> fees_minor - progressive_credit_minor - coupons_minor
                then 'fees, progressive billing and coupons make '
                    || {{ amount_text('fees_minor - progressive_credit_minor - coupons_minor') }}
                    || ' and the subtotal is ' || {{ amount_text('subtotal_minor') }} end,
            -- Coupons are shared over the fees and each share is rounded: no more than one minor unit a fee.
            case when abs(subtotal_minor - fees_net_minor) > fee_count
                and subtotal_minor - fees_net_minor <> -progressive_credit_minor
                then 'the fees after coupons add up to ' || {{ amount_text('fees_net_minor') }}
                    || ' and the subtotal is ' || {{ amount_text('subtotal_minor') }} end,
            case when has_credits and coupon_credits_minor <> coupons_minor
                then 'the coupons make ' || {{ amount_text('coupons_minor') }} || ' and its credits '
                    || {{ amount_text('coupon_credits_minor') }} end,
            -- Three sums of tax may differ, by half a minor unit for each that was rounded by itself.
            case when 2 * abs(tax_minor - applied_tax_minor) > applied_tax_count
                then 'the taxes applied add up to ' || {{ amount_text('applied_tax_minor') }}
                    || ' and the tax is ' || {{ amount_text('tax_minor') }} end,
            case when fee_tax_count > 0 and 2 * abs(tax_minor - fees_tax_minor) > fee_tax_count
                then 'the taxes of the fees add up to ' || {{ amount_text('fees_tax_minor') }}
                    || ' and the tax is ' || {{ amount_text('tax_minor') }} end,
            case when gross_minor <> subtotal_minor + tax_minor
                then 'subtotal and tax make ' || {{ amount_text('subtotal_minor + tax_minor') }}
                    || ' and the invoice says ' || {{ amount_text('gross_minor') }} end,
            case when total_minor <> gross_minor - credit_notes_minor - prepaid_credit_minor
                then 'after credit notes and prepaid credits '
                    || {{ amount_text('gross_minor - credit_notes_minor - prepaid_credit_minor') }}
                    || ' remain and the total is ' || {{ amount_text('total_minor') }} end,
            case when total_minor < 0 then 'the total is below zero' end,
            case when status = 'finalized' and due_minor <> total_minor - paid_minor - offset_minor
                then 'the amount due ' || {{ amount_text('due_minor') }} || ' is not the total less what is paid' end,
            case when payment_status = 'succeeded' and due_minor > 0
                then 'it is paid and ' || {{ amount_text('due_minor') }} || ' are due' end
        ) as problems
    from figures
)

select * from int_lago_invoices
