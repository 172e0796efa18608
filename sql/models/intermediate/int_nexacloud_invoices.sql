-- One row per invoice that NexaCloud names at a source (two NexaCloud rows for one source invoice are one row here).
with

invoices as (select * from {{ ref('stg_nexacloud__invoices') }}),

ranked as (
    select
        invoices.*,
        row_number() over (partition by source_system, source_invoice_id order by nexacloud_invoice_id) as place,
        count(*) over (partition by source_system, source_invoice_id) as named_count
    from invoices
),

int_nexacloud_invoices as (
    select
        source_system,
        source_invoice_id,
        nexacloud_invoice_id,
        user_id,
        subscription_id,
        source_reference,
        invoice_number,
        nexacloud_status,
        currency_code,
        subtotal_minor,
        tax_minor,
        paid_minor,
        {{ accounting_day('nexacloud_created_at') }} as stamped_on,
        named_count,
        _landed_at
    from ranked
    where place = 1
)

select * from int_nexacloud_invoices
