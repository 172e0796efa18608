-- One row per entry in Odoo that reverses one which nexabooks owns.
with

source as (
    {{ json_table(source('odoo', 'reversals'), {
        'reversal_name': '$.name',
        'state': '$.state',
        'reversal_date': '$.date',
        'ref': '$.ref',
        'currency_code': '$.currency_id[1]',
        'amount_total': '$.amount_total',
        'reversed_entry_id': '$.reversed_entry_id[0]'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

stg_odoo__reversals as (
    select
        try_cast(source._key as bigint) as reversal_id,
        try_cast(source.reversed_entry_id as bigint) as reversed_move_id,
        nullif(source.reversal_name, 'false') as reversal_name,
        nullif(source.ref, 'false') as ref,
        source.state,
        upper(source.currency_code) as currency_code,
        cast(round(
            try_cast(source.amount_total as decimal(24, 6)) * coalesce(units.iso_units_per_major, 100), 0
        ) as bigint) as total_minor,
        try_cast(nullif(source.reversal_date, 'false') as date) as reversed_on,

        -- lineage
        source._landed_at
    from source
    left join units on source.currency_code = units.currency_code
    where not source._deleted
)

select * from stg_odoo__reversals
