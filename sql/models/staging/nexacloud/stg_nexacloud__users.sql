-- One row per NexaCloud user, as NexaCloud last showed it.
with

source as (select * from {{ source('nexacloud', 'users') }}),

stg_nexacloud__users as (
    select
        -- ids
        id as user_id,
        nullif(stripe_customer_id, '') as stripe_customer_id,

        -- who it is; the customer's name is the company, the person only where there is none
        coalesce(nullif(trim(company), ''), nullif(trim(full_name), '')) as customer_name,
        nullif(trim(company), '') is not null as is_company,
        lower(coalesce(nullif(trim(billing_email), ''), nullif(trim(email), ''))) as email,
        coalesce(trim(billing_address), '') as street,
        coalesce(trim(billing_city), '') as city,
        coalesce(trim(billing_state), '') as state_name,
        coalesce(trim(billing_postal_code), '') as postal_code,
        coalesce(trim(billing_country), '') as country_name,
        coalesce(trim(tax_id), '') as tax_id,

        -- lineage
        _landed_at
    from source
    where not _deleted
)

select * from stg_nexacloud__users
