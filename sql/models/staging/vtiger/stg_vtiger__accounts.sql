-- One row per vTiger account (a company).
with

source as (
    {{ json_table(source('vtiger', 'accounts'), {
        'account_name': '$.accountname',
        'email': '$.email1',
        'street': '$.bill_street',
        'city': '$.bill_city',
        'state': '$.bill_state',
        'postal_code': '$.bill_code',
        'country': '$.bill_country'
    }) }}
),

stg_vtiger__accounts as (
    select
        _key as vtiger_account_id,
        nullif(trim(account_name), '') as customer_name,
        lower(nullif(trim(email), '')) as email,
        coalesce(street, '') as street,
        coalesce(city, '') as city,
        coalesce(state, '') as state_name,
        coalesce(postal_code, '') as postal_code,
        coalesce(country, '') as country_name,
        _landed_at
    from source
    where not _deleted
)

select * from stg_vtiger__accounts
