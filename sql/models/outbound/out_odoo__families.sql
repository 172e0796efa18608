-- One row per service family: the account of its lines.
with

families as (select * from {{ ref('family_accounts') }}),

out_odoo__families as (
    select
        service_family,
        account_code,
        account_name,
        account_type
    from families
)

select * from out_odoo__families
