{# Unix seconds as a moment. #}
{% macro moment_of_unix(column) -%}
    to_timestamp(try_cast({{ column }} as bigint))
{%- endmacro %}

{# The day on which a moment falls in the company's books: 2026-11-01T03:30Z is 31 October in Toronto. #}
{% macro accounting_day(column) -%}
    cast(timezone('{{ var("company_time_zone") }}', {{ column }}) as date)
{%- endmacro %}

{# The month of a day, as text: 2026-10. #}
{% macro month_of(column) -%}
    strftime({{ column }}, '%Y-%m')
{%- endmacro %}

{# Whole minutes and whole days from one moment, or day, to another. #}
{% macro minutes_between(earlier, later) -%}
    date_diff('minute', {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro days_between(earlier, later) -%}
    date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro %}

{# The day of Unix seconds that stand for a day, at midnight UTC. #}
{% macro day_of_unix(column) -%}
    cast(timezone('UTC', to_timestamp(try_cast({{ column }} as bigint))) as date)
{%- endmacro %}
