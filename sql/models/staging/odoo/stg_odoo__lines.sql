-- One row per journal item of an entry that nexabooks owns; amounts of products and taxes are negative on a sale.
with

source as (
    {{ json_table(source('odoo', 'lines'), {
        'move_id': '$.move_id[0]',
        'display_type': '$.display_type',
        'account_name': '$.account_id[1]',
        'tax_line_id': '$.tax_line_id[0]',
        'currency_code': '$.currency_id[1]',
        'amount_currency': '$.amount_currency',
        'line_date': '$.date'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

stg_odoo__lines as (
    select
        try_cast(source._key as bigint) as odoo_line_id,
        try_cast(source.move_id as bigint) as move_id,
        source.display_type,
        nullif(source.account_name, 'false') as account_name,
        try_cast(source.tax_line_id as bigint) as tax_id,
        upper(source.currency_code) as currency_code,
        cast(round(
            try_cast(source.amount_currency as decimal(24, 6)) * coalesce(units.iso_units_per_major, 100), 0
        ) as bigint) as amount_minor,
        try_cast(nullif(source.line_date, 'false') as date) as ledger_on
    from source
    left join units on source.currency_code = units.currency_code
    where not source._deleted
)

select * from stg_odoo__lines
