-- One row per payment and Lago invoice it pays; a payment of a payment request pays several, and one that names none is a row too.
with

source as (
    {{ json_table(source('lago', 'payments'), {
        'payable_type': '$.payable_type',
        'payable_id': '$.lago_payable_id',
        'currency': '$.amount_currency',
        'amount': '$.amount_cents',
        'payment_status': '$.payment_status',
        'payment_type': '$.type',
        'provider_type': '$.payment_provider_type',
        'provider_payment_id': '$.provider_payment_id',
        'external_payment_id': '$.external_payment_id',
        'created_at': '$.created_at'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'lago'),

payables as ({{ json_items('source', '$.invoice_ids', ['_key']) }}),

invoices_of_payment as (
    select
        _key,
        {{ json_text('item', '$') }} as invoice_id,
        count(*) over (partition by _key) as invoice_count
    from payables
),

stg_lago__payments as (
    select
        -- ids
        source._key as payment_id,
        invoices_of_payment.invoice_id,
        coalesce(source.provider_payment_id, source.external_payment_id, source._key) as reference,
        source.payment_status as status,
        source.payment_type,
        source.provider_type,

        -- amounts, whole minor units in ISO's counting; the whole payment, whatever number of invoices it pays
        upper(source.currency) as currency_code,
        {{ iso_minor('source.amount') }} as amount_minor,
        coalesce(invoices_of_payment.invoice_count, 0) as invoice_count,

        -- times, UTC; of a manual payment it is the day that a person typed
        try_cast(source.created_at as timestamptz) as paid_at,

        -- lineage
        source._landed_at
    from source
    left join invoices_of_payment on source._key = invoices_of_payment._key
    left join units on upper(source.currency) = units.currency_code
    where not source._deleted
)

select * from stg_lago__payments
