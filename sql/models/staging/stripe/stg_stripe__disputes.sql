-- One row per dispute at Stripe; a charge may have more than one.
with

source as (
    {{ json_table(source('stripe', 'disputes'), {
        'charge': '$.charge',
        'payment_intent': '$.payment_intent',
        'status': '$.status',
        'reason': '$.reason',
        'currency': '$.currency',
        'amount': '$.amount',
        'created': '$.created'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

stg_stripe__disputes as (
    select
        source._key as dispute_id,
        source.charge as charge_id,
        source.payment_intent as payment_intent_id,
        source.status,
        source.reason,
        upper(source.currency) as currency_code,
        {{ iso_minor('source.amount') }} as amount_minor,
        {{ moment_of_unix('source.created') }} as created_at
    from source
    left join units on upper(source.currency) = units.currency_code
    where not source._deleted
)

select * from stg_stripe__disputes
