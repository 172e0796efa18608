-- One row per Lago customer, by its own lago_id: an external id can be used again after a deletion.
with

source as (
    {{ json_table(source('lago', 'customers'), {
        'external_id': '$.external_id',
        'name': '$.name',
        'legal_name': '$.legal_name',
        'email': '$.email',
        'address_line1': '$.address_line1',
        'address_line2': '$.address_line2',
        'city': '$.city',
        'state': '$.state',
        'zipcode': '$.zipcode',
        'country': '$.country',
        'tax_id': '$.tax_identification_number',
        'stripe_customer_id': '$.billing_configuration.provider_customer_id',
        'payment_provider': '$.billing_configuration.payment_provider'
    }) }}
),

stg_lago__customers as (
    select
        _key as lago_customer_id,
        external_id,
        case when payment_provider = 'stripe' then nullif(stripe_customer_id, '') end as stripe_customer_id,
        coalesce(nullif(trim(legal_name), ''), nullif(trim(name), '')) as customer_name,
        nullif(trim(legal_name), '') is not null as is_company,
        lower(nullif(trim(email), '')) as email,
        concat_ws(', ', nullif(address_line1, ''), nullif(address_line2, '')) as street,
        coalesce(city, '') as city,
        coalesce(state, '') as state_name,
        coalesce(zipcode, '') as postal_code,
        coalesce(country, '') as country_name,
        coalesce(tax_id, '') as tax_id,

        -- lineage
        _deleted as is_deleted,
        _landed_at
    from source
)

select * from stg_lago__customers
