-- One row per tax rate at Stripe.
with

source as (
    {{ json_table(source('stripe', 'tax_rates'), {
        'display_name': '$.display_name',
        'description': '$.description',
        'jurisdiction': '$.jurisdiction',
        'state': '$.state',
        'tax_type': '$.tax_type',
        'percentage': '$.percentage'
    }) }}
),

stg_stripe__tax_rates as (
    select
        _key as tax_rate_id,
        -- Everything that may name the tax, for the rule table.
        lower(concat_ws(' ', display_name, tax_type, jurisdiction, state, description)) as tax_words,
        -- Per cent; Stripe sends a JSON float, read here from its text.
        try_cast(percentage as decimal(9, 6)) as rate
    from source
)

select * from stg_stripe__tax_rates
