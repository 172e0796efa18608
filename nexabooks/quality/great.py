"""The house's promises as Great Expectations suites, and a checkpoint over each model.

What GX 1.24 can and cannot do on DuckDB is in docs/contracts/quality.md. It observes numbers as floats, so an exact
money rule is a query that returns the rows that break it (`UnexpectedRowsExpectation`). Importing GX costs over two
seconds, so it is imported only when a check begins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb

from nexabooks.quality.gx import great_expectations
from nexabooks.quality.promises import Promise, Suite, quoted
from nexabooks.quality.results import SHOWN_KEYS
from nexabooks.stopping import told_by_signals

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.datasource.fluent import SQLDatasource

    from nexabooks.quality.gx_in_memory import Context

BATCH = "{batch}"  # what GX calls the table under check
_SEVERITY = {"error": "critical", "warn": "warning"}


class Checkpoints:
    """Great Expectations over one open DuckDB connection: a context in memory, and a checkpoint for each model.

    It reads through our connection, because one of its own would be refused: a process opens a DuckDB file with one
    configuration only, and the dialect sets its own (facts: stack, DuckDB). AUTOCOMMIT and skip_autocommit_rollback make
    GX work on this dialect. There is one GX data source a schema; naming the schema with the table is deprecated.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        great_expectations()
        from nexabooks.quality.gx_in_memory import new_context

        self.context: Context = new_context()
        self._connection = connection
        self._sources: dict[str, SQLDatasource] = {}

    def run(
        self,
        suite: Suite,
        promises: Sequence[tuple[int, Promise]],
        columns: Sequence[str],
        *,
        run_id: str,
        checked_at: datetime,
    ) -> dict[int, ExpectationValidationResult]:
        """Check one model; GX's result for each promise, by the number that `promises` gives it.

        `columns` are the model's own, so that a failing row can be shown with the columns its rule speaks of.
        """
        from great_expectations.core.run_identifier import RunIdentifier

        from nexabooks.quality import gx_in_memory

        name = f"{suite.layer}.{suite.model}"
        table = self._source(suite.layer).add_table_asset(name, table_name=suite.model)
        compiled = [_compiled_promise(suite, promise, columns, number) for number, promise in promises]
        expectations = gx_in_memory.Suite(name, expectations=compiled, notes=suite.grain)
        self.context.suites.add(expectations)
        batch = table.add_batch_definition_whole_table("all rows")
        checkpoint = gx_in_memory.Checkpoint(
            name=name,
            validation_definitions=[gx_in_memory.Validation(name=name, data=batch, suite=expectations)],
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": list(suite.key),
                "partial_unexpected_count": SHOWN_KEYS,
            },
        )
        ran = checkpoint.run(run_id=RunIdentifier(run_name=run_id, run_time=checked_at))
        (outcome,) = ran.run_results.values()
        # Each is of one of our expectations, and these have their number with them.
        return {result.expectation_config.meta["promise"]: result for result in outcome.results}  # type: ignore[union-attr]

    def _source(self, schema: str) -> SQLDatasource:
        from duckdb_sqlalchemy import ConnectionWrapper

        def connect() -> ConnectionWrapper:
            cursor = self._connection.cursor()
            cursor.execute(f"use {quoted(schema)}")
            return ConnectionWrapper(_Told(cursor))  # type: ignore[arg-type]  # it stands for the cursor

        if schema not in self._sources:
            self._sources[schema] = self.context.data_sources.add_sql(
                schema,
                connection_string="duckdb:///:memory:",  # never opened: `creator` gives the connection
                # GX writes the arguments of this method down for type checkers, and left this one out.
                kwargs={"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True, "creator": connect},  # type: ignore[call-arg]
            )
        return self._sources[schema]


class _Told:
    """A DuckDB cursor whose statement raises what a signal's handler raised, when a signal stopped it. Of DuckDB's own error
    GX would make a promise that is broken, and the run would be blocked instead of stopped."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def execute(self, *arguments: Any) -> Any:
        with told_by_signals(self._cursor):
            return self._cursor.execute(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def _compiled_promise(suite: Suite, promise: Promise, columns: Sequence[str], number: int) -> Any:
    """One promise as a GX expectation, with its sentence as the description that Data Docs show."""
    gxe = great_expectations().expectations
    from nexabooks.quality import gx_in_memory

    said = f"{promise.says}. Protects: {promise.protects}." if promise.protects else promise.says
    shared: dict[str, Any] = {"description": said, "severity": _SEVERITY[promise.severity], "meta": {"promise": number}}
    column = promise.columns[0] if promise.columns else ""
    match promise.sort:
        case "key":
            # One query instead of GX's own expectations for uniqueness and for each column: a fifth of the time, and the
            # keys come back (GX names no rows for a compound key).
            return gx_in_memory.BreakingRows(unexpected_rows_query=_broken_keys(promise, BATCH), **shared)
        case "row_count":
            return gxe.ExpectTableRowCountToBeBetween(min_value=promise.least, max_value=promise.most, **shared)
        case "in_set":
            return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(promise.values), **shared)
        case "between":
            return gxe.ExpectColumnValuesToBeBetween(
                column=column, min_value=promise.least, max_value=promise.most, **shared
            )
        case _:
            query = breaking_rows(suite, promise, BATCH, _shown_columns(suite, promise, columns))
            return gx_in_memory.BreakingRows(unexpected_rows_query=query, **shared)


def breaking_rows(suite: Suite, promise: Promise, table: str, columns: Sequence[str]) -> str:
    """The query for the rows of `table` where the condition is false or unknown: a NULL does not keep a promise.

    The condition may call the table by the model's name, also where GX puts a query of its own in its place. Values come
    as DuckDB's own text: GX would turn a Decimal into a float, and takes 10 ms for each.
    """
    where = promise.where
    if table == BATCH:
        where = where.replace("{", "{{").replace("}", "}}")  # GX fills in braces
    shown = ", ".join(f"cast({quoted(column)} as varchar) as {quoted(column)}" for column in columns)
    rows = f"(select * from {table}) as {quoted(suite.model)}"
    return f"select {shown or '*'} from {rows} where ({where}) is not true"


def _broken_keys(promise: Promise, table: str) -> str:
    """The query for the keys of `table` that stand on several rows or have a part that is null."""
    key = ", ".join(quoted(column) for column in promise.columns)
    shown = ", ".join(f"cast({quoted(column)} as varchar) as {quoted(column)}" for column in promise.columns)
    has_null = " or ".join(f"{quoted(column)} is null" for column in promise.columns)
    counted = f"select {key}, count(*) as row_count from {table} group by {key}"
    return f"select {shown}, row_count from ({counted}) as keys where row_count > 1 or {has_null}"


def _shown_columns(suite: Suite, promise: Promise, columns: Sequence[str]) -> list[str]:
    """The key, then the columns that the condition names: what a person needs to see of a failing row."""
    words = set(re.findall(r"\w+", promise.where.lower()))
    return list(dict.fromkeys([*suite.key, *(column for column in columns if column.lower() in words)]))
