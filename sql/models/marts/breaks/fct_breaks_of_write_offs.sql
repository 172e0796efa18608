-- One row per claim or credit that its source has given up and that the ledger still has, until a person writes it off.
with

invoices as (select * from {{ ref('fct_invoices') }} where record_verdict = 'verified'),

lago_voided as (select * from {{ ref('int_lago_voided_credit') }} where voided_minor > 0),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

given_up as (
    select
        'uncollectible' as class,
        source_system,
        source_invoice_id,
        kind,
        open_minor as given_up_minor,
        currency_code,
        landed_at
    from invoices
    where kind = 'invoice' and source_status = 'uncollectible' and open_minor > 0
    union all
    select
        'credit_voided',
        invoices.source_system,
        invoices.source_invoice_id,
        invoices.kind,
        lago_voided.voided_minor,
        invoices.currency_code,
        invoices.landed_at
    from invoices
    inner join lago_voided on invoices.source_invoice_id = lago_voided.credit_note_id
    where invoices.source_system = 'lago' and invoices.kind = 'credit_note'
),

worded as (
    select
        given_up.*,
        {{ money_text('given_up.given_up_minor', 'given_up.currency_code') }} as amount_text
    from given_up
    left join units on given_up.currency_code = units.currency_code
),

fct_breaks_of_write_offs as (
    select
        class,
        source_system,
        source_invoice_id,
        kind,
        cast(null as bigint) as ledger_move_id,
        given_up_minor as source_minor,
        cast(null as bigint) as ledger_minor,
        currency_code,
        landed_at as first_seen_at,
        case class
            when 'uncollectible'
                then 'Its source has given up ' || amount_text
                    || ' of it; in the ledger it stands open until a person writes it off'
            else 'Lago has voided ' || amount_text || ' of the credit of this note, which no invoice had used; '
                || 'in the ledger it is still the customer''s: write it off by hand'
        end as says
    from worded
)

select * from fct_breaks_of_write_offs
