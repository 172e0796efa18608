from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest

from nexabooks.errors import BuildFailed
from nexabooks.warehouse import Building, Project, build, ensure_sources, run_data_tests
from tests.warehouse.landings import NOW, count, land_records
from tests.warehouse.projects import FILES, write_project

INVOICES = [{"id": f"in_{n}", "currency": "cad", "total": 5, "created": 1793503800} for n in range(3)]


@pytest.fixture
def project_in(tmp_path, warehouse):
    """The example project with some files changed, its sources there."""

    def load(**changes):
        project = Project.load(write_project(tmp_path, **changes))
        ensure_sources(warehouse, project)
        return project

    return load


def built(warehouse, project, **options):
    return build(warehouse, project, run_id="run", now=lambda: NOW, **options)


def test_a_first_run_without_any_source_still_builds(warehouse, project_in):
    """Tables that were never landed are there, empty and typed."""
    runs = built(warehouse, project_in())
    assert {run.outcome for run in runs} == {"built"}
    assert count(warehouse, "marts.fct_revenue") == 0
    types = warehouse.rows(
        "select data_type from duckdb_columns() where schema_name = 'raw_nexacloud' and column_name = 'email' limit 1"
    )
    assert types == [{"data_type": "VARCHAR"}]


def test_rows_flow_from_raw_to_outbound(warehouse, project_in):
    """Every run leaves its record: rows of tables, and none for views."""
    land_records(warehouse, INVOICES)
    runs = {run.name: run for run in built(warehouse, project_in())}
    assert warehouse.rows("select currency_code, total_minor from outbound.out_odoo__revenue") == [
        {"currency_code": "CAD", "total_minor": 15}
    ]
    assert (runs["fct_revenue"].row_count, runs["stg_stripe__invoices"].row_count) == (1, None)
    recorded = warehouse.rows("select model, outcome, finished_at from meta.model_runs where model = 'fct_revenue'")
    assert recorded == [{"model": "fct_revenue", "outcome": "built", "finished_at": NOW}]


def test_building_again_gives_the_same(warehouse, project_in):
    """And takes rows away that are gone at the source."""
    project = project_in()
    land_records(warehouse, INVOICES)
    built(warehouse, project)
    land_records(warehouse, INVOICES[:1], is_complete=True)
    built(warehouse, project)
    assert warehouse.rows("select total_minor from marts.fct_revenue") == [{"total_minor": 5}]


def test_a_failed_model_is_named_with_its_sql_and_stops_only_what_reads_it(warehouse, project_in, tmp_path):
    """The old table stays for readers."""
    built(warehouse, project_in())
    changed = project_in(
        **{"models/marts/fct_revenue.sql": "select no_such_column from {{ ref('stg_stripe__invoices') }}"}
    )
    runs = []
    with pytest.raises(
        BuildFailed, match=r"fct_revenue could not be built.*no_such_column.*Skipped.*out_odoo__revenue"
    ) as caught:
        built(warehouse, changed, on_model=runs.append)
    assert {run.name: run.outcome for run in runs} == {
        "currency_units": "built",
        "stg_nexacloud__users": "built",
        "stg_stripe__invoices": "built",
        "fct_revenue": "failed",
        "out_odoo__revenue": "skipped",
    }
    kept = tmp_path / "target/compiled/shop/models/marts/fct_revenue.sql"
    assert (
        kept.read_text().strip()
        == caught.value.compiled_sql
        == 'select no_such_column from "staging"."stg_stripe__invoices"'
    )
    assert (caught.value.record, count(warehouse, "marts.fct_revenue")) == ("fct_revenue", 0)


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        pytest.param(
            "select current_date as invoiced_on, 'x' as currency_code",
            "total_minor is declared BIGINT and missing",
            id="less",
        ),
        pytest.param(
            "select current_date as invoiced_on, 'x' as currency_code, 1::bigint as total_minor, 1 as more",
            r"more \(INTEGER\) is not declared",
            id="more",
        ),
        pytest.param(
            "select current_date as invoiced_on, 'x' as currency_code, 1.5::double as total_minor",
            "total_minor is declared BIGINT and is DOUBLE",
            id="another type",
        ),
        pytest.param(
            "select current_date as invoiced_on, null::varchar as currency_code, 1::bigint as total_minor",
            "NOT NULL constraint failed.*currency_code",
            id="a null where none may be",
        ),
    ],
)
def test_a_model_that_breaks_its_contract_is_not_built(warehouse, project_in, sql, sentence):
    """The column is named; the table that was there stays."""
    land_records(warehouse, INVOICES)
    built(warehouse, project_in())
    model = "{{ config(contract={'enforced': true}) }} " + sql
    with pytest.raises(BuildFailed, match=f"fct_revenue.*{sentence}"):
        built(warehouse, project_in(**{"models/marts/fct_revenue.sql": model}))
    assert warehouse.rows("select total_minor from marts.fct_revenue") == [{"total_minor": 15}]


def test_a_contract_gives_its_columns_in_its_own_order(warehouse, project_in):
    """As dbt does."""
    sql = FILES["models/marts/fct_revenue.sql"].replace(
        "i.invoiced_on, i.currency_code,", "i.currency_code, i.invoiced_on,"
    )
    built(warehouse, project_in(**{"models/marts/fct_revenue.sql": sql}))
    names = [row["column_name"] for row in warehouse.rows("describe marts.fct_revenue")]
    assert names == ["invoiced_on", "currency_code", "total_minor"]


def test_a_model_may_turn_from_table_to_view_and_back(warehouse, project_in):
    """The other kind of the same name is taken away."""
    for kind in ("view", "table", "view"):
        sql = "{{ config(materialized='" + kind + "') }} select * from {{ ref('fct_revenue') }}"
        built(warehouse, project_in(**{"models/outbound/out_odoo__revenue.sql": sql}))
        found = warehouse.rows(
            "select table_type from information_schema.tables where table_name = 'out_odoo__revenue'"
        )
        assert found == [{"table_type": "VIEW" if kind == "view" else "BASE TABLE"}]


def test_a_seed_value_of_another_type_is_refused_by_name(warehouse, project_in):
    """Finance edits these files; a typing mistake names the file."""
    with pytest.raises(BuildFailed, match=r"seed currency_units could not be built.*many"):
        built(warehouse, project_in(**{"seeds/currency_units.csv": "currency_code,units_per_major\nCAD,many\n"}))


def test_models_may_be_built_from_several_threads(warehouse, project_in):
    """Each on its own connection, as tasks do."""
    project = project_in()
    built(warehouse, project)
    names = ["stg_stripe__invoices", "stg_nexacloud__users", "currency_units"]
    with Building(warehouse, project, run_id="t", now=lambda: NOW) as building, ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(building.model, names))
    assert {run.outcome for run in runs} == {"built"}
    recorded = warehouse.rows("select model from meta.model_runs where run_id = 't'")
    assert sorted(row["model"] for row in recorded) == sorted(names)


def test_a_build_that_ends_early_keeps_the_record_of_what_it_did(warehouse, project_in):
    """A task that fails stops the flow: what was built before it stands, and so do both rows."""
    project = project_in(**{"models/outbound/out_odoo__revenue.sql": "select nil from {{ ref('fct_revenue') }}"})
    with (
        pytest.raises(BuildFailed, match="out_odoo__revenue"),
        Building(warehouse, project, run_id="r", now=lambda: NOW) as building,
    ):
        for node in project.nodes:
            building.model(node)
    assert count(warehouse, "marts.fct_revenue") == 0
    outcomes = {row["model"]: row["outcome"] for row in warehouse.rows("select model, outcome from meta.model_runs")}
    assert (outcomes["fct_revenue"], outcomes["out_odoo__revenue"]) == ("built", "failed")


def test_data_tests_find_the_rows_that_break_a_promise(warehouse, project_in):
    """not_null, unique, accepted_values, relationships, one of the project's own, and a file."""
    yml = """
models:
  - name: out_odoo__revenue
    columns:
      - name: currency_code
        data_tests:
          - not_null
          - unique
          - accepted_values: {arguments: {values: [JPY]}, config: {severity: warn}}
          - relationships: {to: ref('currency_units'), field: currency_code}
      - name: total_minor
        tests: [{is_small: {below: 10, where: "total_minor > 0"}}]
"""
    project = project_in(
        **{
            "models/outbound/out.yml": yml,
            "macros/is_small.sql": "{% test is_small(model, column_name, below) %} select * from {{ model }} "
            "where {{ column_name }} >= {{ below }} {% endtest %}",
            "tests/nothing_in_yen.sql": "select * from {{ ref('fct_revenue') }} where currency_code = 'JPY'",
        }
    )
    land_records(warehouse, [*INVOICES, {**INVOICES[0], "id": "in_x", "created": 1700000000}])
    built(warehouse, project)
    results = {r.name: r for r in run_data_tests(warehouse, project)}
    failing = {name: (r.severity, r.failing_count) for name, r in results.items() if not r.is_ok}
    assert failing == {
        "unique_out_odoo__revenue_currency_code": ("error", 1),
        "accepted_values_out_odoo__revenue_currency_code": ("warn", 1),
        "is_small_out_odoo__revenue_total_minor": ("error", 1),
    }
    assert results["nothing_in_yen"].is_ok
    assert "value=CAD, row_count=2" in results["unique_out_odoo__revenue_currency_code"].message


def test_nothing_is_left_open_after_a_failed_build(warehouse, project_in):
    """The next statement finds no aborted transaction."""
    with pytest.raises(BuildFailed):
        built(warehouse, project_in(**{"models/marts/fct_revenue.sql": "select 1/'x' as y"}))
    assert warehouse.rows("select 1 as one") == [{"one": 1}]
    with pytest.raises(duckdb.TransactionException):
        warehouse.con.execute("commit")
