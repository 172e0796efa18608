-- One row per service family: its income account.
with

families as (select * from {{ ref('family_accounts') }}),

out_odoo__families as (
    select
        service_family,
        account_code,
        account_name
    from families
)

select * from out_odoo__families
