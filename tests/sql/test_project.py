"""The SQL keeps its own rules: layers, shape of a file, described columns, exact money."""

from __future__ import annotations

import re

import pytest

from nexabooks.warehouse import Project
from nexabooks.warehouse.nodes import Node
from tests.sql.built import SQL, Ask

MODELS = [node for node in Project.load(SQL).nodes if node.kind == "model"]
PROMISED = [node for node in MODELS if node.layer in ("marts", "outbound", "finance")]
PREFIXES = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("dim_", "fct_"), "outbound": ("out_odoo__",)}
# Functions that only DuckDB has; they live in sql/macros/duckdb, so that another engine needs one folder rewritten.
DUCKDB_ONLY = re.compile(
    r"\b(json_extract\w*|json_type|json_exists|unnest|list_\w+|regexp_\w+|strftime|date_diff|timezone|to_timestamp|md5)\("
)

# A column of staging that holds money: whole minor units, or NexaCloud's amounts in major units.
AMOUNT = re.compile(r"(?:\bas |^ +)(\w+_minor|price_\w+|amount)(?=,?\n)", re.MULTILINE)


def _id(node: Node) -> str:
    return node.name


@pytest.mark.parametrize("node", MODELS, ids=_id)
def test_a_model_reads_from_its_grain_to_its_own_name(node: Node) -> None:
    """First line the grain, last CTE the file's name, last line the same select in every file."""
    lines = node.raw_sql.strip().splitlines()
    assert lines[0].startswith("-- One row")
    assert lines[-1] == f"select * from {node.name}"
    assert re.findall(r"^(\w+) as \(", node.raw_sql, re.MULTILINE)[-1] == node.name


@pytest.mark.parametrize("node", [n for n in MODELS if n.layer in PREFIXES], ids=_id)
def test_the_prefix_tells_the_layer(node: Node) -> None:
    """stg_ cleans one source, int_ joins, dim_ and fct_ are for people, out_odoo__ is for Odoo."""
    assert node.name.startswith(PREFIXES[node.layer])


@pytest.mark.parametrize("node", PROMISED, ids=_id)
def test_what_others_read_has_an_enforced_contract_in_words(node: Node) -> None:
    """Every mart, outbound and finance column has a type that is enforced and a description."""
    assert node.is_contract_enforced
    assert node.description
    assert [c.name for c in node.columns if not c.description or not c.data_type] == []


@pytest.mark.parametrize("node", MODELS, ids=_id)
def test_duckdbs_own_words_stay_in_one_folder(node: Node) -> None:
    """A model is plain SQL and macros."""
    assert DUCKDB_ONLY.findall(node.raw_sql) == []


@pytest.mark.parametrize("page", ["glossary.md", "questions.md"])
def test_what_finance_is_sent_to_is_in_the_published_file(page: str) -> None:
    """`nexabooks query` reaches the schema finance alone: no page for finance names a table of another layer."""
    text = (SQL.parent / "docs" / page).read_text(encoding="utf-8")
    published = {node.name for node in MODELS if node.layer == "finance"} | {"publication"}
    named = set(re.findall(r"(?<!/)\b(marts|finance|intermediate|staging|outbound)\.(\w+)", text))
    assert named - {("finance", name) for name in published} == set()


def test_every_outcome_of_a_run_is_explained() -> None:
    """The glossary has a row for each that the column names."""
    text = (SQL.parent / "docs" / "glossary.md").read_text(encoding="utf-8")
    table = text.partition("## Run outcomes\n")[2].partition("\n## ")[0]
    (outcome,) = (c for node in MODELS if node.name == "runs" for c in node.columns if c.name == "outcome")
    named = re.search(r"became of it: ([\w, ]+);", outcome.description)
    assert named
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE)[1:] == named[1].split(", ")


@pytest.mark.parametrize("name", ["invoice_lines", "revenue_documents"])
def test_a_column_of_families_names_every_family(name: str) -> None:
    """Prepaid too, which is no family of revenue."""
    (column,) = (c for node in MODELS if node.name == name for c in node.columns if c.name == "service_family")
    families = (SQL / "seeds" / "family_accounts.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row for row in families if row.partition(",")[0] not in column.description] == []


def test_money_is_never_a_float(trap_day: Ask) -> None:
    """No column of any layer is DOUBLE or FLOAT, and none is so wide that it would be published as one."""
    found = trap_day(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() where not internal "
        "and schema_name in ('staging', 'intermediate', 'marts', 'outbound', 'finance', 'seeds') "
        "and data_type in ('DOUBLE', 'FLOAT', 'HUGEINT')"
    )
    assert found == []


def test_every_model_that_decides_has_a_unit_test(project: Project) -> None:
    """Each intermediate model and each mart has given rows and expected rows, also one that only selects what others computed."""
    tested = {test.model for test in project.unit_tests}
    assert {node.name for node in MODELS if node.layer in ("intermediate", "marts")} - tested == set()


def test_every_amount_of_a_source_is_read_by_a_unit_test(project: Project) -> None:
    """Where money comes in, its counting and its sign are settled: each such column of staging is expected somewhere."""
    expected = {(test.model, column) for test in project.unit_tests for row in test.expect.rows or () for column in row}
    amounts = {
        (node.name, column)
        for node in MODELS
        if node.layer == "staging"
        for column in AMOUNT.findall(node.raw_sql.rpartition(f"\n{node.name} as (")[2])
    }
    assert len(amounts) > 70
    assert sorted(amounts - expected) == []
