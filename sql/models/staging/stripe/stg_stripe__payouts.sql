-- One row per payout of Stripe to the bank; negative where Stripe takes money from the account.
with

source as (
    {{ json_table(source('stripe', 'payouts'), {
        'status': '$.status',
        'is_automatic': '$.automatic',
        'reconciliation_status': '$.reconciliation_status',
        'currency': '$.currency',
        'amount': '$.amount',
        'arrival_date': '$.arrival_date',
        'created': '$.created'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

stg_stripe__payouts as (
    select
        source._key as payout_id,
        source.status,
        source.is_automatic = 'true' as is_automatic,
        source.reconciliation_status,
        upper(source.currency) as currency_code,
        {{ iso_minor('source.amount') }} as amount_minor,
        -- Midnight UTC stands for the bank's day; cut in the company's zone it would be the day before.
        {{ day_of_unix('source.arrival_date') }} as arrives_on,
        {{ moment_of_unix('source.created') }} as created_at,

        -- lineage
        source._landed_at
    from source
    left join units on upper(source.currency) = units.currency_code
    where not source._deleted
)

select * from stg_stripe__payouts
