-- One row per vTiger case (Cloud) or ticket (self-hosted HelpDesk).
with

source as (
    {{ json_table(source('vtiger', 'cases'), {
        'case_no': '$.case_no',
        'ticket_no': '$.ticket_no',
        'title': '$.title',
        'ticket_title': '$.ticket_title',
        'casestatus': '$.casestatus',
        'ticketstatus': '$.ticketstatus',
        'parent_id': '$.parent_id',
        'servicecontract_id': '$.servicecontract_id',
        'hours': '$.hours',
        'days': '$.days',
        'time_spent': '$.time_spent'
    }) }}
),

stg_vtiger__cases as (
    select
        _key as case_id,
        coalesce(nullif(case_no, ''), ticket_no) as case_no,
        coalesce(nullif(title, ''), ticket_title, '') as title,
        nullif(parent_id, '') as vtiger_account_id,
        nullif(servicecontract_id, '') as contract_id,
        coalesce(nullif(casestatus, ''), ticketstatus) as status,
        coalesce(nullif(casestatus, ''), ticketstatus) in ('Closed', 'Resolved') as is_closed,

        -- hours: its own, else days of 24 working hours, else the time spent (facts: vtiger, "ServiceContracts")
        coalesce(
            nullif(try_cast(nullif(hours, '') as decimal(25, 8)), 0),
            nullif(try_cast(nullif(days, '') as decimal(25, 8)), 0) * 24,
            try_cast(nullif(time_spent, '') as decimal(25, 8)),
            0
        ) as hours
    from source
    where not _deleted
)

select * from stg_vtiger__cases
