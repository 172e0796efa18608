-- One row per journal entry in Odoo that nexabooks owns, with what took it back.
with

moves as (select * from {{ ref('stg_odoo__moves') }}),

reversals as (select * from {{ ref('stg_odoo__reversals') }} where state = 'posted'),

reversed as (
    select
        reversed_move_id,
        cast(sum(total_minor) as bigint) as reversed_minor,
        string_agg(reversal_name, ', ' order by reversal_id) as reversed_by,
        max(_landed_at) as reversal_landed_at
    from reversals
    group by reversed_move_id
),

int_ledger_entries as (
    select
        moves.*,
        coalesce(reversed.reversed_minor, 0) as reversed_minor,
        reversed.reversed_by,
        reversed.reversal_landed_at,
        -- Reversed in full, an entry counts no more; a credit note of the source reverses nothing, it is an entry of its own.
        moves.state = 'posted' and coalesce(reversed.reversed_minor = moves.total_minor, false) as is_taken_back
    from moves
    left join reversed on moves.move_id = reversed.reversed_move_id
)

select * from int_ledger_entries
