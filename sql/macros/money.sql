{# Money is whole minor units. `units` is the seed currency_units, joined for the row's source and currency. #}

{# An amount of a source, as text in that source's own counting, as whole minor units in ISO's counting.
   A text that is no whole number gives NULL or a rounded figure: the verifier looks at the JSON type itself. #}
{% macro iso_minor(column) -%}
    cast(try_cast({{ column }} as bigint) * coalesce(units.iso_per_unit, 1) as bigint)
{%- endmacro %}

{# True when every one of these amounts of a source, as above, comes to whole minor units in ISO's counting. What is finer would be
   rounded: the verifier refuses it. An amount that is not there is exact; whether it must be there is another question. #}
{% macro iso_exact(columns) -%}
    coalesce(
        {%- for column in columns %}
        try_cast({{ column }} as bigint) * coalesce(units.iso_per_unit, 1) % 1 = 0{% if not loop.last %} and{% endif %}
        {%- endfor %},
        true
    )
{%- endmacro %}

{# A Decimal of the major unit as whole minor units in ISO's counting, rounded half away from zero. #}
{% macro minor_of_major(column) -%}
    cast(round({{ column }} * coalesce(units.iso_units_per_major, 100), 0) as bigint)
{%- endmacro %}

{# A share of a whole amount, for a running split: the difference of two of these adds up exactly.
   HUGEINT-free: DECIMAL(38,0) holds any product of two invoice amounts, and `//` never leaves whole numbers. #}
{% macro running_share(running, part, whole) -%}
    cast(
        case when {{ whole }} = 0 then 0
        else cast({{ running }} as hugeint) * {{ part }} // {{ whole }} end as bigint
    )
{%- endmacro %}

{# The two taxes that a tax code stands for, as a comma list; NULL when it stands for itself. An empty field is no member. #}
{% macro members_of(tax_codes) -%}
    nullif({{ tax_codes }}.member_1, '') || ',' || nullif({{ tax_codes }}.member_2, '')
{%- endmacro %}

{# An amount for people, within a sentence: 340346 of a currency with hundredths is 3403.46. Needs the minor units of a major. #}
{% macro amount_text(minor, units_per_major='units_per_major') -%}
    case {{ units_per_major }}
        when 1 then cast({{ minor }} as varchar)
        when 1000 then cast(cast(({{ minor }}) * cast(0.001 as decimal(4, 3)) as decimal(38, 3)) as varchar)
        else cast(cast(({{ minor }}) * cast(0.01 as decimal(3, 2)) as decimal(38, 2)) as varchar)
    end
{%- endmacro %}

{# An amount for people with its currency, within a sentence: 3403.46 CAD. `units` is the seed currency_units, its rows of source iso,
   joined for the row's currency. #}
{% macro money_text(minor, currency_code) -%}
    {{ amount_text(minor, 'coalesce(units.iso_units_per_major, 100)') }} || coalesce(' ' || {{ currency_code }}, '')
{%- endmacro %}

{# A rate for people, within a sentence: 20.000000 is 20 and 9.975000 is 9.975. #}
{% macro rate_text(rate) -%}
    rtrim(rtrim(cast(cast({{ rate }} as decimal(9, 6)) as varchar), '0'), '.')
{%- endmacro %}

{# Why a self-billed document of Lago waits: Lago issues it in the name of a partner, who sells through us or for us. #}
{% macro self_billed_reason() -%}
    'it is self-billed: issued in the name of a partner for what we owe him, a cost and no revenue; a person books it as a bill'
{%- endmacro %}
