-- One row per Lago credit note whose credit was voided: what invoices had used of it, what is gone, and whether anything of it stands.
with

-- Voiding sets what is left of the credit to zero; what was refunded, offset or used stays. Only the note's status tells of it:
-- its amounts are as they were.
credit_notes as (select * from {{ ref('stg_lago__credit_notes') }} where status = 'voided'),

invoices as (select * from {{ ref('stg_lago__invoices') }} where status = 'finalized'),

credits as (select * from {{ ref('stg_lago__invoice_credits') }} where item_type = 'credit_note'),

uses as (
    select
        credits.item_id as credit_note_id,
        cast(sum(credits.amount_minor) as bigint) as used_minor
    from credits
    inner join invoices on credits.invoice_id = invoices.invoice_id
    group by credits.item_id
),

int_lago_voided_credit as (
    select
        credit_notes.credit_note_id,
        coalesce(uses.used_minor, 0) as used_minor,
        credit_notes.credit_minor - coalesce(uses.used_minor, 0) as voided_minor,
        -- Lago has no other way to take a note back, and makes such a note itself when it voids an invoice with one.
        credit_notes.refund_minor = 0 and credit_notes.offset_minor = 0 and coalesce(uses.used_minor, 0) = 0 as is_all_of_it
    from credit_notes
    left join uses on credit_notes.credit_note_id = uses.credit_note_id
)

select * from int_lago_voided_credit
