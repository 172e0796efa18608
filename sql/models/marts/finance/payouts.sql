-- One row per payout of Stripe to the bank, for finance.
with

source as (select * from {{ ref('fct_payouts') }}),

payouts as (
    select
        payout_id,
        status,
        state,
        arrives_on,
        currency_code,
        amount_minor,
        gross_minor,
        fee_minor,
        refund_minor,
        dispute_minor,
        other_minor,
        net_minor,
        difference_minor,
        transaction_count,
        invoice_ids
    from source
)

select * from payouts
