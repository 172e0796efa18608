-- One row per line that has taxes listed: its tax codes as a comma list, NULL when one of them is not mapped.
with

line_taxes as (select * from {{ ref('int_line_taxes') }}),

tax_codes as (select * from {{ ref('tax_codes') }}),

-- A tax that stands for two (14.975 % is GST and QST) is charged as those two.
expanded as (
    select
        line_taxes.*,
        coalesce({{ members_of('tax_codes') }}, line_taxes.tax_code) as charged_as
    from line_taxes
    left join tax_codes on line_taxes.tax_code = tax_codes.tax_code
),

int_line_tax_codes as (
    select
        source_system,
        source_invoice_id,
        kind,
        line_position,
        case
            when count(*) = count(charged_as)
                then coalesce(string_agg(distinct nullif(charged_as, ''), ',' order by nullif(charged_as, '')), '')
        end as tax_codes,
        count(*) as tax_count,
        cast(coalesce(sum(tax_minor), 0) as bigint) as tax_minor,
        cast(coalesce(sum(case when is_inclusive then tax_minor end), 0) as bigint) as inclusive_tax_minor
    from expanded
    group by source_system, source_invoice_id, kind, line_position
)

select * from int_line_tax_codes
