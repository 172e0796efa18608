-- One row per link of a vTiger contract to a case.
with

source as (
    {{ json_table(source('vtiger', 'links'), {'contract_id': '$.contract_id', 'case_id': '$.case_id'}) }}
),

stg_vtiger__links as (
    select
        contract_id,
        case_id
    from source
    where not _deleted
)

select * from stg_vtiger__links
