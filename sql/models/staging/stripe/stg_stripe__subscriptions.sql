-- One row per Stripe subscription, canceled ones included.
with

source as (
    {{ json_table(source('stripe', 'subscriptions'), {
        'customer': '$.customer',
        'status': '$.status',
        'currency': '$.currency',
        'created': '$.created',
        'canceled_at': '$.canceled_at'
    }) }}
),

stg_stripe__subscriptions as (
    select
        _key as stripe_subscription_id,
        customer as stripe_customer_id,
        status,
        upper(currency) as currency_code,
        {{ moment_of_unix('created') }} as created_at,
        {{ moment_of_unix('canceled_at') }} as canceled_at
    from source
    where not _deleted
)

select * from stg_stripe__subscriptions
