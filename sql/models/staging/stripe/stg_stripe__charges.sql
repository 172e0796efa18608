-- One row per charge at Stripe.
with

source as (
    {{ json_table(source('stripe', 'charges'), {
        'payment_intent': '$.payment_intent',
        'status': '$.status',
        'currency': '$.currency',
        'amount': '$.amount',
        'amount_refunded': '$.amount_refunded',
        'disputed': '$.disputed',
        'balance_transaction': '$.balance_transaction',
        'created': '$.created'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

stg_stripe__charges as (
    select
        source._key as charge_id,
        source.payment_intent as payment_intent_id,
        source.balance_transaction as balance_transaction_id,
        source.status,
        upper(source.currency) as currency_code,
        {{ iso_minor('source.amount') }} as amount_minor,
        {{ iso_minor('source.amount_refunded') }} as refunded_minor,
        coalesce(source.disputed = 'true', false) as is_disputed,
        {{ moment_of_unix('source.created') }} as created_at
    from source
    left join units on upper(source.currency) = units.currency_code
    where not source._deleted
)

select * from stg_stripe__charges
