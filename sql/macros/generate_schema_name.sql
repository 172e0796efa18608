{# Schemas are used exactly as dbt_project.yml names them: finance is `finance`, whoever builds it. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}
