"""Schema `meta`: what the warehouse knows about itself (docs/contracts/raw.md, "meta").

Every row here is written by this room, most of them in the transaction of the thing they describe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import orjson

if TYPE_CHECKING:
    from nexabooks.warehouse.warehouse import Warehouse

_DDL = {
    "loads": """
        load_id VARCHAR, run_id VARCHAR, source VARCHAR, stream VARCHAR, mode VARCHAR, started_at TIMESTAMPTZ,
        finished_at TIMESTAMPTZ, outcome VARCHAR, received_count BIGINT, inserted_count BIGINT, changed_count
        BIGINT, unchanged_count BIGINT, deleted_count BIGINT, refused_count BIGINT, message VARCHAR, detail JSON
    """,
    "cursors": """
        source VARCHAR, stream VARCHAR, state JSON, load_id VARCHAR, committed_at TIMESTAMPTZ
    """,
    "certificates": """
        load_id VARCHAR, source VARCHAR, stream VARCHAR, table_name VARCHAR, currency_code VARCHAR, month
        VARCHAR, basis VARCHAR, claimed_count BIGINT, received_count BIGINT, claimed_minor BIGINT,
        received_minor BIGINT, is_equal BOOLEAN
    """,
    "refused_records": """
        load_id VARCHAR, source VARCHAR, stream VARCHAR, table_name VARCHAR, reason VARCHAR, payload VARCHAR,
        refused_at TIMESTAMPTZ
    """,
    "model_runs": """
        run_id VARCHAR, model VARCHAR, layer VARCHAR, materialized VARCHAR, row_count BIGINT, seconds
        DECIMAL(12,3), outcome VARCHAR, message VARCHAR, finished_at TIMESTAMPTZ
    """,
    "quality_results": """
        run_id VARCHAR, checked_at TIMESTAMPTZ, suite VARCHAR, model VARCHAR, expectation VARCHAR, severity
        VARCHAR, is_ok BOOLEAN, unexpected_count BIGINT, failing_keys JSON, says VARCHAR
    """,
    "relist_findings": """
        run_id VARCHAR, found_at TIMESTAMPTZ, source VARCHAR, stream VARCHAR, table_name VARCHAR, kind VARCHAR,
        is_missed BOOLEAN, record_count BIGINT, record_keys JSON, fields VARCHAR, says VARCHAR, load_id VARCHAR
    """,
    "runs": """
        run_id VARCHAR, flow VARCHAR, day DATE, mode VARCHAR, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ,
        outcome VARCHAR, message VARCHAR
    """,
}
_ROWS_AT_ONCE = 200
# Table -> (column, type) in order.
TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    table: tuple(tuple(column.split()) for column in re.split(r",(?![^(]*\))", ddl)) for table, ddl in _DDL.items()
}


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create the schema and every table that is not there; an existing table keeps its rows."""
    con.execute("create schema if not exists meta")
    for table, columns in TABLES.items():
        con.execute(f"create table if not exists meta.{table} ({', '.join(f'{n} {t}' for n, t in columns)})")


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows to `meta.<table>`; a column that a row does not name is NULL; lists and dicts become JSON."""
    names = [name for name, _ in TABLES[table]]
    types = [kind for _, kind in TABLES[table]]
    values = [[_plain(row.get(name), kind) for name, kind in zip(names, types, strict=True)] for row in rows]
    one = f"({', '.join('?' * len(names))})"
    for start in range(0, len(values), _ROWS_AT_ONCE):  # a statement a row would cost two milliseconds a row
        some = values[start : start + _ROWS_AT_ONCE]
        # By name: a warehouse that was there before may have columns that this version does not know.
        into = f"insert into meta.{table} ({', '.join(names)}) values {', '.join([one] * len(some))}"
        con.execute(into, [v for row in some for v in row])


def _plain(value: Any, kind: str) -> Any:
    return orjson.dumps(value, default=str).decode() if kind == "JSON" and value is not None else value


def record_run(
    warehouse: Warehouse,
    *,
    run_id: str,
    flow: str,
    day: date | None,
    mode: str,
    started_at: datetime,
    finished_at: datetime | None = None,
    outcome: str = "running",
    message: str = "",
) -> None:
    """Write down one run in `meta.runs`; called again with the same `run_id` it replaces the row."""
    row = {
        "run_id": run_id, "flow": flow, "day": day, "mode": mode, "started_at": started_at, "finished_at": finished_at,
        "outcome": outcome, "message": message,
    }  # fmt: skip
    with transaction(warehouse.con) as con:
        con.execute("delete from meta.runs where run_id = ?", [run_id])
        insert(con, "runs", [row])


def record_quality(warehouse: Warehouse, results: Iterable[Mapping[str, Any]], *, run_id: str) -> int:
    """Write what a run's checks found to `meta.quality_results` and return how many; a repeated run replaces its rows.

    Each result names `checked_at, suite, model, expectation, severity, is_ok, unexpected_count, failing_keys, says`.
    """
    return _replace(warehouse, "quality_results", results, run_id)


def record_relist(warehouse: Warehouse, findings: Iterable[Mapping[str, Any]], *, run_id: str) -> int:
    """Write what a relist found to `meta.relist_findings` and return how many; a repeated run replaces its rows."""
    return _replace(warehouse, "relist_findings", findings, run_id)


def _replace(warehouse: Warehouse, table: str, results: Iterable[Mapping[str, Any]], run_id: str) -> int:
    rows = [{**result, "run_id": run_id} for result in results]
    with transaction(warehouse.con) as con:
        con.execute(f"delete from meta.{table} where run_id = ?", [run_id])
        insert(con, table, rows)
    return len(rows)


class transaction:
    """A block that commits as a whole, or leaves nothing."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        self._con.execute("begin transaction")
        return self._con

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._con.execute("commit")
        else:
            self._roll_back()

    def _roll_back(self) -> None:
        # An error inside DuckDB may already have ended the transaction.
        try:
            self._con.execute("rollback")
        except duckdb.TransactionException:
            return
