-- One row per item of a NexaCloud invoice; amounts before tax, in major units, because the currency is the invoice's.
with

source as (select * from {{ source('nexacloud', 'invoice_items') }}),

stg_nexacloud__invoice_items as (
    select
        -- ids
        id as nexacloud_item_id,
        invoice_id as nexacloud_invoice_id,
        coalesce(description, '') as description,

        quantity,
        amount,

        -- times, UTC, half-open; NULL where the item has no period
        period_start as period_start_at,
        period_end as period_end_at
    from source
    where not _deleted
)

select * from stg_nexacloud__invoice_items
