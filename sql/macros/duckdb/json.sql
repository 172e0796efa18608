{# Everything DuckDB-only about JSON. Numbers are taken as text, so that no amount goes through a float. #}

{# A raw table with the named JSON paths as text columns: {'customer_id': '$.customer'}. One extraction a row:
   asking for each path by itself costs five times as much (measured on a million invoices). #}
{% macro json_table(relation, fields) -%}
    select
        _key,
        _landed_at,
        _load_id,
        _deleted,
        payload
        {%- for name in fields %},
        _texts[{{ loop.index }}] as {{ name }}
        {%- endfor %}
    from (
        select
            *,
            json_extract_string(payload, [
                {%- for path in fields.values() %}'{{ path }}'{% if not loop.last %}, {% endif %}{% endfor -%}
            ]) as _texts
        from {{ relation }}
    ) as raw
{%- endmacro %}

{# The items of the array at `path`, one row each with its position from 1, and the named columns of the parent. #}
{% macro json_items(relation, path, parent_columns) -%}
    select
        {{ parent_columns | join(', ') }},
        unnest(_items) as item,
        generate_subscripts(_items, 1) as position
    from (
        select
            {{ parent_columns | join(', ') }},
            json_extract(payload, '{{ path }}[*]') as _items
        from {{ relation }}
    ) as parents
{%- endmacro %}

{# The named paths of a JSON column as text columns, beside the kept ones. #}
{% macro json_fields(relation, column, fields, kept) -%}
    select
        {{ kept | join(', ') }}
        {%- for name in fields %},
        _texts[{{ loop.index }}] as {{ name }}
        {%- endfor %}
    from (
        select
            {{ kept | join(', ') }},
            json_extract_string({{ column }}, [
                {%- for path in fields.values() %}'{{ path }}'{% if not loop.last %}, {% endif %}{% endfor -%}
            ]) as _texts
        from {{ relation }} as parents
    ) as items
{%- endmacro %}

{# The sum of whole numbers at a path with [*], zero when there are none. #}
{% macro json_sum(column, path) -%}
    coalesce(
        list_sum(list_transform(json_extract_string({{ column }}, '{{ path }}'), lambda x: try_cast(x as bigint))), 0
    )
{%- endmacro %}

{# How many items an array has; NULL when there is no array. #}
{% macro json_length(column, path) -%}
    json_array_length({{ column }}, '{{ path }}')
{%- endmacro %}

{# True when every given path holds a whole JSON number: "7000" in quotes and 7000.0 are defects of an invoice. #}
{% macro json_all_whole(column, paths) -%}
    coalesce(
        len(list_filter(
            json_type({{ column }}, [
                {%- for path in paths %}'{{ path }}'{% if not loop.last %}, {% endif %}{% endfor -%}
            ]),
            lambda x: x in ('UBIGINT', 'BIGINT')
        )) = {{ paths | length }},
        false
    )
{%- endmacro %}

{# The sum of `amount_cents` over the items at a path whose item is of one type (Lago's credits: coupon, credit_note, invoice). #}
{% macro json_sum_of_type(column, path, type) -%}
    coalesce(
        list_sum(list_transform(
            list_filter(
                json_extract({{ column }}, '{{ path }}'), lambda x: json_extract_string(x, '$.item.type') = '{{ type }}'
            ),
            lambda x: try_cast(json_extract_string(x, '$.amount_cents') as bigint)
        )),
        0
    )
{%- endmacro %}
