-- One row per Stripe customer; deleted ones stay, flagged, because their invoices do.
with

source as (
    {{ json_table(source('stripe', 'customers'), {
        'name': '$.name',
        'business_name': '$.business_name',
        'email': '$.email',
        'line1': '$.address.line1',
        'line2': '$.address.line2',
        'city': '$.address.city',
        'state': '$.address.state',
        'postal_code': '$.address.postal_code',
        'country': '$.address.country',
        'is_deleted': '$.deleted'
    }) }}
),

stg_stripe__customers as (
    select
        _key as stripe_customer_id,
        nullif(trim(coalesce(business_name, name)), '') as customer_name,
        business_name is not null as is_company,
        lower(nullif(trim(email), '')) as email,
        concat_ws(', ', nullif(line1, ''), nullif(line2, '')) as street,
        coalesce(city, '') as city,
        coalesce(state, '') as state_name,
        coalesce(postal_code, '') as postal_code,
        coalesce(country, '') as country_name,

        -- lineage
        _deleted or coalesce(is_deleted = 'true', false) as is_deleted,
        _landed_at
    from source
)

select * from stg_stripe__customers
