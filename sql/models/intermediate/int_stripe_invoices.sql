-- One row per Stripe invoice in the books' figures, with every way in which its own figures disagree, in words.
with

invoices as (select * from {{ ref('stg_stripe__invoices') }}),

lines as (select * from {{ ref('stg_stripe__invoice_lines') }}),

line_tax_codes as (
    select * from {{ ref('int_line_tax_codes') }} where source_system = 'stripe' and kind = 'invoice'
),

document_taxes as (
    select * from {{ ref('int_document_named_taxes') }} where source_system = 'stripe' and kind = 'invoice'
),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

line_sums as (
    select
        lines.invoice_id,
        count(*) as line_count,
        count(distinct lines.line_id) as line_id_count,
        cast(sum(lines.gross_minor) as bigint) as gross_minor,
        cast(sum(lines.discount_minor) as bigint) as discount_minor,
        count(distinct lines.currency_code) as currency_count,
        min(lines.currency_code) as currency_code,
        count(case when lines.line_invoice_id <> lines.invoice_id then 1 end) as foreign_line_count,
        count(case when lines.period_start_at > lines.period_end_at then 1 end) as turned_period_count,
        count(case when not lines.has_whole_amounts then 1 end) as unwhole_count,
        count(case when not lines.has_exact_amounts then 1 end) as inexact_count,
        count(line_tax_codes.line_position) as taxed_line_count,
        cast(coalesce(sum(line_tax_codes.tax_minor), 0) as bigint) as tax_minor
    from lines
    left join line_tax_codes
        on lines.invoice_id = line_tax_codes.source_invoice_id
        and lines.line_position = line_tax_codes.line_position
    group by lines.invoice_id
),

tax_sums as (
    select
        source_invoice_id as invoice_id,
        cast(sum(tax_minor) as bigint) as tax_minor,
        cast(coalesce(sum(case when not is_inclusive then tax_minor end), 0) as bigint) as exclusive_tax_minor
    from document_taxes
    group by source_invoice_id
),

figures as (
    select
        invoices.*,
        coalesce(units.iso_units_per_major, 100) as units_per_major,
        coalesce(line_sums.line_count, 0) as line_count,
        coalesce(line_sums.line_id_count, 0) as line_id_count,
        coalesce(line_sums.gross_minor, 0) as lines_gross_minor,
        coalesce(line_sums.discount_minor, 0) as lines_discount_minor,
        coalesce(line_sums.currency_count, 0) as line_currency_count,
        line_sums.currency_code as line_currency_code,
        coalesce(line_sums.foreign_line_count, 0) as foreign_line_count,
        coalesce(line_sums.turned_period_count, 0) as turned_period_count,
        coalesce(line_sums.unwhole_count, 0) as unwhole_line_count,
        coalesce(line_sums.inexact_count, 0) as inexact_line_count,
        coalesce(line_sums.taxed_line_count, 0) as taxed_line_count,
        coalesce(line_sums.tax_minor, 0) as lines_tax_minor,
        coalesce(tax_sums.tax_minor, 0) as tax_minor,
        coalesce(tax_sums.exclusive_tax_minor, 0) as exclusive_tax_minor,
        bool_or(invoices.is_live) over () as any_is_live,
        case when invoices.invoice_number is not null then row_number() over (
            partition by invoices.invoice_number order by invoices.created_at, invoices.invoice_id
        ) end as use_of_number
    from invoices
    left join units on invoices.currency_code = units.currency_code
    left join line_sums on invoices.invoice_id = line_sums.invoice_id
    left join tax_sums on invoices.invoice_id = tax_sums.invoice_id
),

int_stripe_invoices as (
    select
        invoice_id,
        invoice_number,
        stripe_customer_id,
        customer_name,
        customer_email,
        status,
        currency_code,
        -- The invoice's own subtotal without discounts and without tax that is inside the prices; the rest of the total is tax.
        subtotal_minor - discount_minor - (tax_minor - exclusive_tax_minor) as subtotal_minor,
        total_minor - shipping_minor - (subtotal_minor - discount_minor - (tax_minor - exclusive_tax_minor)) as tax_minor,
        total_minor,
        shipping_minor,
        paid_minor,
        remaining_minor,
        starting_balance_minor,
        units_per_major,
        {{ accounting_day('issued_at') }} as invoiced_on,
        coalesce({{ accounting_day('due_at') }}, {{ accounting_day('issued_at') }}) as due_on,
        {{ accounting_day('paid_at') }} as paid_on,
        voided_at,
        is_deleted,
        _landed_at,

        -- Every identity of facts: stripe, "Amount identities" and "Defects a verifier must catch".
        concat_ws('; ',
            case when not has_known_shape then 'it has the shape of an API version before 2025-03-31.basil' end,
            case when not has_whole_amounts or unwhole_line_count > 0 then 'an amount is not a whole JSON number' end,
            case when not has_exact_amounts or inexact_line_count > 0
                then 'an amount in ' || currency_code || ' is finer than the books count, and would be rounded' end,
            case when stripe_customer_id is null then 'it names no customer' end,
            case when any_is_live and not coalesce(is_live, false) then 'it is a test invoice among live ones' end,
            case when nullif(invoice_number, '') is null then 'it is finalized and has no number' end,
            case when use_of_number > 1 then 'its number ' || invoice_number
                    || ' is already used by another invoice' end,
            case when line_count = 0 then 'it has no lines' end,
            case when line_id_count <> line_count then 'a line is in it twice' end,
            case when foreign_line_count > 0 then 'a line belongs to another invoice' end,
            case when line_currency_count > 1 or line_currency_code <> currency_code
                then 'a line is in another currency than the invoice' end,
            case when turned_period_count > 0 then 'the period of a line ends before it starts' end,
            case when lines_gross_minor <> subtotal_minor
                then 'the lines add up to ' || {{ amount_text('lines_gross_minor') }} || ' and the subtotal is '
                    || {{ amount_text('subtotal_minor') }} end,
            case when lines_discount_minor <> discount_minor
                then 'the discounts of the lines add up to ' || {{ amount_text('lines_discount_minor') }}
                    || ' and the discount is ' || {{ amount_text('discount_minor') }} end,
            case when taxed_line_count > 0 and shipping_minor = 0 and lines_tax_minor <> tax_minor
                then 'the taxes of the lines add up to ' || {{ amount_text('lines_tax_minor') }}
                    || ' and the tax is ' || {{ amount_text('tax_minor') }} end,
            case when total_minor <> subtotal_minor - discount_minor + exclusive_tax_minor + shipping_minor
                then 'subtotal, discount and tax make '
                    || {{ amount_text('subtotal_minor - discount_minor + exclusive_tax_minor + shipping_minor') }}
                    || ' and the total is ' || {{ amount_text('total_minor') }} end,
            case when due_minor <> greatest(0, total_minor + starting_balance_minor) - pre_payment_credit_minor
                -- Below the minimum charge Stripe asks for nothing and moves the amount to the customer's balance.
                and not (status = 'paid' and due_minor = 0)
                then 'the amount due ' || {{ amount_text('due_minor') }}
                    || ' does not follow from total, balance and credit notes' end,
            case when remaining_minor <> greatest(0, due_minor - paid_minor)
                then 'the amount remaining ' || {{ amount_text('remaining_minor') }}
                    || ' is not what is due less what is paid' end,
            case when status = 'paid' and remaining_minor > 0 then 'it is paid and '
                    || {{ amount_text('remaining_minor') }} || ' remain' end,
            case when status = 'paid' and paid_at is null then 'it is paid and has no paid date' end
        ) as problems
    from figures
)

select * from int_stripe_invoices
