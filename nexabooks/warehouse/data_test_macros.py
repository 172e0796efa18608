"""dbt's four generic data tests as macros: each selects the rows that break the promise."""

BUILT_IN_TESTS = """
{% macro test_not_null(model, column_name) %}
select * from {{ model }} where {{ column_name }} is null
{% endmacro %}

{% macro test_unique(model, column_name) %}
select {{ column_name }} as value, count(*) as row_count
from {{ model }}
where {{ column_name }} is not null
group by 1
having count(*) > 1
{% endmacro %}

{% macro test_accepted_values(model, column_name, values, quote=true) %}
select {{ column_name }} as value, count(*) as row_count
from {{ model }}
where {{ column_name }} is not null and {{ column_name }} not in (
    {%- for value in values %}{% if quote %}'{{ value | string | replace("'", "''") }}'{% else %}{{ value }}{% endif %}
    {%- if not loop.last %}, {% endif %}{% endfor -%}
)
group by 1
{% endmacro %}

{% macro test_relationships(model, column_name, to, field) %}
select child.{{ column_name }} as value
from {{ model }} as child
left join {{ to }} as parent on child.{{ column_name }} = parent.{{ field }}
where child.{{ column_name }} is not null and parent.{{ field }} is null
{% endmacro %}
"""
