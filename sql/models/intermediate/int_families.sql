-- One row per description of a line: its service family, the rule that says so, and whether it is proration.
with

lines as (select * from {{ ref('int_document_lines') }}),

items as (select * from {{ ref('stg_nexacloud__invoice_items') }}),

rules as (select * from {{ ref('service_family_rules') }}),

descriptions as (
    select description from lines
    union
    select description from items
),

-- "Remaining time on X after 27 May 2026" and "Unused time on X from …" are proration of X.
named_items as (
    select
        description,
        {{ regex_replace("description", "^(remaining|unused) time on (.+?)( (after|from) [0-9]{1,2} [a-z]+ [0-9]{4}.*)?$", "\\2") }}
            as item_name
    from descriptions
),

matches as (
    select
        named_items.description,
        min(rules.position) as position
    from named_items
    inner join rules on contains(lower(named_items.item_name), rules.contains)
    group by named_items.description
),

int_families as (
    select
        named_items.description,
        named_items.item_name,
        coalesce(rules.service_family, 'other') as service_family,
        coalesce('contains "' || rules.contains || '"', 'no rule fits') as family_rule,
        named_items.item_name <> named_items.description as is_proration
    from named_items
    left join matches on named_items.description = matches.description
    left join rules on matches.position = rules.position
)

select * from int_families
