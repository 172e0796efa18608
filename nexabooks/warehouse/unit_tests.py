"""dbt's unit tests on our runner: given rows in, expected rows out, on an empty copy of the project in memory.

The empty copy gives every input its real column types, so that a column which a test does not name is a typed NULL.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import orjson

from nexabooks.errors import BuildFailed, NexabooksError
from nexabooks.warehouse import contracts
from nexabooks.warehouse.nodes import Fixture, Node, UnitTest
from nexabooks.warehouse.project import Project
from nexabooks.warehouse.raw_tables import ensure_sources
from nexabooks.warehouse.seeds import load_seed
from nexabooks.warehouse.templating import Relation
from nexabooks.warehouse.warehouse import Warehouse, literal, memory_warehouse, quote

SHOWN_ROWS = 20


@dataclass(frozen=True)
class UnitTestResult:
    """One unit test's outcome. `message` is "" when it holds, else the rows that are missing and those too many."""

    name: str
    model: str
    is_ok: bool
    message: str = ""
    seconds: Decimal = Decimal(0)


def run_unit_tests(project: Project, names: Sequence[str] | None = None) -> list[UnitTestResult]:
    """Run the project's unit tests (those called `names`, or of the models called so) and return an outcome for each.

    A test that cannot be run (a model that does not compile, a column that is not there) is a failed test that says so.
    Raises BuildFailed when a name is neither a unit test nor a model that has one.
    """
    chosen = [t for t in project.unit_tests if names is None or t.name in names or t.model in names]
    known = {t.name for t in project.unit_tests} | {t.model for t in project.unit_tests}
    unknown = sorted(set(names or ()) - known)
    if unknown:
        raise BuildFailed(
            f"There is no unit test, nor a model with one, called {', '.join(unknown)}.", record=unknown[0]
        )
    with memory_warehouse() as warehouse:
        broken = build_empty(warehouse, project, {test.model for test in chosen})
        return [_run(warehouse, project, test, broken) for test in chosen]


def build_empty(warehouse: Warehouse, project: Project, models: set[str]) -> dict[str, str]:
    """Every node that `models` read, with no rows (seeds with theirs). Returns what could not be built, and why."""
    con = warehouse.con
    ensure_sources(warehouse, project)
    warehouse.create_schemas(node.schema for node in project.nodes)
    broken: dict[str, str] = {}
    for node in project.selected([f"+{model}" for model in sorted(models)]):
        waits_for = [name for name in node.depends_on if name in broken]
        if waits_for:
            broken[node.name] = broken[waits_for[0]]
            continue
        try:
            if node.kind == "seed":
                load_seed(con, node)
            else:
                sql = project.compile_sql(node)
                if node.is_contract_enforced:
                    sql = contracts.check_shape(con, node, sql)
                con.execute(f"create or replace table {node.relation} as select * from (\n{sql}\n) limit 0")
        except (duckdb.Error, BuildFailed) as error:
            broken[node.name] = f"{node.name} could not be built empty: {error}"
    return broken


def _run(warehouse: Warehouse, project: Project, test: UnitTest, broken: Mapping[str, str]) -> UnitTestResult:
    started = time.perf_counter()
    node = project.node(test.model)
    stopped_by = next((broken[name] for name in node.depends_on if name in broken), "")
    try:
        says = stopped_by or _difference(warehouse.con, project, node, test)
    except (duckdb.Error, NexabooksError, ValueError) as error:
        says = f"it could not be run: {error}"
    seconds = Decimal(f"{time.perf_counter() - started:.3f}")
    return UnitTestResult(test.name, test.model, not says, says, seconds)


def _difference(con: duckdb.DuckDBPyConnection, project: Project, node: Node, test: UnitTest) -> str:
    given = _load_given(con, project, test)
    overrides = dict(test.overrides)
    values = overrides.get("env_vars") or {}
    macros = {name: _always(value) for name, value in (overrides.get("macros") or {}).items()}
    names: dict[str, Any] = {**_resolvers(project, node, given), **macros}
    if values:
        names["env_var"] = lambda name, default=None: values.get(name, default)
    sql = project.compile_sql(node, variables=overrides.get("vars") or {}, overrides=names)
    types = dict(contracts.shape_of(con, sql))
    con.execute(f"create or replace temp table __actual as {sql}")
    columns = _load_fixture(con, "__expected", test.expect, types, is_expected=True)
    listed = contracts.column_list(columns)
    missing = _except(con, listed, "__expected", "__actual")
    surplus = _except(con, listed, "__actual", "__expected")
    if not missing and not surplus:
        return ""
    lines = [f"  expected and missing: {row}" for row in missing[:SHOWN_ROWS]]
    lines += [f"  there and not expected: {row}" for row in surplus[:SHOWN_ROWS]]
    more = len(missing) + len(surplus) - len(lines)
    return "\n".join(
        [f"{test.model} gave other rows than {test.name} expects:", *lines, *([f"  … {more} more"] if more else [])]
    )


def _always(value: Any) -> Callable[..., Any]:
    """A macro that gives `value`, whatever it is called with."""
    return lambda *args, **options: value


def _except(con: duckdb.DuckDBPyConnection, columns: str, left: str, right: str) -> list[str]:
    answer = con.execute(f"select {columns} from {left} except all select {columns} from {right} order by all")
    names = [column[0] for column in answer.description or ()]
    return [", ".join(f"{n}={v}" for n, v in zip(names, row, strict=True)) for row in answer.fetchall()]


def _resolvers(project: Project, node: Node, given: Mapping[Relation, Relation]) -> dict[str, Any]:
    """`ref` and `source` that lead to the given rows; an input that the test does not give is refused, as dbt does."""
    context = project.context(node)

    def resolve(kind: str) -> Any:
        def find(*args: str, **options: Any) -> Relation:
            relation = context[kind](*args, **options)
            if relation not in given:
                raise ValueError(
                    f"the test gives no rows for {kind}({', '.join(map(repr, args))}), which the model reads"
                )
            return given[relation]

        return find

    return {"ref": resolve("ref"), "source": resolve("source")}


def _load_given(con: duckdb.DuckDBPyConnection, project: Project, test: UnitTest) -> dict[Relation, Relation]:
    given: dict[Relation, Relation] = {}
    for position, fixture in enumerate(test.given):
        relation = _input_relation(project, fixture.input, test)
        name = f"__given_{position}_{relation.identifier}"
        if fixture.has_rows:
            _load_fixture(con, name, fixture, dict(contracts.shape_of(con, f"select * from {relation}")))
        else:
            con.execute(f"create or replace temp table {quote(name)} as select * from {relation}")
        given[relation] = Relation("", name)
    return given


def _input_relation(project: Project, text: str, test: UnitTest) -> Relation:
    found: list[Relation] = []
    context = project.context(project.node(test.model))

    def remember(kind: str) -> Any:
        def seen(*args: Any, **options: Any) -> str:
            found.append(context[kind](*args, **options))
            return ""

        return seen

    project.templates.render(
        "{{ " + text + " }}", {**context, "ref": remember("ref"), "source": remember("source")}, record=test.name
    )
    if len(found) != 1:
        raise ValueError(f"the input {text!r} is neither a ref nor a source")
    return found[0]


def _load_fixture(
    con: duckdb.DuckDBPyConnection, table: str, fixture: Fixture, types: Mapping[str, str], *, is_expected: bool = False
) -> list[str]:
    """Make `table` from a fixture, return its columns: all of the input's for given rows, only theirs for expected rows."""
    if fixture.format == "sql":
        con.execute(f"create or replace temp table {quote(table)} as {fixture.rows}")
        return [name for name, _ in contracts.shape_of(con, f"select * from {quote(table)}")]
    rows = _csv_rows(fixture.rows) if fixture.format == "csv" else list(fixture.rows)
    by_lower = {name.lower(): name for name in types}
    rows = [{by_lower.get(str(name).lower(), str(name)): value for name, value in row.items()} for row in rows]
    unknown = sorted({name for row in rows for name in row} - set(types))
    if unknown:
        raise ValueError(f"{'the model' if is_expected else fixture.input} has no column {', '.join(unknown)}")
    # dbt compares the columns that the first expected row names; a row that names others would be compared by position.
    columns = list(rows[0]) if is_expected and rows else list(types)
    if is_expected and any(set(row) != set(columns) for row in rows):
        raise ValueError(f"every expected row names the same columns; the first names {', '.join(columns)}")
    selects = [
        "select " + ", ".join(f"cast({_sql_value(row.get(c), types[c])} as {types[c]}) as {quote(c)}" for c in columns)
        for row in rows
    ]
    if not selects:
        selects = ["select " + ", ".join(f"cast(null as {types[c]}) as {quote(c)}" for c in columns) + " limit 0"]
    con.execute(f"create or replace temp table {quote(table)} as {' union all '.join(selects)}")
    return columns


def _csv_rows(text: str) -> list[dict[str, Any]]:
    """CSV rows; an empty field is NULL, as in dbt."""
    return [
        {name.strip(): (value if value not in ("", None) else None) for name, value in row.items()}
        for row in csv.DictReader(io.StringIO(text.strip()))
    ]


def _sql_value(value: Any, data_type: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        if data_type.endswith("[]") and isinstance(value, list):
            return "[" + ", ".join(_sql_value(item, data_type[:-2]) for item in value) + "]"
        return literal(orjson.dumps(value, default=str).decode())
    return literal(str(value))
