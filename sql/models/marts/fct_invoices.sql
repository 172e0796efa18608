-- One row per invoice or credit note of a source, and per invoice that NexaCloud alone has.
with

verification as (select * from {{ ref('int_verification') }}),

documents as (select * from {{ ref('int_documents') }}),

nexacloud as (select * from {{ ref('int_nexacloud_invoices') }}),

lines as (select * from {{ ref('int_document_lines') }}),

taxes as (select * from {{ ref('int_document_taxes') }}),

customer_accounts as (select * from {{ ref('int_customer_accounts') }}),

customers as (select * from {{ ref('dim_customers') }}),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

line_sums as (
    select
        source_system,
        source_invoice_id,
        kind,
        count(*) as line_count,
        count(*) - count(tax_codes) as unmapped_count,
        cast(sum(amount_minor) as bigint) as amount_minor
    from lines
    group by source_system, source_invoice_id, kind
),

tax_sums as (
    select
        source_system,
        source_invoice_id,
        kind,
        cast(sum(tax_minor) as bigint) as tax_minor
    from taxes
    group by source_system, source_invoice_id, kind
),

joined as (
    select
        verification.source_system,
        verification.source_invoice_id,
        verification.kind,
        coalesce(nexacloud.nexacloud_invoice_id, '') as nexacloud_invoice_id,
        case when verification.source_system = 'stripe' and verification.kind = 'invoice'
            then verification.source_invoice_id else '' end as stripe_invoice_id,
        nexacloud.subscription_id,
        coalesce(source_account.customer_id, user_account.customer_id) as customer_id,
        coalesce(documents.invoice_number, nexacloud.invoice_number, '') as invoice_number,
        coalesce(documents.corrects_source_invoice_id, '') as corrects_source_invoice_id,
        coalesce(documents.invoiced_on, nexacloud.stamped_on) as invoiced_on,
        coalesce(documents.due_on, documents.invoiced_on, nexacloud.stamped_on) as due_on,
        documents.paid_on,
        coalesce(documents.currency_code, nexacloud.currency_code) as currency_code,
        coalesce(documents.subtotal_minor, nexacloud.subtotal_minor) as subtotal_minor,
        coalesce(documents.tax_minor, nexacloud.tax_minor) as tax_minor,
        coalesce(documents.total_minor, nexacloud.subtotal_minor + nexacloud.tax_minor) as total_minor,
        coalesce(documents.paid_minor, 0) as paid_minor,
        documents.open_minor,
        coalesce(documents.settles_corrected_minor, 0) as settles_corrected_minor,
        documents.source_status,
        nexacloud.nexacloud_status,
        nexacloud.subtotal_minor as nexacloud_subtotal_minor,
        coalesce(nexacloud.named_count, 0) as nexacloud_named_count,
        verification.record_verdict,
        verification.verdict,
        verification.verdict_reason,
        verification.is_reachable,
        coalesce(documents.is_issued, coalesce(nexacloud.nexacloud_status, '') <> 'draft') as is_issued,
        coalesce(documents.is_revenue, true) as is_revenue,
        concat_ws('; ',
            nullif(documents.source_park_reason, ''),
            case when coalesce(source_account.customer_id, user_account.customer_id) is null
                then 'its customer is not known' end,
            case when coalesce(line_sums.unmapped_count, 0) > 0
                then 'the tax of ' || line_sums.unmapped_count || ' of its lines maps to no named tax' end,
            case when coalesce(line_sums.amount_minor, 0) <> documents.subtotal_minor
                then 'its lines come to '
                    || {{ amount_text('coalesce(line_sums.amount_minor, 0)', 'coalesce(units.iso_units_per_major, 100)') }}
                    || ' here and its subtotal is '
                    || {{ amount_text('documents.subtotal_minor', 'coalesce(units.iso_units_per_major, 100)') }} end,
            case when coalesce(line_sums.unmapped_count, 0) = 0
                and coalesce(tax_sums.tax_minor, 0) <> documents.tax_minor
                then 'its tax of '
                    || {{ amount_text('documents.tax_minor', 'coalesce(units.iso_units_per_major, 100)') }} || ' is on no line' end
        ) as park_reason,
        coalesce(documents._landed_at, nexacloud._landed_at) as landed_at
    from verification
    left join documents
        on verification.source_system = documents.source_system
        and verification.source_invoice_id = documents.source_invoice_id
        and verification.kind = documents.kind
    left join nexacloud
        on verification.source_system = nexacloud.source_system
        and verification.source_invoice_id = nexacloud.source_invoice_id
        and verification.kind = 'invoice'
    left join customer_accounts as source_account
        on documents.source_system = source_account.service and documents.account_id = source_account.external_id
    left join customer_accounts as user_account
        on user_account.service = 'nexacloud' and nexacloud.user_id = user_account.external_id
    left join line_sums
        on verification.source_system = line_sums.source_system
        and verification.source_invoice_id = line_sums.source_invoice_id
        and verification.kind = line_sums.kind
    left join tax_sums
        on verification.source_system = tax_sums.source_system
        and verification.source_invoice_id = tax_sums.source_invoice_id
        and verification.kind = tax_sums.kind
    left join units on documents.currency_code = units.currency_code
),

fct_invoices as (
    select
        joined.source_system,
        joined.source_invoice_id,
        joined.kind,
        case when joined.nexacloud_invoice_id <> '' then 'nexacloud' else joined.source_system end as service,
        joined.nexacloud_invoice_id,
        joined.stripe_invoice_id,
        coalesce(customers.stripe_customer_id, '') as stripe_customer_id,
        joined.subscription_id,
        joined.customer_id,
        customers.customer_name,
        joined.invoice_number,
        joined.corrects_source_invoice_id,
        joined.invoiced_on,
        joined.due_on,
        joined.paid_on,
        joined.currency_code,
        joined.subtotal_minor,
        joined.tax_minor,
        joined.total_minor,
        joined.paid_minor,
        joined.open_minor,
        joined.settles_corrected_minor,
        joined.source_status,
        joined.nexacloud_status,
        joined.nexacloud_subtotal_minor,
        joined.nexacloud_named_count,
        joined.record_verdict,
        joined.verdict,
        joined.verdict_reason,
        joined.is_reachable,
        joined.is_issued,
        joined.is_revenue,
        joined.verdict = 'verified' and joined.park_reason = '' as is_postable,
        case when joined.record_verdict = 'verified' then joined.park_reason else '' end as park_reason,
        joined.landed_at
    from joined
    left join customers on joined.customer_id = customers.customer_id
)

select * from fct_invoices
