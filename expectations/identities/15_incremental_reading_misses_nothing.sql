-- The newest whole list of every stream held nothing that incremental reading had missed.
-- severity: warn
-- The records are landed; the hole is in how the stream is read on (docs/decisions/0035-what-a-relist-tells.md).
with

newest as (
    select loads.source, loads.stream, loads.run_id
    from meta.loads
    inner join meta.runs on loads.run_id = runs.run_id
    where runs.flow = 'relist' and loads.outcome = 'landed' and loads.mode = 'full'
    qualify row_number() over (partition by loads.source, loads.stream order by loads.started_at desc, loads.load_id desc) = 1
)

select findings.source, findings.table_name, findings.kind, findings.record_count, findings.fields, findings.record_keys
from meta.relist_findings as findings
inner join newest on findings.run_id = newest.run_id and findings.source = newest.source and findings.stream = newest.stream
where findings.is_missed
order by all
