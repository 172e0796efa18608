-- One row per movement of money or of a customer's credit, and document it is for: booked, or why not.
with

movements as (select * from {{ ref('int_payments') }}),

invoices as (select * from {{ ref('fct_invoices') }}),

routes as (select * from {{ ref('payment_routes') }}),

conversions as (select * from {{ ref('int_stripe_conversions') }}),

in_ledger as (
    select * from {{ ref('stg_odoo__payments') }} where coalesce(state, '') not in ('canceled', 'rejected')
),

-- Only a payment that is the whole of its charge: a part of a charge has no settled amount of its own.
payments as (
    select
        movements.*,
        conversions.settled_currency_code,
        conversions.settled_minor,
        conversions.exchange_rate
    from movements
    left join conversions
        on movements.movement = 'payment'
        and movements.route = 'stripe'
        and movements.reference = conversions.paid_with
        and movements.amount_minor = conversions.amount_minor
        and movements.currency_code = conversions.currency_code
),

-- Booked for a document that has it no longer, or not so much: a credit note named the refund after it was booked.
moved_on as (
    select
        in_ledger.source_system,
        in_ledger.payment_id,
        min(in_ledger.source_invoice_id) as booked_invoice_id,
        bool_and(in_ledger.state = 'draft') as is_draft,
        -- Of one payment whose document has nothing of it any more: what it was booked as.
        case when count(*) = 1 and count(payments.payment_id) = 0 then min(in_ledger.amount_minor) end as whole_minor,
        min(in_ledger.currency_code) as currency_code,
        min(in_ledger.paid_on) as paid_on,
        min(in_ledger.direction) as direction
    from in_ledger
    left join payments
        on in_ledger.source_system = payments.source_system
        and in_ledger.payment_id = payments.payment_id
        and in_ledger.source_invoice_id = payments.source_invoice_id
    where in_ledger.source_invoice_id is not null
        and payments.amount_minor is distinct from in_ledger.amount_minor
        -- As what reached the company in its own currency it is booked all the same.
        and payments.settled_minor is distinct from in_ledger.amount_minor
    group by in_ledger.source_system, in_ledger.payment_id
),

joined as (
    select
        payments.*,
        case when payments.settles_kind = 'credit_note' then 'credit_note' else 'invoice' end as kind,
        invoices.customer_id,
        invoices.currency_code as document_currency_code,
        coalesce(invoices.record_verdict, '') as record_verdict,
        invoices.landed_at as document_landed_at,
        coalesce(invoices.verdict, '') as verdict,
        coalesce(invoices.is_postable, false) as is_document_postable,
        coalesce(invoices.verdict_reason, '') as verdict_reason,
        coalesce(invoices.park_reason, '') as park_reason,
        case when not coalesce(moved_on.is_draft, false) then moved_on.booked_invoice_id end as booked_invoice_id,
        -- All of it: the ledger matches the payment that it has, and makes none.
        case
            when payments.settles_kind = 'credit_note'
                and payments.amount_minor = moved_on.whole_minor
                and payments.currency_code = moved_on.currency_code
                and payments.paid_on = moved_on.paid_on
                and payments.direction = moved_on.direction
                then moved_on.booked_invoice_id
            else ''
        end as booked_for,
        coalesce(routes.is_booked, false) as is_own_route_booked,
        -- What takes back a payment that is booked by hand is booked with it.
        coalesce(routes.is_booked, false) and coalesce(settled_routes.is_booked, true) as is_route_booked
    from payments
    left join invoices
        on payments.source_system = invoices.source_system
        and payments.source_invoice_id = invoices.source_invoice_id
        and case when payments.settles_kind = 'credit_note' then 'credit_note' else 'invoice' end = invoices.kind
    left join moved_on
        on payments.source_system = moved_on.source_system
        and payments.payment_id = moved_on.payment_id
        and payments.source_invoice_id <> moved_on.booked_invoice_id
    left join routes on payments.route = routes.route
    left join payments as settled
        on payments.source_system = settled.source_system
        and payments.source_invoice_id = settled.source_invoice_id
        and payments.settles_payment_id = settled.payment_id
    left join routes as settled_routes on settled.route = settled_routes.route
),

-- The first that holds is the reason. What waits for its document has the document's own break; the rest is a break of its own.
held as (
    select
        *,
        case
            when record_verdict = '' then 'no document here has the id ' || source_invoice_id
            when record_verdict not in ('verified', 'unverified') then 'its document is ' || record_verdict
            when amount_minor is null then 'it is for several documents and cannot be shared out to the cent'
            when amount_minor <= 0 then 'its amount is not above zero'
            when booked_invoice_id is not null and booked_for = ''
                then 'it is in the books already, for ' || booked_invoice_id || ': match that payment with this document by hand'
            when currency_code is distinct from document_currency_code
                then 'it is in ' || coalesce(currency_code, 'no currency') || ' and its document in '
                    || coalesce(document_currency_code, 'none')
            else ''
        end as unbookable_reason,
        case
            when verdict <> 'verified' then 'its document is ' || verdict || ': ' || verdict_reason
            when not is_document_postable then 'its document is parked: ' || park_reason
            else ''
        end as waiting_reason
    from joined
),

fct_payments as (
    select
        source_system,
        payment_id,
        source_invoice_id,
        kind,
        movement,
        direction,
        route,
        settles_kind,
        settles_payment_id,
        customer_id,
        paid_on,
        amount_minor,
        currency_code,
        settled_minor,
        settled_currency_code,
        exchange_rate,
        reference,
        booked_for,
        record_verdict,
        document_landed_at,
        unbookable_reason = '' and waiting_reason = '' and is_route_booked as is_bookable,
        case
            when unbookable_reason <> '' then 'never'
            when not is_route_booked then 'by_hand'
            when waiting_reason <> '' then 'waits'
            else ''
        end as held,
        case
            when unbookable_reason <> '' then unbookable_reason
            when not is_own_route_booked then 'money of the route ' || route || ' is booked by hand'
            when not is_route_booked then 'the payment ' || settles_payment_id || ' that it settles is booked by hand'
            else waiting_reason
        end as held_reason
    from held
)

select * from fct_payments
