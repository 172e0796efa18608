-- One row per invoice or credit note of a source: its figures in the books' terms, and what its landed record says of it.
with

stripe_invoices as (select * from {{ ref('int_stripe_invoices') }}),

lago_invoices as (select * from {{ ref('int_lago_invoices') }}),

credit_notes as (select * from {{ ref('int_credit_notes') }}),

lago_payments as (select * from {{ ref('stg_lago__payments') }} where status = 'succeeded'),

lago_paid as (
    select
        invoice_id,
        {{ accounting_day('max(paid_at)') }} as paid_on
    from lago_payments
    group by invoice_id
),

stripe_documents as (
    select
        'stripe' as source_system,
        invoice_id as source_invoice_id,
        'invoice' as kind,
        invoice_number,
        stripe_customer_id as account_id,
        '' as corrects_source_invoice_id,
        invoiced_on,
        due_on,
        paid_on,
        currency_code,
        subtotal_minor,
        tax_minor,
        total_minor,
        paid_minor,
        remaining_minor as open_minor,
        cast(0 as bigint) as settles_corrected_minor,
        status as source_status,
        case
            when is_deleted and status = 'draft' then 'draft'
            when is_deleted then 'unverified'
            when status = 'draft' then 'draft'
            when status = 'void' and voided_at is not null then 'void'
            when status = 'void' or coalesce(status, '') not in ('open', 'paid', 'uncollectible') then 'unverified'
            when problems <> '' then 'unverified'
            when total_minor = 0 and tax_minor = 0 then 'zero'
            else 'verified'
        end as record_verdict,
        case
            when is_deleted and status = 'draft' then 'a draft that was deleted at Stripe'
            when is_deleted then 'Stripe no longer has it'
            when status = 'draft' then 'still a draft at Stripe'
            when status = 'void' and voided_at is not null
                then 'void at Stripe since ' || {{ accounting_day('voided_at') }}
            when status = 'void' then 'Stripe''s figures disagree: it is void and has no date of that'
            when coalesce(status, '') not in ('open', 'paid', 'uncollectible')
                then 'Stripe gives it a status that is not known here: ' || coalesce(status, 'none')
            when problems <> '' then 'Stripe''s figures disagree: ' || problems
            when total_minor = 0 and tax_minor = 0 then 'Stripe confirms it, and its total is zero'
            else 'Stripe confirms it: ' || status
        end as record_reason,
        case
            when shipping_minor <> 0 then 'it has a shipping amount, which has no family and no tax here'
            when total_minor < 0 then 'its total is below zero: Odoo takes that only as a credit note, which a person makes'
            when starting_balance_minor > 0
                then 'it also collects ' || {{ amount_text('starting_balance_minor') }}
                    || ' that the customer owed from before, which no document here is for'
            else ''
        end as source_park_reason,
        coalesce(status, 'draft') <> 'draft' and not is_deleted as is_issued,
        true as is_revenue,
        false as is_prepaid,
        cast(0 as bigint) as lines_remainder_minor,
        cast(0 as bigint) as progressive_credit_minor,
        _landed_at
    from stripe_invoices
),

lago_documents as (
    select
        'lago' as source_system,
        lago_invoices.invoice_id as source_invoice_id,
        'invoice' as kind,
        lago_invoices.invoice_number,
        lago_invoices.lago_customer_id as account_id,
        '' as corrects_source_invoice_id,
        lago_invoices.invoiced_on,
        lago_invoices.due_on,
        case when lago_invoices.paid_minor > 0 then lago_paid.paid_on end as paid_on,
        lago_invoices.currency_code,
        lago_invoices.subtotal_minor,
        lago_invoices.tax_minor,
        lago_invoices.total_minor,
        lago_invoices.paid_minor,
        lago_invoices.due_minor as open_minor,
        cast(0 as bigint) as settles_corrected_minor,
        lago_invoices.status as source_status,
        case
            when lago_invoices.is_deleted and lago_invoices.status in ('draft', 'pending') then 'draft'
            when lago_invoices.is_deleted then 'unverified'
            when lago_invoices.status in ('draft', 'pending') then 'draft'
            when lago_invoices.status = 'voided' then 'void'
            when coalesce(lago_invoices.status, '') <> 'finalized' then 'unverified'
            when lago_invoices.problems <> '' then 'unverified'
            when lago_invoices.total_minor = 0 and lago_invoices.tax_minor = 0 then 'zero'
            else 'verified'
        end as record_verdict,
        case
            when lago_invoices.is_deleted and lago_invoices.status in ('draft', 'pending')
                then 'a draft that was deleted at Lago'
            when lago_invoices.is_deleted then 'Lago no longer has it'
            when lago_invoices.status = 'draft' then 'still a draft at Lago'
            when lago_invoices.status = 'pending' then 'not finalized at Lago: it waits for its taxes'
            when lago_invoices.status = 'voided'
                then 'void at Lago' || coalesce(' since ' || {{ accounting_day('lago_invoices.voided_at') }}, '')
            when lago_invoices.status = 'failed' then 'its finalization failed at Lago'
            when coalesce(lago_invoices.status, '') <> 'finalized'
                then 'Lago gives it a status that is not known here: ' || coalesce(lago_invoices.status, 'none')
            when lago_invoices.problems <> '' then 'Lago''s figures disagree: ' || lago_invoices.problems
            when lago_invoices.total_minor = 0 and lago_invoices.tax_minor = 0
                then 'Lago confirms it, and its total is zero'
            else 'Lago confirms it: ' || lago_invoices.status || ', payment ' || coalesce(lago_invoices.payment_status, 'unknown')
        end as record_reason,
        case
            when lago_invoices.is_self_billed then {{ self_billed_reason() }}
            when lago_invoices.prepaid_credit_minor <> coalesce(
                lago_invoices.prepaid_granted_minor + lago_invoices.prepaid_purchased_minor, 0
            )
                then {{ amount_text('lago_invoices.prepaid_credit_minor', 'lago_invoices.units_per_major') }}
                    || ' of it are settled from a wallet, and Lago does not say what of that was purchased'
            when lago_invoices.prepaid_granted_minor > 0
                then {{ amount_text('lago_invoices.prepaid_granted_minor', 'lago_invoices.units_per_major') }}
                    || ' of it are settled with credit that was given away: a discount, which a person books'
            else ''
        end as source_park_reason,
        coalesce(lago_invoices.status, 'draft') not in ('draft', 'pending', 'failed')
        and not lago_invoices.is_deleted as is_issued,
        -- A wallet top-up is owed back in service; it is revenue when it is used. A self-billed invoice is a cost.
        coalesce(lago_invoices.invoice_type, '') <> 'credit' and lago_invoices.is_self_billed is not true as is_revenue,
        coalesce(lago_invoices.invoice_type, '') = 'credit' as is_prepaid,
        lago_invoices.lines_remainder_minor,
        lago_invoices.progressive_credit_minor,
        lago_invoices._landed_at
    from lago_invoices
    left join lago_paid on lago_invoices.invoice_id = lago_paid.invoice_id
),

-- What is void takes nothing into the books, and its credit note would take out what never stood there, or take it out a second
-- time beside the reversal (docs/decisions/0034).
void_invoices as (
    select source_system, source_invoice_id, invoice_number, record_reason from stripe_documents where record_verdict = 'void'
    union all
    select source_system, source_invoice_id, invoice_number, record_reason from lago_documents where record_verdict = 'void'
),

credit_note_documents as (
    select
        credit_notes.source_system,
        credit_notes.credit_note_id as source_invoice_id,
        'credit_note' as kind,
        credit_notes.credit_note_number as invoice_number,
        credit_notes.account_id,
        coalesce(credit_notes.corrects_source_invoice_id, '') as corrects_source_invoice_id,
        credit_notes.invoiced_on,
        credit_notes.invoiced_on as due_on,
        cast(null as date) as paid_on,
        credit_notes.currency_code,
        credit_notes.subtotal_minor,
        credit_notes.tax_minor,
        credit_notes.total_minor,
        cast(0 as bigint) as paid_minor,
        credit_notes.unrefunded_minor as open_minor,
        credit_notes.corrected_minor as settles_corrected_minor,
        credit_notes.status as source_status,
        case
            when credit_notes.is_deleted then 'unverified'
            when credit_notes.is_void or void_invoices.source_invoice_id is not null then 'void'
            when credit_notes.problems <> '' then 'unverified'
            when credit_notes.total_minor = 0 then 'zero'
            else 'verified'
        end as record_verdict,
        case
            when credit_notes.is_deleted then 'its source no longer has it'
            when credit_notes.is_void then 'void at its source'
            when void_invoices.source_invoice_id is not null
                then 'its invoice' || coalesce(' ' || nullif(void_invoices.invoice_number, ''), '') || ' is ' || void_invoices.record_reason
                    || ': there is nothing left that it takes back'
            when credit_notes.problems <> '' then 'its figures disagree: ' || credit_notes.problems
            when credit_notes.total_minor = 0 then 'its source confirms it, and its total is zero'
            when credit_notes.status = 'voided' then 'its source confirms it, and voided what was left of its credit'
            else 'its source confirms it: ' || coalesce(credit_notes.status, 'issued')
        end as record_reason,
        case when credit_notes.is_self_billed then {{ self_billed_reason() }} else '' end as source_park_reason,
        not credit_notes.is_deleted as is_issued,
        credit_notes.is_revenue,
        not credit_notes.is_revenue and credit_notes.is_self_billed is not true as is_prepaid,
        credit_notes.lines_remainder_minor,
        cast(0 as bigint) as progressive_credit_minor,
        credit_notes._landed_at
    from credit_notes
    left join void_invoices
        on credit_notes.source_system = void_invoices.source_system
        and credit_notes.corrects_source_invoice_id = void_invoices.source_invoice_id
),

int_documents as (
    select * from stripe_documents
    union all
    select * from lago_documents
    union all
    select * from credit_note_documents
)

select * from int_documents
