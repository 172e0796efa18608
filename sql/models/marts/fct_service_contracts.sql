-- One row per vTiger service contract: the units sold, and three figures of what is used, which differ legitimately.
with

contracts as (select * from {{ ref('stg_vtiger__service_contracts') }}),

cases as (select * from {{ ref('stg_vtiger__cases') }}),

links as (select * from {{ ref('stg_vtiger__links') }}),

timelogs as (select * from {{ ref('stg_vtiger__timelogs') }}),

contacts as (select * from {{ ref('stg_vtiger__contacts') }}),

customer_accounts as (select * from {{ ref('int_customer_accounts') }} where service = 'vtiger'),

customers as (select * from {{ ref('dim_customers') }}),

-- A case reaches a contract by the related list (self-hosted) or by its own field (Cloud); once, even by both.
contract_cases as (
    select contract_id, case_id from links
    union
    select contract_id, case_id from cases where contract_id is not null
),

case_sums as (
    select
        contract_cases.contract_id,
        count(*) as case_count,
        count(case when cases.is_closed then 1 end) as closed_case_count,
        coalesce(sum(case when cases.is_closed then cases.hours end), 0) as closed_hours
    from contract_cases
    inner join cases on contract_cases.case_id = cases.case_id
    group by contract_cases.contract_id
),

-- Of several contracts on one case: whose term has the day of work, and of those the one that ends first (decision 32).
timelogs_by_case as (
    select
        timelogs.timelog_id,
        contracts.contract_id,
        row_number() over (
            partition by timelogs.timelog_id
            order by
                case
                    when timelogs.worked_on between coalesce(contracts.start_on, timelogs.worked_on)
                        and coalesce(contracts.due_on, timelogs.worked_on) then 0
                    else 1
                end,
                contracts.due_on nulls last,
                contracts.contract_id
        ) as place
    from timelogs
    inner join contract_cases on timelogs.case_id = contract_cases.case_id
    inner join contracts on contract_cases.contract_id = contracts.contract_id
    where timelogs.contract_id is null
),

-- Each timelog once: for the contract that it names itself, else for one of its case.
contract_timelogs as (
    select contract_id, timelog_id from timelogs where contract_id is not null
    union all
    select contract_id, timelog_id from timelogs_by_case where place = 1
),

timelog_sums as (
    select
        contract_timelogs.contract_id,
        sum(case when timelogs.is_billable then timelogs.duration_s else 0 end) as billable_s
    from contract_timelogs
    inner join timelogs on contract_timelogs.timelog_id = timelogs.timelog_id
    group by contract_timelogs.contract_id
),

measured as (
    select
        contracts.*,
        coalesce(customer_accounts.customer_id, account_of_contact.customer_id) as customer_id,
        coalesce(case_sums.case_count, 0) as case_count,
        coalesce(case_sums.closed_case_count, 0) as closed_case_count,
        -- vTiger counts 24 working hours a day (facts: vtiger, "ServiceContracts").
        cast(case contracts.tracking_unit
            when 'Hours' then coalesce(case_sums.closed_hours, 0)
            when 'Days' then coalesce(case_sums.closed_hours, 0) / 24
            when 'Incidents' then coalesce(case_sums.closed_case_count, 0)
        end as decimal(18, 2)) as used_by_cases,
        cast(case contracts.tracking_unit
            when 'Hours' then coalesce(timelog_sums.billable_s, 0) / 3600
            when 'Days' then coalesce(timelog_sums.billable_s, 0) / 86400
        end as decimal(18, 2)) as used_by_timelogs
    from contracts
    left join customer_accounts on contracts.related_to_id = customer_accounts.external_id
    left join contacts on contracts.related_to_id = contacts.vtiger_contact_id
    left join customer_accounts as account_of_contact on contacts.vtiger_account_id = account_of_contact.external_id
    left join case_sums on contracts.contract_id = case_sums.contract_id
    left join timelog_sums on contracts.contract_id = timelog_sums.contract_id
),

fct_service_contracts as (
    select
        measured.contract_id,
        measured.contract_no,
        measured.subject,
        measured.customer_id,
        customers.customer_name,
        measured.contract_status,
        coalesce(measured.contract_status, '') not in ('Complete', 'Archived') as is_active,
        measured.tracking_unit,
        measured.total_units,
        measured.used_by_cases,
        measured.used_by_timelogs,
        measured.used_units as used_by_contract,
        measured.total_units - measured.used_by_cases as remaining_units,
        measured.used_by_cases > measured.total_units as is_overused,
        measured.case_count,
        measured.closed_case_count,
        measured.start_on,
        measured.due_on
    from measured
    left join customers on measured.customer_id = customers.customer_id
)

select * from fct_service_contracts
