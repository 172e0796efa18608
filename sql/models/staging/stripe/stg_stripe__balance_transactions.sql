-- One row per movement of the Stripe balance: net = amount - fee, in the settlement currency.
with

source as (
    {{ json_table(source('stripe', 'balance_transactions'), {
        'source_id': '$.source',
        'reporting_category': '$.reporting_category',
        'currency': '$.currency',
        'amount': '$.amount',
        'fee': '$.fee',
        'net': '$.net',
        'exchange_rate': '$.exchange_rate',
        'created': '$.created'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'stripe'),

stg_stripe__balance_transactions as (
    select
        source._key as balance_transaction_id,
        source.source_id,
        source.reporting_category,
        upper(source.currency) as currency_code,
        {{ iso_minor('source.amount') }} as amount_minor,
        {{ iso_minor('source.fee') }} as fee_minor,
        {{ iso_minor('source.net') }} as net_minor,
        -- Units of this currency for one of the charge's; a JSON number whose text goes straight to DECIMAL.
        try_cast(source.exchange_rate as decimal(28, 12)) as exchange_rate,
        {{ moment_of_unix('source.created') }} as created_at
    from source
    left join units on upper(source.currency) = units.currency_code
    where not source._deleted
)

select * from stg_stripe__balance_transactions
