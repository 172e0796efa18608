-- One row per account of a person or company in one service (service, external id), with what that service knows of it.
with

users as (select * from {{ ref('stg_nexacloud__users') }}),

stripe_customers as (select * from {{ ref('stg_stripe__customers') }}),

stripe_invoices as (select * from {{ ref('stg_stripe__invoices') }} where stripe_customer_id is not null),

lago_customers as (select * from {{ ref('stg_lago__customers') }}),

lago_invoices as (select * from {{ ref('stg_lago__invoices') }} where lago_customer_id is not null),

vtiger_accounts as (select * from {{ ref('stg_vtiger__accounts') }}),

vtiger_contacts as (select * from {{ ref('stg_vtiger__contacts') }}),

-- A deleted customer is a bare stub, but his invoices carry his name as it was.
stripe_snapshots as (
    select
        stripe_customer_id,
        customer_name,
        customer_email,
        row_number() over (partition by stripe_customer_id order by created_at desc, invoice_id) as recency
    from stripe_invoices
),

lago_snapshots as (
    select
        *,
        row_number() over (partition by lago_customer_id order by created_at desc, invoice_id) as recency
    from lago_invoices
),

int_accounts as (
    select
        'nexacloud' as service,
        user_id as external_id,
        stripe_customer_id,
        cast(null as varchar) as nexacloud_user_id,
        customer_name,
        is_company,
        email,
        street,
        city,
        state_name,
        postal_code,
        country_name,
        tax_id
    from users
    union all
    select
        'stripe',
        coalesce(stripe_customers.stripe_customer_id, stripe_snapshots.stripe_customer_id),
        coalesce(stripe_customers.stripe_customer_id, stripe_snapshots.stripe_customer_id),
        null,
        coalesce(stripe_customers.customer_name, stripe_snapshots.customer_name),
        coalesce(stripe_customers.is_company, false),
        coalesce(stripe_customers.email, stripe_snapshots.customer_email),
        coalesce(stripe_customers.street, ''),
        coalesce(stripe_customers.city, ''),
        coalesce(stripe_customers.state_name, ''),
        coalesce(stripe_customers.postal_code, ''),
        coalesce(stripe_customers.country_name, ''),
        ''
    from stripe_customers
    full outer join (select * from stripe_snapshots where recency = 1) as stripe_snapshots
        on stripe_customers.stripe_customer_id = stripe_snapshots.stripe_customer_id
    union all
    select
        'lago', lago_customer_id, stripe_customer_id, external_id, customer_name, is_company, email,
        street, city, state_name, postal_code, country_name, tax_id
    from lago_customers
    union all
    -- A customer deleted at Lago is only in his invoices.
    select
        'lago', lago_customer_id, stripe_customer_id, customer_external_id, customer_name, is_company, customer_email,
        street, city, state_name, postal_code, country_name, ''
    from lago_snapshots
    where recency = 1
        and lago_customer_id not in (select lago_customer_id from lago_customers)
    union all
    select
        'vtiger', vtiger_account_id, null, null, customer_name, true, email,
        street, city, state_name, postal_code, country_name, ''
    from vtiger_accounts
    union all
    -- A contact of no account may hold a service contract by himself.
    select 'vtiger', vtiger_contact_id, null, null, contact_name, false, email, '', '', '', '', '', ''
    from vtiger_contacts
    where vtiger_account_id is null
)

select * from int_accounts
