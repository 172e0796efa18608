-- One row per subscription and period of which something else was billed than was expected.
with

reconciliation as (select * from {{ ref('fct_reconciliation') }} where class = 'delta'),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

worded as (
    select
        reconciliation.*,
        {{ money_text('reconciliation.expected_minor', 'reconciliation.currency_code') }} as expected_text,
        {{ money_text('reconciliation.billed_minor', 'reconciliation.currency_code') }} as billed_text
    from reconciliation
    left join units on reconciliation.currency_code = units.currency_code
),

fct_breaks_of_billing as (
    select
        'delta_' || difference_class as class,
        service as source_system,
        invoice_ids as source_invoice_id,
        'reconciliation|' || subscription_id || '|' || coalesce(cast(period_start_on as varchar), '') as kind,
        cast(null as bigint) as ledger_move_id,
        expected_minor as source_minor,
        billed_minor as ledger_minor,
        currency_code,
        landed_at as first_seen_at,
        case difference_class
            when 'no_price' then 'Billed ' || billed_text || '; its plan has no price, so nothing is expected'
            when 'no_period' then 'Billed ' || billed_text || '; the items carry no period, so nothing is expected'
            else 'Expected ' || expected_text || ' and billed ' || billed_text
        end
        || coalesce(', for the period from ' || period_start_on, '') || ': subscription ' || subscription_id as says
    from worded
)

select * from fct_breaks_of_billing
