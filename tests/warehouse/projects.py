"""A small dbt project for the tests: written to a folder, with files replaced or added as a test wishes."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "dbt_project.yml": """
name: shop
version: "1.0"
profile: nexabooks
model-paths: [models]
macro-paths: [macros]
seed-paths: [seeds]
test-paths: [tests]
vars:
  company_time_zone: America/Toronto
models:
  shop:
    staging: {+schema: staging, +materialized: view}
    intermediate: {+schema: intermediate, +materialized: view}
    marts:
      +schema: marts
      +materialized: table
      finance: {+schema: finance}
    outbound: {+schema: outbound, +materialized: table}
seeds:
  shop:
    +schema: seeds
    currency_units:
      +column_types: {units_per_major: INTEGER}
""",
    "macros/generate_schema_name.sql": """
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}
""",
    "macros/accounting_day.sql": """
{% macro accounting_day(column) -%}
    cast({{ column }} at time zone {{ quoted(var('company_time_zone')) }} as date)
{%- endmacro %}
""",
    "macros/quoted.sql": """
{% macro quoted(text) %}{{ return("'" ~ text ~ "'") }}{% endmacro %}
""",
    "seeds/currency_units.csv": "currency_code,units_per_major\nCAD,100\nJPY,1\n",
    "models/staging/sources.yml": """
sources:
  - name: stripe
    schema: raw_stripe
    tables:
      - name: invoices
  - name: nexacloud
    schema: raw_nexacloud
    tables:
      - name: users
        columns:
          - {name: id, data_type: VARCHAR}
          - {name: email, data_type: VARCHAR}
""",
    "models/staging/stg_stripe__invoices.sql": """
select
    payload ->> '$.id' as invoice_id,
    upper(payload ->> '$.currency') as currency_code,
    cast(payload ->> '$.total' as bigint) as total_minor,
    {{ accounting_day("to_timestamp(cast(payload ->> '$.created' as bigint))") }} as invoiced_on
from {{ source('stripe', 'invoices') }}
where not _deleted
""",
    "models/staging/stg_nexacloud__users.sql": """
select id as user_id, lower(email) as email from {{ source('nexacloud', 'users') }}
""",
    "models/marts/fct_revenue.sql": """
{{ config(contract={'enforced': true}) }}
select i.invoiced_on, i.currency_code, cast(sum(i.total_minor) as bigint) as total_minor
from {{ ref('stg_stripe__invoices') }} as i
join {{ ref('currency_units') }} as u on u.currency_code = i.currency_code
group by 1, 2
""",
    "models/marts/marts.yml": """
models:
  - name: fct_revenue
    description: one row per day and currency
    columns:
      - {name: invoiced_on, data_type: date}
      - name: currency_code
        data_type: text
        constraints: [{type: not_null}]
        data_tests: [not_null, {accepted_values: {arguments: {values: [CAD, JPY]}}}]
      - {name: total_minor, data_type: bigint}
unit_tests:
  - name: a_day_adds_up
    model: fct_revenue
    given:
      - input: ref('stg_stripe__invoices')
        rows:
          - {invoice_id: a, currency_code: CAD, total_minor: 5, invoiced_on: 2026-10-31}
          - {invoice_id: b, currency_code: CAD, total_minor: 7, invoiced_on: 2026-10-31}
          - {invoice_id: c, currency_code: XXX, total_minor: 7, invoiced_on: 2026-10-31}
      - input: ref('currency_units')
    expect:
      rows:
        - {invoiced_on: 2026-10-31, total_minor: 12}
  - name: the_month_ends_in_toronto
    model: stg_stripe__invoices
    given:
      - input: source('stripe', 'invoices')
        rows:
          - {payload: '{"id": "in_1", "currency": "cad", "total": 11, "created": 1793503800}', _deleted: false}
    expect:
      rows:
        - {invoice_id: in_1, currency_code: CAD, total_minor: 11, invoiced_on: 2026-10-31}
""",
    "models/outbound/out_odoo__revenue.sql": "select * from {{ ref('fct_revenue') }}\n",
}


def write_project(folder: Path, **changes: str | None) -> Path:
    """The project in `folder`. `changes`: file name (with "/" and "." as they are) to its new text, None to leave it out."""
    for name, text in {**FILES, **changes}.items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder
