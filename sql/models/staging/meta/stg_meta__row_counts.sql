-- One row per raw table: how many records its source still has. A table that was never filled says 0.
with

stg_meta__row_counts as (
    select 'nexacloud' as source_name, 'users' as table_name, count(*) as live_count from {{ source('nexacloud', 'users') }} where not _deleted
    union all
    select 'nexacloud' as source_name, 'plans' as table_name, count(*) as live_count from {{ source('nexacloud', 'plans') }} where not _deleted
    union all
    select 'nexacloud' as source_name, 'deployments' as table_name, count(*) as live_count from {{ source('nexacloud', 'deployments') }} where not _deleted
    union all
    select 'nexacloud' as source_name, 'subscriptions' as table_name, count(*) as live_count from {{ source('nexacloud', 'subscriptions') }} where not _deleted
    union all
    select 'nexacloud' as source_name, 'usage_records' as table_name, count(*) as live_count from {{ source('nexacloud', 'usage_records') }} where not _deleted
    union all
    select 'nexacloud' as source_name, 'invoices' as table_name, count(*) as live_count from {{ source('nexacloud', 'invoices') }} where not _deleted
    union all
    select 'nexacloud' as source_name, 'invoice_items' as table_name, count(*) as live_count from {{ source('nexacloud', 'invoice_items') }} where not _deleted
    union all
    select 'nexacloud' as source_name, 'addons' as table_name, count(*) as live_count from {{ source('nexacloud', 'addons') }} where not _deleted
    union all
    select 'nexacloud' as source_name, 'deployment_addons' as table_name, count(*) as live_count from {{ source('nexacloud', 'deployment_addons') }} where not _deleted
    union all
    select 'stripe' as source_name, 'customers' as table_name, count(*) as live_count from {{ source('stripe', 'customers') }} where not _deleted
    union all
    select 'stripe' as source_name, 'products' as table_name, count(*) as live_count from {{ source('stripe', 'products') }} where not _deleted
    union all
    select 'stripe' as source_name, 'prices' as table_name, count(*) as live_count from {{ source('stripe', 'prices') }} where not _deleted
    union all
    select 'stripe' as source_name, 'subscriptions' as table_name, count(*) as live_count from {{ source('stripe', 'subscriptions') }} where not _deleted
    union all
    select 'stripe' as source_name, 'invoices' as table_name, count(*) as live_count from {{ source('stripe', 'invoices') }} where not _deleted
    union all
    select 'stripe' as source_name, 'invoice_lines' as table_name, count(*) as live_count from {{ source('stripe', 'invoice_lines') }} where not _deleted
    union all
    select 'stripe' as source_name, 'invoiceitems' as table_name, count(*) as live_count from {{ source('stripe', 'invoiceitems') }} where not _deleted
    union all
    select 'stripe' as source_name, 'invoice_payments' as table_name, count(*) as live_count from {{ source('stripe', 'invoice_payments') }} where not _deleted
    union all
    select 'stripe' as source_name, 'payment_intents' as table_name, count(*) as live_count from {{ source('stripe', 'payment_intents') }} where not _deleted
    union all
    select 'stripe' as source_name, 'charges' as table_name, count(*) as live_count from {{ source('stripe', 'charges') }} where not _deleted
    union all
    select 'stripe' as source_name, 'refunds' as table_name, count(*) as live_count from {{ source('stripe', 'refunds') }} where not _deleted
    union all
    select 'stripe' as source_name, 'disputes' as table_name, count(*) as live_count from {{ source('stripe', 'disputes') }} where not _deleted
    union all
    select 'stripe' as source_name, 'credit_notes' as table_name, count(*) as live_count from {{ source('stripe', 'credit_notes') }} where not _deleted
    union all
    select 'stripe' as source_name, 'credit_note_lines' as table_name, count(*) as live_count from {{ source('stripe', 'credit_note_lines') }} where not _deleted
    union all
    select 'stripe' as source_name, 'balance_transactions' as table_name, count(*) as live_count from {{ source('stripe', 'balance_transactions') }} where not _deleted
    union all
    select 'stripe' as source_name, 'payouts' as table_name, count(*) as live_count from {{ source('stripe', 'payouts') }} where not _deleted
    union all
    select 'stripe' as source_name, 'tax_rates' as table_name, count(*) as live_count from {{ source('stripe', 'tax_rates') }} where not _deleted
    union all
    select 'stripe' as source_name, 'events' as table_name, count(*) as live_count from {{ source('stripe', 'events') }} where not _deleted
    union all
    select 'lago' as source_name, 'customers' as table_name, count(*) as live_count from {{ source('lago', 'customers') }} where not _deleted
    union all
    select 'lago' as source_name, 'subscriptions' as table_name, count(*) as live_count from {{ source('lago', 'subscriptions') }} where not _deleted
    union all
    select 'lago' as source_name, 'plans' as table_name, count(*) as live_count from {{ source('lago', 'plans') }} where not _deleted
    union all
    select 'lago' as source_name, 'invoices' as table_name, count(*) as live_count from {{ source('lago', 'invoices') }} where not _deleted
    union all
    select 'lago' as source_name, 'fees' as table_name, count(*) as live_count from {{ source('lago', 'fees') }} where not _deleted
    union all
    select 'lago' as source_name, 'credit_notes' as table_name, count(*) as live_count from {{ source('lago', 'credit_notes') }} where not _deleted
    union all
    select 'lago' as source_name, 'payments' as table_name, count(*) as live_count from {{ source('lago', 'payments') }} where not _deleted
    union all
    select 'lago' as source_name, 'wallets' as table_name, count(*) as live_count from {{ source('lago', 'wallets') }} where not _deleted
    union all
    select 'vtiger' as source_name, 'service_contracts' as table_name, count(*) as live_count from {{ source('vtiger', 'service_contracts') }} where not _deleted
    union all
    select 'vtiger' as source_name, 'cases' as table_name, count(*) as live_count from {{ source('vtiger', 'cases') }} where not _deleted
    union all
    select 'vtiger' as source_name, 'timelogs' as table_name, count(*) as live_count from {{ source('vtiger', 'timelogs') }} where not _deleted
    union all
    select 'vtiger' as source_name, 'accounts' as table_name, count(*) as live_count from {{ source('vtiger', 'accounts') }} where not _deleted
    union all
    select 'vtiger' as source_name, 'contacts' as table_name, count(*) as live_count from {{ source('vtiger', 'contacts') }} where not _deleted
    union all
    select 'vtiger' as source_name, 'links' as table_name, count(*) as live_count from {{ source('vtiger', 'links') }} where not _deleted
    union all
    select 'vtiger' as source_name, 'timelog_mapping' as table_name, count(*) as live_count from {{ source('vtiger', 'timelog_mapping') }} where not _deleted
    union all
    select 'odoo' as source_name, 'moves' as table_name, count(*) as live_count from {{ source('odoo', 'moves') }} where not _deleted
    union all
    select 'odoo' as source_name, 'lines' as table_name, count(*) as live_count from {{ source('odoo', 'lines') }} where not _deleted
    union all
    select 'odoo' as source_name, 'partners' as table_name, count(*) as live_count from {{ source('odoo', 'partners') }} where not _deleted
    union all
    select 'odoo' as source_name, 'payments' as table_name, count(*) as live_count from {{ source('odoo', 'payments') }} where not _deleted
    union all
    select 'odoo' as source_name, 'reversals' as table_name, count(*) as live_count from {{ source('odoo', 'reversals') }} where not _deleted
    union all
    select 'odoo' as source_name, 'reconciles' as table_name, count(*) as live_count from {{ source('odoo', 'reconciles') }} where not _deleted
    union all
    select 'odoo' as source_name, 'taxes' as table_name, count(*) as live_count from {{ source('odoo', 'taxes') }} where not _deleted
    union all
    select 'odoo' as source_name, 'accounts' as table_name, count(*) as live_count from {{ source('odoo', 'accounts') }} where not _deleted
    union all
    select 'ops' as source_name, 'receipts' as table_name, count(*) as live_count from {{ source('ops', 'receipts') }} where not _deleted
    union all
    select 'ops' as source_name, 'resolutions' as table_name, count(*) as live_count from {{ source('ops', 'resolutions') }} where not _deleted
)

select * from stg_meta__row_counts
