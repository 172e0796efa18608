"""Build the project: each seed and model in order, each whole or not at all, each with a row in meta.model_runs.

with open_warehouse(path) as warehouse:
    build(warehouse, Project.load("sql"), run_id="2026-10-31")
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from nexabooks.errors import BuildFailed
from nexabooks.settings import load_settings
from nexabooks.warehouse import contracts, meta
from nexabooks.warehouse.nodes import Node
from nexabooks.warehouse.project import Project
from nexabooks.warehouse.seeds import load_seed
from nexabooks.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class ModelRun:
    """What became of one node. `row_count` is None for a view: counting it would cost what the view saves."""

    name: str
    layer: str
    materialized: str
    outcome: str  # built, failed, skipped
    row_count: int | None = None
    seconds: Decimal = Decimal(0)
    message: str = ""


class Building:
    """One build under way. Leaving its block writes what became of each model to meta.model_runs, also after a failure.

    The rows are written at once, because one by one they took a sixth of the build. A process that is killed leaves the
    models that it built and no rows of them; its run still stands as running in meta.runs. `now` is the clock, by
    default that of the settings.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        project: Project,
        *,
        run_id: str,
        now: Callable[[], datetime] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        self.runs: list[ModelRun] = []
        self._warehouse, self._project, self._variables = warehouse, project, variables
        self._run_id, self._clock = run_id, now or load_settings().now
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> Building:
        self._warehouse.create_schemas(node.schema for node in self._project.nodes)
        return self

    def __exit__(self, *_: object) -> None:
        with self._warehouse.cursor() as con:
            meta.insert(con, "model_runs", self._rows)

    def model(self, node: Node | str) -> ModelRun:
        """Build one node, on a connection of its own: safe from several threads at once.

        Raises BuildFailed naming the model, with the compiled SQL kept beside the project; the old table or view stays.
        """
        node = self._project.node(node) if isinstance(node, str) else node
        try:
            with self._warehouse.cursor() as con:
                run = _timed(con, self._project, node, self._variables)
        except BuildFailed as error:
            self._keep(ModelRun(node.name, node.layer, node.materialized, "failed", message=error.sentence))
            raise
        return self._keep(run)

    def skip(self, node: Node, reads: Sequence[str]) -> ModelRun:
        """Write down that `node` was not built, because it reads what was not."""
        says = f"it reads {', '.join(reads)}"
        return self._keep(ModelRun(node.name, node.layer, node.materialized, "skipped", message=says))

    def _keep(self, run: ModelRun) -> ModelRun:
        self.runs.append(run)
        self._rows.append(_row(run, self._run_id, self._clock()))
        return run


def build(
    warehouse: Warehouse,
    project: Project,
    *,
    run_id: str,
    now: Callable[[], datetime] | None = None,
    variables: Mapping[str, Any] | None = None,
    select: Sequence[str] | None = None,
    on_model: Callable[[ModelRun], None] | None = None,
) -> list[ModelRun]:
    """Build every selected node and return what became of each.

    A failed model does not stop the models that do not read it; those that do are skipped. Afterwards it raises
    BuildFailed that names the failed models (the runs are in meta.model_runs, the compiled SQL beside the project).
    """
    unbuilt: set[str] = set()
    failures: list[BuildFailed] = []
    with Building(warehouse, project, run_id=run_id, now=now, variables=variables) as building:
        for node in project.selected(tuple(select) if select is not None else None):
            waits_for = sorted(unbuilt.intersection(node.depends_on))
            if waits_for:
                building.skip(node, waits_for)
            else:
                try:
                    building.model(node)
                except BuildFailed as error:
                    failures.append(error)
            run = building.runs[-1]
            if run.outcome != "built":
                unbuilt.add(node.name)
            if on_model:
                on_model(run)
    if failures:
        skipped = [run.name for run in building.runs if run.outcome == "skipped"]
        more = f" Skipped, because they read it: {', '.join(skipped)}." if skipped else ""
        sentences = " ".join(error.sentence for error in failures)
        raise BuildFailed(f"{sentences}{more}", record=failures[0].record, compiled_sql=failures[0].compiled_sql)
    return building.runs


def compile_sql(project: Project, node: Node | str, *, variables: Mapping[str, Any] | None = None) -> str:
    """The SQL of one model as DuckDB would run it. Raises BuildFailed."""
    node = project.node(node) if isinstance(node, str) else node
    return project.compile_sql(node, variables=variables)


def _timed(
    con: duckdb.DuckDBPyConnection, project: Project, node: Node, variables: Mapping[str, Any] | None
) -> ModelRun:
    started = time.perf_counter()
    sql = "" if node.kind == "seed" else project.compile_sql(node, variables=variables)
    try:
        row_count = _swap(con, node, sql)
    except BuildFailed as error:
        kept = _keep_compiled(project, node, sql)
        raise BuildFailed(f"{error.sentence} Its SQL: {kept}.", record=node.name, compiled_sql=sql) from None
    except duckdb.Error as error:
        kept = _keep_compiled(project, node, sql)
        raise BuildFailed(
            f"The {node.kind} {node.name} could not be built: {_first_lines(error)}. Its SQL: {kept}.",
            record=node.name,
            compiled_sql=sql,
        ) from None
    seconds = Decimal(f"{time.perf_counter() - started:.3f}")
    return ModelRun(node.name, node.layer, node.materialized, "built", row_count, seconds)


def _swap(con: duckdb.DuckDBPyConnection, node: Node, sql: str) -> int | None:
    """Put the new one in the place of the old, which everybody else keeps seeing until it is there whole. Returns its rows."""
    try:
        if node.kind == "seed":
            return load_seed(con, node)
        if node.is_contract_enforced:
            sql = contracts.check_shape(con, node, sql)
        return _create(con, node, sql)
    except duckdb.CatalogException as error:
        # A model that turned from table to view, or back. Asking the catalog first would cost every model a millisecond.
        if "Existing object" not in str(error):
            raise
    with meta.transaction(con):
        con.execute(f"drop {'table' if node.materialized == 'view' else 'view'} {node.relation}")
        return _replace(con, node, sql)


def _create(con: duckdb.DuckDBPyConnection, node: Node, sql: str) -> int | None:
    """Whole or not at all. One statement is that by itself, and twice as cheap to commit as a declared transaction."""
    if _takes_two_statements(node):
        with meta.transaction(con):
            return _replace(con, node, sql)
    return _replace(con, node, sql)


def _replace(con: duckdb.DuckDBPyConnection, node: Node, sql: str) -> int | None:
    """Create the view or table in the place of its namesake. Returns the rows of a table."""
    if node.materialized == "view":
        con.execute(f"create or replace view {node.relation} as {sql}")
        return None
    if _takes_two_statements(node):
        con.execute(f"create or replace table {node.relation} ({contracts.table_ddl(node)})")
        return int(con.execute(f"insert into {node.relation} {sql}").fetchall()[0][0])
    return int(con.execute(f"create or replace table {node.relation} as {sql}").fetchall()[0][0])


def _takes_two_statements(node: Node) -> bool:
    """A table whose contract has constraints is created empty and then filled; a view has none to keep."""
    return node.materialized == "table" and node.is_contract_enforced and contracts.has_constraints(node)


def _keep_compiled(project: Project, node: Node, sql: str) -> Path:
    """Write what was run where dbt would: target/compiled/<project>/<path of the model>."""
    if not sql:
        return node.path
    path = project.folder / "target" / "compiled" / project.name / node.path.relative_to(project.folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sql + "\n", encoding="utf-8")
    return path


def _first_lines(error: duckdb.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]).rstrip(".")


def _row(run: ModelRun, run_id: str, finished_at: datetime) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "model": run.name,
        "layer": run.layer,
        "materialized": run.materialized,
        "row_count": run.row_count,
        "seconds": run.seconds,
        "outcome": run.outcome,
        "message": run.message,
        "finished_at": finished_at,
    }
