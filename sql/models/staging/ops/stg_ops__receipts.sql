-- One row per step that a run sent to Odoo and read back, from the ops store.
with

source as (
    {{ json_table(source('ops', 'receipts'), {
        'receipt_id': '$.receipt_id',
        'run_id': '$.run_id',
        'action': '$.action',
        'source_system': '$.source_system',
        'source_invoice_id': '$.source_invoice_id',
        'kind': '$.kind',
        'odoo_id': '$.odoo_id',
        'outcome': '$.outcome',
        'says': '$.says',
        'total_minor': '$.total_minor',
        'currency_code': '$.currency_code',
        'at': '$.at',
        'position': '$.position'
    }) }}
),

stg_ops__receipts as (
    select
        receipt_id,
        run_id,
        action,
        source_system,
        source_invoice_id,
        kind,
        try_cast(odoo_id as bigint) as odoo_id,
        outcome,
        says,
        try_cast(total_minor as bigint) as total_minor,
        currency_code,
        try_cast(source.at as timestamptz) as received_at,
        try_cast(source.position as bigint) as position_number
    from source
    where not _deleted
)

select * from stg_ops__receipts
