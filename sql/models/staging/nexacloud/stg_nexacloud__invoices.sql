-- One row per invoice as NexaCloud's synchronisation stored it. Its dates, status and paid date are the sync's: not trusted.
with

source as (select * from {{ source('nexacloud', 'invoices') }}),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

stg_nexacloud__invoices as (
    select
        -- ids; an empty subscription id once matched every order without one, so empty is NULL
        source.id as nexacloud_invoice_id,
        source.user_id,
        nullif(trim(source.subscription_id), '') as subscription_id,
        coalesce(trim(source.stripe_invoice_id), '') as source_reference,
        case
            when source.stripe_invoice_id like 'in\_%' escape '\' then 'stripe'
            when source.stripe_invoice_id like 'lago:%' then 'lago'
            else 'unknown'
        end as source_system,
        case
            when source.stripe_invoice_id like 'lago:%' then substr(trim(source.stripe_invoice_id), 6)
            when coalesce(trim(source.stripe_invoice_id), '') = '' then 'nexacloud:' || source.id
            else trim(source.stripe_invoice_id)
        end as source_invoice_id,
        source.invoice_number,
        source.status as nexacloud_status,

        -- amounts, whole minor units
        upper(source.currency) as currency_code,
        {{ minor_of_major('source.subtotal') }} as subtotal_minor,
        {{ minor_of_major('source.tax') }} as tax_minor,
        {{ minor_of_major('source.amount_paid') }} as paid_minor,

        -- times, UTC, as the sync stamped them
        source.created_at as nexacloud_created_at,
        source.paid_at as nexacloud_paid_at,

        -- lineage
        source._landed_at
    from source
    left join units on upper(source.currency) = units.currency_code
    where not source._deleted
)

select * from stg_nexacloud__invoices
