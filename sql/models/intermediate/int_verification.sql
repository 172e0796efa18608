-- One row per invoice or credit note, of a source or only of NexaCloud: its verdict on this run, and why, in words.
with

documents as (select * from {{ ref('int_documents') }}),

nexacloud as (select * from {{ ref('int_nexacloud_invoices') }}),

reachability as (select * from {{ ref('int_source_reachability') }}),

of_sources as (
    select
        documents.source_system,
        documents.source_invoice_id,
        documents.kind,
        documents.record_verdict,
        case when reachability.is_reachable then documents.record_verdict else 'unverified' end as verdict,
        case
            when reachability.is_reachable then documents.record_reason
            else reachability.reachability_reason || '; when last read: ' || documents.record_reason
        end as verdict_reason,
        reachability.is_reachable
    from documents
    inner join reachability on documents.source_system = reachability.source_system
),

-- What NexaCloud has and no source knows is never posted, and never forgotten.
of_nexacloud_alone as (
    select
        nexacloud.source_system,
        nexacloud.source_invoice_id,
        'invoice' as kind,
        'unverified' as record_verdict,
        'unverified' as verdict,
        case
            when nexacloud.source_system = 'unknown'
                then 'NexaCloud names no source that can be asked: "' || nexacloud.source_reference || '"'
            when not reachability.is_reachable then reachability.reachability_reason
            else reachability.source_label || ' has no such invoice'
        end as verdict_reason,
        coalesce(reachability.is_reachable, true) as is_reachable
    from nexacloud
    left join documents
        on nexacloud.source_system = documents.source_system
        and nexacloud.source_invoice_id = documents.source_invoice_id
        and documents.kind = 'invoice'
    left join reachability on nexacloud.source_system = reachability.source_system
    where documents.source_invoice_id is null
),

int_verification as (
    select * from of_sources
    union all
    select * from of_nexacloud_alone
)

select * from int_verification
