-- One row per account whose entries in Odoo that still count are all one customer's: that customer.
with

entries as (select * from {{ ref('int_ledger_entries') }} where is_taken_back is not true and state <> 'cancel'),

partners as (select * from {{ ref('stg_odoo__partners') }}),

documents as (select * from {{ ref('int_documents') }} where account_id is not null),

int_ledger_customers as (
    select
        documents.source_system as service,
        documents.account_id as external_id,
        min(partners.customer_id) as customer_id
    from entries
    inner join partners on entries.partner_id = partners.partner_id
    inner join documents
        on entries.source_system = documents.source_system
        and entries.source_invoice_id = documents.source_invoice_id
        and entries.kind = documents.kind
    group by documents.source_system, documents.account_id
    having count(distinct partners.customer_id) = 1
)

select * from int_ledger_customers
