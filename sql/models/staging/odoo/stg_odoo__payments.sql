-- One row per payment in Odoo that nexabooks owns.
with

source as (
    {{ json_table(source('odoo', 'payments'), {
        'payment_name': '$.name',
        'state': '$.state',
        'direction': '$.payment_type',
        'amount': '$.amount',
        'payment_date': '$.date',
        'currency_code': '$.currency_id[1]',
        'is_reconciled': '$.is_reconciled',
        'payment_id': '$.x_fc_payment_id',
        'source_system': '$.x_fc_source_system',
        'source_invoice_id': '$.x_fc_source_invoice_id'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

stg_odoo__payments as (
    select
        try_cast(source._key as bigint) as odoo_payment_id,
        nullif(source.payment_name, 'false') as payment_name,
        source.source_system,
        source.payment_id,
        nullif(source.source_invoice_id, 'false') as source_invoice_id,
        source.state,
        source.direction,
        upper(source.currency_code) as currency_code,
        cast(round(
            try_cast(source.amount as decimal(24, 6)) * coalesce(units.iso_units_per_major, 100), 0
        ) as bigint) as amount_minor,
        source.is_reconciled = 'true' as is_reconciled,
        try_cast(nullif(source.payment_date, 'false') as date) as paid_on,
        source._landed_at
    from source
    left join units on source.currency_code = units.currency_code
    where not source._deleted
)

select * from stg_odoo__payments
