-- One row per closing, document, service family and currency, as it stood when the month was closed; from the ops store.
with

source as (
    {{ json_table(source('ops', 'closed_figures'), {
        'closing': '$.closing',
        'source_system': '$.source_system',
        'source_invoice_id': '$.source_invoice_id',
        'kind': '$.kind',
        'invoice_number': '$.invoice_number',
        'service_family': '$.service_family',
        'currency_code': '$.currency_code',
        'verdict': '$.verdict',
        'is_counted': '$.is_counted',
        'invoiced_minor': '$.invoiced_minor',
        'credited_minor': '$.credited_minor',
        'paid_minor': '$.paid_minor'
    }) }}
),

stg_ops__closed_figures as (
    select
        try_cast(closing as bigint) as closing_id,
        source_system,
        source_invoice_id,
        kind,
        invoice_number,
        service_family,
        currency_code,
        verdict,
        coalesce(try_cast(is_counted as boolean), false) as is_counted,
        try_cast(invoiced_minor as bigint) as invoiced_minor,
        try_cast(credited_minor as bigint) as credited_minor,
        try_cast(paid_minor as bigint) as paid_minor
    from source
    where not _deleted
)

select * from stg_ops__closed_figures
