-- One row per payment intent at Stripe.
with

source as (
    {{ json_table(source('stripe', 'payment_intents'), {
        'status': '$.status',
        'latest_charge': '$.latest_charge',
        'customer': '$.customer',
        'currency': '$.currency',
        'amount_received': '$.amount_received'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

stg_stripe__payment_intents as (
    select
        source._key as payment_intent_id,
        source.latest_charge as charge_id,
        source.customer as stripe_customer_id,
        source.status,
        upper(source.currency) as currency_code,
        {{ iso_minor('source.amount_received') }} as received_minor
    from source
    left join units on upper(source.currency) = units.currency_code
    where not source._deleted
)

select * from stg_stripe__payment_intents
