-- One row per service, subscription and period with billing; what has no subscription is one row per month, never a delta.
with

periods as (select * from {{ ref('int_subscription_periods') }}),

expected as (select * from {{ ref('int_expected_charges') }}),

billed_items as (
    select * from {{ ref('int_billed_items') }} where subscription_id is null and record_verdict <> 'zero'
),

-- What stands posted. Of an entry that a person reversed in part, nobody read how much of that was before tax.
entries as (
    select
        source_system,
        source_invoice_id,
        currency_code,
        sum(case when reversed_minor = 0 then untaxed_minor end) as untaxed_minor,
        sum(case when reversed_minor = 0 then 0 else 1 end) as cut_count
    from {{ ref('int_ledger_entries') }}
    where kind = 'invoice' and state = 'posted' and is_taken_back is not true
    group by source_system, source_invoice_id, currency_code
),

-- An invoice with a subscription is in one row, whole, so that nothing of its entry has to be shared out.
subscribed_invoices as (
    select
        service,
        subscription_id,
        source_system,
        source_invoice_id,
        currency_code,
        min(period_start_at) as period_start_at,
        max(period_end_at) as period_end_at
    from {{ ref('int_billed_items') }}
    where subscription_id is not null
    group by service, subscription_id, source_system, source_invoice_id, currency_code
),

in_ledger as (
    select
        invoices.service,
        invoices.subscription_id,
        invoices.currency_code,
        invoices.period_start_at,
        invoices.period_end_at,
        cast(case when sum(coalesce(entries.cut_count, 0)) = 0 then sum(coalesce(entries.untaxed_minor, 0)) end as bigint)
            as ledger_minor
    from subscribed_invoices as invoices
    left join entries
        on invoices.source_system = entries.source_system
        and invoices.source_invoice_id = entries.source_invoice_id
        and invoices.currency_code = entries.currency_code
    group by
        invoices.service, invoices.subscription_id, invoices.currency_code, invoices.period_start_at, invoices.period_end_at
),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

compared as (
    select
        periods.*,
        in_ledger.ledger_minor,
        expected.flat_amount,
        expected.overage_amount,
        expected.expected_amount,
        {{ minor_of_major('expected.expected_amount') }} as expected_minor,
        -- Compared unrounded, in minor units, so that half a cent is half a cent.
        cast(expected.expected_amount * coalesce(units.iso_units_per_major, 100) - periods.billed_minor as decimal(24, 6))
            as exact_difference_minor,
        cast((expected.expected_amount - expected.overage_amount) * coalesce(units.iso_units_per_major, 100)
            - periods.billed_minor as decimal(24, 6)) as flat_difference_minor,
        cast('{{ var("match_tolerance") }}' as decimal(12, 6)) * coalesce(units.iso_units_per_major, 100) as tolerance_minor
    from periods
    left join expected
        on periods.subscription_id = expected.subscription_id
        and periods.period_start_at is not distinct from expected.period_start_at
        and periods.period_end_at is not distinct from expected.period_end_at
        and periods.currency_code = expected.currency_code
    left join in_ledger
        on periods.service = in_ledger.service
        and periods.subscription_id = in_ledger.subscription_id
        and periods.currency_code = in_ledger.currency_code
        and periods.period_start_at is not distinct from in_ledger.period_start_at
        and periods.period_end_at is not distinct from in_ledger.period_end_at
    left join units on periods.currency_code = units.currency_code
),

subscribed as (
    select
        service,
        subscription_id,
        {{ accounting_day('period_start_at') }} as period_start_on,
        {{ accounting_day('period_end_at') }} as period_end_on,
        {{ month_of(accounting_day('period_start_at')) }} as month,
        case when period_start_at is not null and abs(exact_difference_minor) <= tolerance_minor then 'match' else 'delta' end
            as class,
        case
            when period_start_at is null then 'no_period'
            when expected_amount is null then 'no_price'
            when abs(exact_difference_minor) <= tolerance_minor then 'none'
            when billed_minor = 0 then 'billed_nothing'
            when overage_amount > 0 and abs(flat_difference_minor) <= tolerance_minor then 'overage_not_billed'
            else 'proration_or_other_price'
        end as difference_class,
        case when period_start_at is not null then expected_minor end as expected_minor,
        billed_minor,
        ledger_minor,
        case when period_start_at is not null then expected_minor - billed_minor end as difference_minor,
        currency_code,
        case
            when period_start_at is not null and billed_minor <> 0
                then cast(expected_minor / billed_minor as decimal(18, 4))
        end as ratio,
        invoice_ids,
        landed_at
    from compared
),

one_off_items as (
    select
        service,
        source_invoice_id,
        currency_code,
        amount_minor,
        {{ month_of(accounting_day('period_start_at')) }} as month,
        _landed_at
    from billed_items
),

one_off_invoices as (
    select
        service,
        month,
        currency_code,
        source_invoice_id,
        sum(amount_minor) as billed_minor,
        max(_landed_at) as landed_at
    from one_off_items
    group by service, month, currency_code, source_invoice_id
),

one_off as (
    select
        service,
        cast(null as varchar) as subscription_id,
        cast(null as date) as period_start_on,
        cast(null as date) as period_end_on,
        month,
        'one_off' as class,
        'no_subscription' as difference_class,
        cast(null as bigint) as expected_minor,
        cast(sum(billed_minor) as bigint) as billed_minor,
        cast(null as bigint) as ledger_minor,
        cast(null as bigint) as difference_minor,
        currency_code,
        cast(null as decimal(18, 4)) as ratio,
        {{ joined('source_invoice_id', ',', 'source_invoice_id') }} as invoice_ids,
        max(landed_at) as landed_at
    from one_off_invoices
    group by service, month, currency_code
),

fct_reconciliation as (
    select * from subscribed
    union all
    select * from one_off
)

select * from fct_reconciliation
