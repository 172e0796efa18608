{# The lines of the documents of Stripe in `documents`, one row each with the document's key and the line's position from 1: the
   embedded ones or, where a document has more than ten, all those in `overflow`. Lines landed by themselves have no position, so
   their id orders them: the same way in every build. #}
{% macro stripe_lines(documents, overflow) -%}
    {%- set short_documents -%}
    (
        select * from {{ documents }} where coalesce({{ json_text('payload', '$.lines.has_more') }}, 'false') <> 'true'
    ) as short_documents
    {%- endset -%}
    select _key, item, position
    from ({{ json_items(short_documents, '$.lines.data', ['_key']) }}) as embedded
    union all
    select
        split_part(_key, '|', 1) as _key,
        payload as item,
        row_number() over (partition by split_part(_key, '|', 1) order by _key) as position
    from {{ overflow }}
{%- endmacro %}
