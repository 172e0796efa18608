-- One row per invoice, credit note, payment or customer whose newest step in Odoo was refused, with Odoo's own words.
with

receipts as (select * from {{ ref('stg_ops__receipts') }} where action <> 'attach'),

-- A payment is told from the others of its document by the last word of its step's name.
named as (
    select
        *,
        case when kind = 'payment' then split_part(receipt_id, ' ', -1) else '' end as payment_id
    from receipts
),

ranked as (
    select
        *,
        row_number() over (
            partition by source_system, source_invoice_id, kind, payment_id
            order by received_at desc, position_number desc nulls last, receipt_id desc
        ) as recency
    from named
),

newest as (select * from ranked where recency = 1 and outcome = 'refused'),

-- What was refused first in that run is the cause: a posting says only that its draft was refused.
causes as (
    select
        ranked.*,
        row_number() over (
            partition by ranked.source_system, ranked.source_invoice_id, ranked.kind, ranked.payment_id
            order by ranked.received_at, ranked.position_number, ranked.receipt_id
        ) as place
    from ranked
    inner join newest
        on ranked.source_system = newest.source_system
        and ranked.source_invoice_id = newest.source_invoice_id
        and ranked.kind = newest.kind
        and ranked.payment_id = newest.payment_id
        and ranked.run_id = newest.run_id
    where ranked.outcome = 'refused'
),

int_refused_steps as (
    select
        source_system,
        source_invoice_id,
        kind,
        payment_id,
        action,
        odoo_id,
        says,
        total_minor,
        currency_code,
        received_at as refused_at
    from causes
    where place = 1
)

select * from int_refused_steps
