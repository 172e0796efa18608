-- One row per credit note that is not void: in which ways its total was, or is to be, made good. The parts add up to its total.
with

stripe_notes as (
    select * from {{ ref('stg_stripe__credit_notes') }} where coalesce(status, '') <> 'void' and not is_deleted
),

stripe_named_refunds as (select * from {{ ref('stg_stripe__credit_note_refunds') }}),

stripe_refunds as (select * from {{ ref('stg_stripe__refunds') }}),

lago_notes as (select * from {{ ref('stg_lago__credit_notes') }} where not is_deleted),

lago_voided as (select * from {{ ref('int_lago_voided_credit') }} where is_all_of_it),

stripe_refund_sums as (
    select
        stripe_named_refunds.credit_note_id,
        sum(case when stripe_named_refunds.is_off_stripe then stripe_named_refunds.amount_minor else 0 end) as elsewhere_minor,
        sum(
            case
                when not stripe_named_refunds.is_off_stripe and stripe_refunds.status = 'succeeded'
                    then stripe_named_refunds.amount_minor
                else 0
            end
        ) as refunded_minor,
        sum(stripe_named_refunds.amount_minor) as named_minor
    from stripe_named_refunds
    left join stripe_refunds on stripe_named_refunds.refund_id = stripe_refunds.refund_id
    group by stripe_named_refunds.credit_note_id
),

int_credit_note_parts as (
    select
        'stripe' as source_system,
        stripe_notes.credit_note_id,
        {{ accounting_day('stripe_notes.issued_at') }} as credited_on,
        stripe_notes.currency_code,
        -- Lowers what is due on the invoice it corrects.
        stripe_notes.pre_payment_minor as corrected_minor,
        -- Went back to the customer the way it came, and has arrived.
        cast(coalesce(stripe_refund_sums.refunded_minor, 0) as bigint) as refunded_minor,
        -- Is to go back that way, and has not.
        cast(coalesce(
            stripe_refund_sums.named_minor - stripe_refund_sums.refunded_minor - stripe_refund_sums.elsewhere_minor, 0
        ) as bigint) as unrefunded_minor,
        -- Became credit of the customer: Stripe gives no amount of its own for it, it is the rest.
        cast(
            stripe_notes.post_payment_minor - stripe_notes.out_of_band_minor - coalesce(stripe_refund_sums.named_minor, 0)
            as bigint
        ) as credited_minor,
        -- Went back, or will, on a way that the source does not see.
        cast(stripe_notes.out_of_band_minor + coalesce(stripe_refund_sums.elsewhere_minor, 0) as bigint) as elsewhere_minor
    from stripe_notes
    left join stripe_refund_sums on stripe_notes.credit_note_id = stripe_refund_sums.credit_note_id
    union all
    select
        'lago',
        lago_notes.credit_note_id,
        lago_notes.issued_on,
        lago_notes.currency_code,
        lago_notes.offset_minor,
        case when lago_notes.refund_status = 'succeeded' then lago_notes.refund_minor else 0 end,
        case when lago_notes.refund_status = 'succeeded' then 0 else lago_notes.refund_minor end,
        -- All of it was given on the note's day; what was voided of it since is a break, and a person writes it off.
        lago_notes.credit_minor,
        0
    from lago_notes
    left join lago_voided on lago_notes.credit_note_id = lago_voided.credit_note_id
    where lago_voided.credit_note_id is null
)

select * from int_credit_note_parts
