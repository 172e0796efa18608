-- One row per vTiger timelog, its fields named by this server's mapping, its duration in seconds.
with

source as (select * from {{ source('vtiger', 'timelogs') }} where not _deleted),

mapping as (
    {{ json_table(source('vtiger', 'timelog_mapping'), {
        'related_field': '$.related_field',
        'duration_field': '$.duration_field',
        'duration_unit': '$.duration_unit',
        'billable_field': '$.billable_field',
        'date_field': '$.date_field',
        'contract_field': '$.contract_field'
    }) }}
),

named as (
    select
        source._key as timelog_id,
        nullif({{ json_text_by_name('source.payload', 'mapping.related_field') }}, '') as related_id,
        nullif({{ json_text_by_name('source.payload', 'mapping.contract_field') }}, '') as contract_id,
        nullif({{ json_text_by_name('source.payload', 'mapping.duration_field') }}, '') as duration,
        mapping.duration_unit,
        {{ json_text_by_name('source.payload', 'mapping.billable_field') }} as billable,
        nullif({{ json_text_by_name('source.payload', 'mapping.date_field') }}, '') as worked_on
    from source
    cross join mapping
    where not mapping._deleted
),

stg_vtiger__timelogs as (
    select
        timelog_id,
        related_id as case_id,
        contract_id,
        try_cast(worked_on as date) as worked_on,
        lower(coalesce(billable, '')) in ('1', 'yes', 'true', 'on') as is_billable,
        -- whole seconds are exact where hours are not
        cast(round(try_cast(duration as decimal(18, 6)) * case duration_unit
            when 'seconds' then 1
            when 'minutes' then 60
            when 'hours' then 3600
        end, 0) as bigint) as duration_s
    from named
)

select * from stg_vtiger__timelogs
