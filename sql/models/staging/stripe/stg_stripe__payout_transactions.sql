-- One row per balance transaction in a payout; only the list of a payout knows which they are.
with

source as (
    {{ json_table(source('stripe', 'payout_transactions'), {
        'payout_id': '$.payout',
        'balance_transaction_id': '$.balance_transaction',
        'currency': '$.currency',
        'net': '$.net'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

stg_stripe__payout_transactions as (
    select
        source.payout_id,
        source.balance_transaction_id,
        upper(source.currency) as currency_code,
        {{ iso_minor('source.net') }} as net_minor
    from source
    left join units on upper(source.currency) = units.currency_code
    where not source._deleted
)

select * from stg_stripe__payout_transactions
