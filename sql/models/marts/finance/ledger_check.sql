-- One row per invoice of a source beside its entry in Odoo.
with

source as (select * from {{ ref('fct_ledger_check') }}),

ledger_check as (
    select
        source_system,
        source_invoice_id,
        kind,
        invoice_number,
        verdict,
        ledger_state,
        total_minor,
        ledger_total_minor,
        difference_minor,
        open_minor,
        ledger_residual_minor as ledger_open_minor,
        currency_code,
        move_id,
        move_name,
        payment_state,
        invoiced_on,
        ledger_date,
        '{{ var("company_time_zone") }}' as time_zone
    from source
)

select * from ledger_check
