-- One row per partner in Odoo that nexabooks owns.
with

source as (
    {{ json_table(source('odoo', 'partners'), {
        'partner_name': '$.name',
        'email': '$.email',
        'customer_id': '$.x_fc_customer_id',
        'active': '$.active'
    }) }}
),

stg_odoo__partners as (
    select
        try_cast(_key as bigint) as partner_id,
        partner_name,
        lower(nullif(email, 'false')) as email,
        customer_id,
        active = 'true' as is_active
    from source
    where not _deleted
)

select * from stg_odoo__partners
