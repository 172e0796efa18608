"""The data tests that the project's YAML declares (not_null, unique, accepted_values, relationships, and its own)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from nexabooks.errors import BuildFailed
from nexabooks.warehouse.nodes import DataTest
from nexabooks.warehouse.project import Project
from nexabooks.warehouse.templating import Relation
from nexabooks.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class DataTestResult:
    """One data test's outcome: the count of the rows that break it, and the first of them in words."""

    name: str
    target: str
    severity: str
    is_ok: bool
    failing_count: int
    message: str = ""


def run_data_tests(
    warehouse: Warehouse,
    project: Project,
    *,
    names: Sequence[str] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> list[DataTestResult]:
    """Run the declared data tests (all, or those called `names` or of a model called so) on a built warehouse.

    Raises BuildFailed when a test's own SQL cannot be rendered; a test that DuckDB cannot run is a failed test and says why.
    """
    chosen = [t for t in project.data_tests if names is None or t.name in names or t.target in names]
    return [_run(warehouse, project, test, variables) for test in chosen]


def _run(warehouse: Warehouse, project: Project, test: DataTest, variables: Mapping[str, Any] | None) -> DataTestResult:
    sql = _test_sql(project, test, variables=variables)
    try:
        rows = warehouse.rows(f"select *, count(*) over () as failing_count from (\n{sql}\n) limit 3")
    except duckdb.Error as error:
        return DataTestResult(
            test.name, test.target, test.severity, False, 0, f"it could not be run: {str(error).splitlines()[0]}"
        )
    failing_count = rows[0]["failing_count"] if rows else 0
    shown = "; ".join(", ".join(f"{k}={v}" for k, v in row.items() if k != "failing_count") for row in rows)
    return DataTestResult(test.name, test.target, test.severity, not rows, failing_count, shown)


def _test_sql(project: Project, test: DataTest, *, variables: Mapping[str, Any] | None = None) -> str:
    """The query that finds the rows which break `test`. Raises BuildFailed naming the test."""
    context = project.context(None, variables)
    if not test.macro:
        return project.templates.render(test.raw_sql, context, record=test.name).strip().rstrip(";")
    if f"test_{test.macro}" not in project.templates.macros:
        raise BuildFailed(f"The data test {test.name} uses {test.macro}, which no macro defines.", record=test.name)
    arguments = {name: _rendered(project, value, context, test) for name, value in test.arguments.items()}
    model = _relation(project, test)
    names = {
        **context,
        "arguments": arguments,
        "tested": f"(select * from {model} where {test.where})" if test.where else model,
    }
    return project.templates.render(
        f"{{{{ test_{test.macro}(tested, **arguments) }}}}", names, record=test.name
    ).strip()


def _rendered(project: Project, value: Any, context: Mapping[str, Any], test: DataTest) -> Any:
    """An argument such as `ref('dim_customers')` or `{{ var('x') }}`, resolved."""
    if isinstance(value, str) and value.startswith(("ref(", "source(")):
        value = "{{ " + value + " }}"
    if isinstance(value, str) and "{{" in value:
        return project.templates.render(value, context, record=test.name)
    return value


def _relation(project: Project, test: DataTest) -> Relation:
    if "." in test.target:
        source, table = test.target.split(".", 1)
        return project.sources[source, table].relation
    return project.node(test.target).relation
