-- One row per way on which money comes and goes: its journal and account.
with

routes as (select * from {{ ref('payment_routes') }}),

out_odoo__payment_routes as (
    select
        route,
        journal_code,
        journal_name,
        coalesce(account_code, '') as account_code,
        coalesce(account_name, '') as account_name,
        coalesce(account_type, '') as account_type,
        is_booked
    from routes
)

select * from out_odoo__payment_routes
