{# A hash of columns that tells NULL from empty and one column from the next. #}
{% macro content_hash(columns) -%}
    md5(concat_ws('|'{% for column in columns %}, coalesce(cast({{ column }} as varchar), '~'){% endfor %}))
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
