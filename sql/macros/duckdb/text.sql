{# A hash of columns that tells NULL from empty and one column from the next. #}
{% macro content_hash(columns) -%}
    md5(concat_ws('|'{% for column in columns %}, coalesce(cast({{ column }} as varchar), '~'){% endfor %}))
{%- endmacro %}

{# One text over the rows of a group, whatever their order: no two rows of a group may be the same. Its state is as small as
   the number; texts put together for a million groups did not fit in the memory of a build. In hexadecimal: DuckDB 1.5.6 needs
   0.1 ms to write a UHUGEINT in decimal, which was half of a build. #}
{% macro rows_hash(columns) -%}
    to_hex(bit_xor(md5_number(
        concat_ws('|'{% for column in columns %}, coalesce(cast({{ column }} as varchar), '~'){% endfor %})
    )))
{%- endmacro %}

{# `column` with every match of a pattern replaced. #}
{% macro regex_replace(column, pattern, replacement) -%}
    regexp_replace({{ column }}, '{{ pattern }}', '{{ replacement }}', 'gi')
{%- endmacro %}

{# Values of a group as one text, in order. #}
{% macro joined(expression, separator, order) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ order }})
{%- endmacro %}

{# The first value that is filled, in order; NULL when none is. #}
{% macro first_filled(column, order) -%}
    first({{ column }} order by {{ order }}) filter (where {{ column }} is not null and {{ column }} <> '')
{%- endmacro %}
