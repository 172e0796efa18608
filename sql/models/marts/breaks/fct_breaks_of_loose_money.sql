-- One row per movement of money that is in no payment of the books.
with

loose_money as (select * from {{ ref('int_stripe_loose_money') }}),

lago_payments as (select * from {{ ref('stg_lago__payments') }} where status = 'succeeded' and invoice_id is null),

charges as (select * from {{ ref('stg_stripe__charges') }} where status = 'succeeded'),

-- A payout may fail days after it was paid, when a person has booked its transfer.
failed_payouts as (select * from {{ ref('stg_stripe__payouts') }} where status = 'failed'),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

moved as (
    select
        source_system,
        source_invoice_id,
        movement,
        movement_id,
        status,
        is_untold,
        cast(null as date) as arrives_on,
        amount_minor,
        currency_code,
        moved_at as seen_at
    from loose_money
    union all
    -- What Stripe has as a charge too is a row of Stripe's already.
    select
        'lago', '', 'payment', lago_payments.payment_id, lago_payments.status, false, null,
        lago_payments.amount_minor, lago_payments.currency_code, lago_payments._landed_at
    from lago_payments
    left join charges on lago_payments.reference in (charges.charge_id, charges.payment_intent_id)
    where charges.charge_id is null
    union all
    select
        'stripe', '', 'payout', payout_id, status, false, arrives_on, amount_minor, currency_code, _landed_at
    from failed_payouts
),

worded as (
    select
        moved.*,
        {{ money_text('moved.amount_minor', 'moved.currency_code') }} as amount_text
    from moved
    left join units on moved.currency_code = units.currency_code
),

fct_breaks_of_loose_money as (
    select
        case
            when movement = 'payout' then 'payout_failed'
            when is_untold then 'money_not_yet_judged'
            when source_invoice_id = '' then 'money_without_document'
            when movement = 'refund' then 'refund_without_credit_note'
            when status = 'lost' then 'dispute_lost'
            else 'dispute_open'
        end as class,
        source_system,
        source_invoice_id,
        case movement when 'payout' then 'payout|' else 'payment|' end || movement_id as kind,
        cast(null as bigint) as ledger_move_id,
        amount_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        currency_code,
        seen_at as first_seen_at,
        case
            when movement = 'payout'
                then 'The payout ' || movement_id || ' over ' || amount_text || coalesce(' for ' || arrives_on, '')
                    || ' failed and its money went back: reverse the transfer where it is booked, '
                    || 'and look at the bank account at Stripe'
            when is_untold
                then 'Stripe has the ' || movement || ' ' || movement_id || ' over ' || amount_text
                    || ', and Lago was not read since it could know of it: the next reading of Lago tells whether '
                    || case source_invoice_id when '' then 'an invoice' else 'a credit note' end || ' is for it'
            when movement = 'payment'
                then 'Lago has the payment ' || movement_id || ' over ' || amount_text
                    || ' and names no invoice for it: find out what it is for, and book it by hand'
            when source_invoice_id = ''
                then 'Stripe has the ' || movement || ' ' || movement_id || ' over ' || amount_text
                    || ' and no invoice of any source names it: find out what it is for, and book it by hand'
            when movement = 'refund'
                then 'Stripe gave back ' || amount_text || ' of its payment more than the credit notes at Lago: '
                    || 'make the note there, or book it by hand'
            when status = 'lost'
                then 'The dispute ' || movement_id || ' of its payment was lost and ' || amount_text
                    || ' are gone: book it by hand, and credit the invoice or write the claim off'
            else 'The bank took back ' || amount_text || ' of its payment for the dispute ' || movement_id
                || ', which is not decided (' || status || '): book it by hand'
        end as says
    from worded
)

select * from fct_breaks_of_loose_money
