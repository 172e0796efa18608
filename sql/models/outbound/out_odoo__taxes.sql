-- One row per tax code that Odoo charges; a tax that stands for two is not here, its members are.
with

tax_codes as (select * from {{ ref('tax_codes') }}),

out_odoo__taxes as (
    select
        tax_code,
        tax_name,
        rate,
        odoo_external_name
    from tax_codes
    where {{ members_of('tax_codes') }} is null
)

select * from out_odoo__taxes
