-- One row per vTiger service contract. Every value is text there, and empty is "" and never null.
with

source as (
    {{ json_table(source('vtiger', 'service_contracts'), {
        'contract_no': '$.contract_no',
        'subject': '$.subject',
        'related_to': '$.sc_related_to',
        'tracking_unit': '$.tracking_unit',
        'total_units': '$.total_units',
        'used_units': '$.used_units',
        'contract_status': '$.contract_status',
        'start_date': '$.start_date',
        'due_date': '$.due_date'
    }) }}
),

stg_vtiger__service_contracts as (
    select
        -- ids; related_to is an account or a contact, or empty when that was deleted
        _key as contract_id,
        contract_no,
        nullif(related_to, '') as related_to_id,
        coalesce(subject, '') as subject,
        contract_status,
        tracking_unit,

        -- decimal(5,2) in vTiger's database: 1024 used hours are stored as 999.99, so used_units is shown, never relied on
        try_cast(nullif(total_units, '') as decimal(18, 2)) as total_units,
        try_cast(nullif(used_units, '') as decimal(18, 2)) as used_units,

        -- days
        try_cast(nullif(start_date, '') as date) as start_on,
        try_cast(nullif(due_date, '') as date) as due_on
    from source
    where not _deleted
)

select * from stg_vtiger__service_contracts
