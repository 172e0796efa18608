-- One row per journal entry in Odoo that nexabooks owns, as read back.
with

source as (
    {{ json_table(source('odoo', 'moves'), {
        'move_name': '$.name',
        'state': '$.state',
        'move_type': '$.move_type',
        'payment_state': '$.payment_state',
        'invoice_date': '$.invoice_date',
        'ledger_date': '$.date',
        'ref': '$.ref',
        'partner_id': '$.partner_id[0]',
        'currency_code': '$.currency_id[1]',
        'amount_untaxed': '$.amount_untaxed',
        'amount_tax': '$.amount_tax',
        'amount_total': '$.amount_total',
        'amount_residual': '$.amount_residual',
        'write_date': '$.write_date',
        'source_system': '$.x_fc_source_system',
        'source_invoice_id': '$.x_fc_source_invoice_id',
        'kind': '$.x_fc_kind'
    }) }}
),

units as (select * from {{ ref('currency_units') }} where source = 'iso'),

read as (
    select
        source.*,
        -- Amounts are JSON numbers with the noise of floats; their text goes straight to DECIMAL.
        try_cast(source.amount_untaxed as decimal(24, 6)) as untaxed,
        try_cast(source.amount_tax as decimal(24, 6)) as tax,
        try_cast(source.amount_total as decimal(24, 6)) as total,
        try_cast(source.amount_residual as decimal(24, 6)) as residual,
        coalesce(units.iso_units_per_major, 100) as iso_units_per_major
    from source
    left join units on source.currency_code = units.currency_code
    where not source._deleted
),

stg_odoo__moves as (
    select
        -- ids; an empty value is `false` in Odoo
        try_cast(_key as bigint) as move_id,
        nullif(move_name, 'false') as move_name,
        source_system,
        source_invoice_id,
        coalesce(nullif(kind, 'false'), case move_type when 'out_refund' then 'credit_note' else 'invoice' end) as kind,
        nullif(ref, 'false') as ref,
        try_cast(partner_id as bigint) as partner_id,
        state,
        move_type,
        nullif(payment_state, 'false') as payment_state,

        -- amounts, whole minor units
        upper(currency_code) as currency_code,
        cast(round(untaxed * iso_units_per_major, 0) as bigint) as untaxed_minor,
        cast(round(tax * iso_units_per_major, 0) as bigint) as tax_minor,
        cast(round(total * iso_units_per_major, 0) as bigint) as total_minor,
        cast(round(residual * iso_units_per_major, 0) as bigint) as residual_minor,

        -- days; times, UTC
        try_cast(nullif(invoice_date, 'false') as date) as invoiced_on,
        try_cast(nullif(ledger_date, 'false') as date) as ledger_on,
        try_cast(write_date || '+00' as timestamptz) as written_at,

        -- lineage
        _landed_at
    from read
)

select * from stg_odoo__moves
