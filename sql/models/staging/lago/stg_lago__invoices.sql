-- One row per Lago invoice (its detail record), as Lago last told it.
with

source as (
    {{ json_table(source('lago', 'invoices'), {
        'number': '$.number',
        'status': '$.status',
        'payment_status': '$.payment_status',
        'invoice_type': '$.invoice_type',
        'self_billed': '$.self_billed',
        'version_number': '$.version_number',
        'currency': '$.currency',
        'fees_amount': '$.fees_amount_cents',
        'progressive_billing_credit': '$.progressive_billing_credit_amount_cents',
        'coupons': '$.coupons_amount_cents',
        'sub_total_excluding_taxes': '$.sub_total_excluding_taxes_amount_cents',
        'taxes': '$.taxes_amount_cents',
        'sub_total_including_taxes': '$.sub_total_including_taxes_amount_cents',
        'credit_notes': '$.credit_notes_amount_cents',
        'prepaid_credit': '$.prepaid_credit_amount_cents',
        'prepaid_granted': '$.prepaid_granted_credit_amount_cents',
        'prepaid_purchased': '$.prepaid_purchased_credit_amount_cents',
        'total': '$.total_amount_cents',
        'total_paid': '$.total_paid_amount_cents',
        'total_due': '$.total_due_amount_cents',
        'total_offset': '$.total_offsetted_credit_note_amount_cents',
        'issuing_date': '$.issuing_date',
        'payment_due_date': '$.payment_due_date',
        'created_at': '$.created_at',
        'file_url': '$.file_url',
        'voided_at': '$.voided_at',
        'payment_dispute_lost_at': '$.payment_dispute_lost_at',
        'customer_id': '$.customer.lago_id',
        'customer_external_id': '$.customer.external_id',
        'customer_name': '$.customer.name',
        'customer_legal_name': '$.customer.legal_name',
        'customer_email': '$.customer.email',
        'customer_stripe_id': '$.customer.billing_configuration.provider_customer_id',
        'customer_line1': '$.customer.address_line1',
        'customer_city': '$.customer.city',
        'customer_state': '$.customer.state',
        'customer_zipcode': '$.customer.zipcode',
        'customer_country': '$.customer.country'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'lago'),

stg_lago__invoices as (
    select
        -- ids
        source._key as invoice_id,
        source.number as invoice_number,
        source.status,
        source.payment_status,
        source.invoice_type,
        coalesce(source.self_billed = 'true', false) as is_self_billed,
        try_cast(source.version_number as integer) as version_number,
        nullif(source.file_url, '') as pdf_url,

        -- the customer as embedded: a deleted one is only here
        source.customer_id as lago_customer_id,
        source.customer_external_id,
        coalesce(nullif(trim(source.customer_legal_name), ''), nullif(trim(source.customer_name), ''))
            as customer_name,
        nullif(trim(source.customer_legal_name), '') is not null as is_company,
        lower(nullif(trim(source.customer_email), '')) as customer_email,
        nullif(source.customer_stripe_id, '') as stripe_customer_id,
        coalesce(source.customer_line1, '') as street,
        coalesce(source.customer_city, '') as city,
        coalesce(source.customer_state, '') as state_name,
        coalesce(source.customer_zipcode, '') as postal_code,
        coalesce(source.customer_country, '') as country_name,

        -- amounts, whole minor units in ISO's counting
        upper(source.currency) as currency_code,
        {{ iso_minor('source.fees_amount') }} as fees_minor,
        coalesce({{ iso_minor('source.progressive_billing_credit') }}, 0) as progressive_credit_minor,
        coalesce({{ iso_minor('source.coupons') }}, 0) as coupons_minor,
        {{ iso_minor('source.sub_total_excluding_taxes') }} as subtotal_minor,
        {{ iso_minor('source.taxes') }} as tax_minor,
        {{ iso_minor('source.sub_total_including_taxes') }} as gross_minor,
        coalesce({{ iso_minor('source.credit_notes') }}, 0) as credit_notes_minor,
        coalesce({{ iso_minor('source.prepaid_credit') }}, 0) as prepaid_credit_minor,
        -- NULL on old wallets and on servers before 1.41: then nobody says what was bought and what was given away.
        {{ iso_minor('source.prepaid_granted') }} as prepaid_granted_minor,
        {{ iso_minor('source.prepaid_purchased') }} as prepaid_purchased_minor,
        {{ iso_minor('source.total') }} as total_minor,
        -- Servers before 1.41 do not send what was paid; then the payment status is all there is.
        coalesce(
            {{ iso_minor('source.total_paid') }},
            case when source.payment_status = 'succeeded' then {{ iso_minor('source.total') }} else 0 end
        ) as paid_minor,
        {{ iso_minor('source.total_due') }} as due_minor,
        coalesce({{ iso_minor('source.total_offset') }}, 0) as offset_minor,
        {{ iso_minor(json_sum_of_type('source.payload', '$.credits[*]', 'coupon')) }} as coupon_credits_minor,
        {{ json_is_array('source.payload', '$.credits') }} as has_credits,
        {{ json_is_array('source.payload', '$.fees') }} as has_fees,
        {{ json_all_whole('source.payload', [
            '$.fees_amount_cents', '$.sub_total_excluding_taxes_amount_cents', '$.taxes_amount_cents',
            '$.sub_total_including_taxes_amount_cents', '$.total_amount_cents'
        ]) }} as has_whole_amounts,
        {{ iso_exact([
            'source.fees_amount', 'source.progressive_billing_credit', 'source.coupons', 'source.sub_total_excluding_taxes',
            'source.taxes', 'source.sub_total_including_taxes', 'source.credit_notes', 'source.prepaid_credit',
            'source.prepaid_granted', 'source.prepaid_purchased', 'source.total', 'source.total_paid', 'source.total_due',
            'source.total_offset'
        ]) }} as has_exact_amounts,

        -- days, in the customer's time zone as Lago cuts them; times, UTC
        try_cast(source.issuing_date as date) as issued_on,
        try_cast(source.payment_due_date as date) as due_on,
        try_cast(source.created_at as timestamptz) as created_at,
        try_cast(source.voided_at as timestamptz) as voided_at,
        try_cast(source.payment_dispute_lost_at as timestamptz) as dispute_lost_at,

        -- lineage
        source._deleted as is_deleted,
        source._landed_at,
        source._load_id
    from source
    left join units on upper(source.currency) = units.currency_code
)

select * from stg_lago__invoices
