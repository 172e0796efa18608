-- One row per vTiger service contract, for finance.
with

source as (select * from {{ ref('fct_service_contracts') }}),

service_contracts as (
    select
        contract_id,
        contract_no,
        subject,
        customer_id,
        customer_name,
        contract_status,
        is_active,
        tracking_unit,
        total_units,
        used_by_cases,
        used_by_timelogs,
        used_by_contract,
        remaining_units,
        is_overused,
        case_count,
        closed_case_count,
        start_on,
        due_on
    from source
)

select * from service_contracts
