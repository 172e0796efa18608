-- One row per vTiger contact (a person, usually of an account).
with

source as (
    {{ json_table(source('vtiger', 'contacts'), {
        'first_name': '$.firstname',
        'last_name': '$.lastname',
        'email': '$.email',
        'account_id': '$.account_id'
    }) }}
),

stg_vtiger__contacts as (
    select
        _key as vtiger_contact_id,
        nullif(account_id, '') as vtiger_account_id,
        nullif(trim(concat_ws(' ', first_name, last_name)), '') as contact_name,
        lower(nullif(trim(email), '')) as email
    from source
    where not _deleted
)

select * from stg_vtiger__contacts
