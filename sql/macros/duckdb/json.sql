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

{# The sum of `amount` over the first of two arrays that is there: a list of pretax credits replaces that of discounts. #}
{% macro json_sum_of_first(column, first_path, second_path) -%}
    case
        when {{ json_is_array(column, first_path) }} then {{ json_sum(column, first_path ~ '[*].amount') }}
        else {{ json_sum(column, second_path ~ '[*].amount') }}
    end
{%- endmacro %}

{# True when there is an array at the path; NULL when there is nothing. #}
{% macro json_is_array(column, path) -%}
    json_type({{ column }}, '{{ path }}') = 'ARRAY'
{%- endmacro %}

{# True when there is anything at the path, null included. #}
{% macro json_has(column, path) -%}
    json_exists({{ column }}, '{{ path }}')
{%- endmacro %}

{# The text at one path. For several paths of a table use json_table: one extraction. #}
{% macro json_text(column, path) -%}
    json_extract_string({{ column }}, '{{ path }}')
{%- endmacro %}

{# The text under a key whose name is in another column. #}
{% macro json_text_by_name(column, name_column) -%}
    json_extract_string({{ column }}, '$."' || {{ name_column }} || '"')
{%- endmacro %}
