-- One row: the present moment of this build, and the zone in which its days are cut.
with

loads as (select * from {{ ref('stg_meta__loads') }}),

moment as (
    {% if var('run_at') -%}
    select cast('{{ var("run_at") }}' as timestamptz) as as_of_at
    {%- else -%}
    select max(finished_at) as as_of_at from loads
    {%- endif %}
),

int_clock as (
    select
        as_of_at,
        {{ accounting_day('as_of_at') }} as as_of_on,
        '{{ var("company_time_zone") }}' as time_zone
    from moment
)

select * from int_clock
