-- One row per expectation checked in the newest run that checked any.
with

results as (select * from {{ source('meta', 'quality_results') }}),

newest as (select run_id from results order by checked_at desc limit 1),

quality as (
    select
        results.suite,
        results.model,
        results.expectation,
        results.severity,
        results.is_ok,
        results.unexpected_count,
        cast(results.failing_keys as varchar) as failing_keys,
        results.says,
        results.checked_at
    from results
    inner join newest on results.run_id = newest.run_id
)

select * from quality
