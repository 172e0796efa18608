-- One row per movement at Stripe that no document of the books stands for: a charge that paid nothing we know, a refund or a
-- dispute of it, and what was taken back of a charge that paid a Lago invoice. Of one that is_untold nobody can say so yet: Lago may
-- name it when it is read next.
with

charges as (select * from {{ ref('stg_stripe__charges') }} where status = 'succeeded'),

refunds as (select * from {{ ref('stg_stripe__refunds') }} where status = 'succeeded'),

disputes as (select * from {{ ref('stg_stripe__disputes') }}),

transactions as (
    select * from {{ ref('stg_stripe__balance_transactions') }} where reporting_category in ('dispute', 'dispute_reversal')
),

lago_receipts as (select * from {{ ref('int_lago_receipts') }} where route = 'stripe'),

lago_notes as (select * from {{ ref('stg_lago__credit_notes') }}),

note_parts as (select * from {{ ref('int_credit_note_parts') }} where source_system = 'lago'),

lago_loads as (select * from {{ ref('stg_meta__loads') }} where source_name = 'lago' and stream in ('payments', 'credit_notes')),

known as (select paid_with from {{ ref('int_stripe_paid_invoices') }}),

-- Up to which moment Lago told of its payments, and of its credit notes: of what moved before its last good reading began, less
-- what it takes Lago to hear of it. NULL when it never told; no row where it is not asked.
told as (
    select
        stream,
        max(case when outcome = 'landed' then started_at end)
        - interval '{{ var("lago_tells_within_minutes") }} minutes' as told_until
    from lago_loads
    group by stream
),

-- The invoice of a payment that paid one; '' when it paid several, and nobody says which of them the money was for.
lago_paid as (
    select
        reference as paid_with,
        case when count(distinct invoice_id) = 1 then min(invoice_id) else '' end as invoice_id
    from lago_receipts
    group by reference
),

given_back_by_notes as (
    select
        lago_notes.invoice_id,
        sum(note_parts.refunded_minor) as amount_minor
    from note_parts
    inner join lago_notes on note_parts.credit_note_id = lago_notes.credit_note_id
    group by lago_notes.invoice_id
),

withdrawn as (
    select
        source_id as dispute_id,
        -- Stripe counts what was taken as negative; what came back is less of it.
        cast(-sum(amount_minor) as bigint) as amount_minor,
        min(currency_code) as currency_code,
        min(created_at) as moved_at
    from transactions
    group by source_id
    having sum(amount_minor) < 0
),

movements as (
    select
        'charge' as movement,
        charge_id as movement_id,
        payment_intent_id,
        charge_id,
        '' as status,
        amount_minor,
        currency_code,
        created_at as moved_at
    from charges
    union all
    select 'refund', refund_id, payment_intent_id, charge_id, '', amount_minor, currency_code, created_at
    from refunds
    union all
    select
        'dispute',
        disputes.dispute_id,
        disputes.payment_intent_id,
        disputes.charge_id,
        coalesce(disputes.status, ''),
        withdrawn.amount_minor,
        withdrawn.currency_code,
        withdrawn.moved_at
    from disputes
    inner join withdrawn on disputes.dispute_id = withdrawn.dispute_id
),

of_no_stripe_invoice as (
    select
        movements.*,
        coalesce(by_intent.invoice_id, by_charge.invoice_id) as lago_invoice_id,
        -- What moved since may be for an invoice of Lago's: nobody can say yet that no invoice names it, or no credit note.
        told.stream is not null and coalesce(movements.moved_at >= told.told_until, true) as is_untold
    from movements
    left join known as known_intent on movements.payment_intent_id = known_intent.paid_with
    left join known as known_charge on movements.charge_id = known_charge.paid_with
    left join lago_paid as by_intent on movements.payment_intent_id = by_intent.paid_with
    left join lago_paid as by_charge on movements.charge_id = by_charge.paid_with
    left join told
        on told.stream = case
            when coalesce(by_intent.invoice_id, by_charge.invoice_id) is null then 'payments'
            when movements.movement = 'refund' then 'credit_notes'
        end
    where known_intent.paid_with is null and known_charge.paid_with is null
),

-- Lago's credit notes give back a part of it and name no refund, so the sums are compared.
refunds_of_lago as (
    select
        loose.lago_invoice_id,
        cast(sum(loose.amount_minor) - min(coalesce(given_back_by_notes.amount_minor, 0)) as bigint) as amount_minor,
        min(loose.currency_code) as currency_code,
        min(loose.moved_at) as moved_at
    from of_no_stripe_invoice as loose
    left join given_back_by_notes on loose.lago_invoice_id = given_back_by_notes.invoice_id
    where loose.movement = 'refund' and loose.lago_invoice_id <> '' and not loose.is_untold
    group by loose.lago_invoice_id
    having sum(loose.amount_minor) > min(coalesce(given_back_by_notes.amount_minor, 0))
),

int_stripe_loose_money as (
    select
        movement,
        movement_id,
        case when lago_invoice_id <> '' then 'lago' else 'stripe' end as source_system,
        coalesce(lago_invoice_id, '') as source_invoice_id,
        status,
        amount_minor,
        currency_code,
        moved_at,
        is_untold
    from of_no_stripe_invoice
    where case movement
        when 'charge' then lago_invoice_id is null
        when 'refund' then coalesce(lago_invoice_id, '') = '' or is_untold
        else true
    end
    union all
    select 'refund', 'refunds', 'lago', lago_invoice_id, '', amount_minor, currency_code, moved_at, false
    from refunds_of_lago
)

select * from int_stripe_loose_money
