"""Publish what finance reads: the schema `finance` as a file of its own, built aside, checked, and renamed into place.

Readers never wait and never see half a build: who has the old file open keeps reading it, who opens anew gets the new one
(facts/stack.md, DuckDB: after `os.replace`). When a later run is blocked, `mark_stale` says so inside the file, by the same
swap: these are the last good numbers, and since when they are old.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from nexabooks.errors import PermanentError
from nexabooks.stopping import closed_after
from nexabooks.warehouse.nodes import Column
from nexabooks.warehouse.warehouse import WRITER_CONFIG, Warehouse, in_one_line, literal, open_warehouse, quote
from nexabooks.warehouse.wording import Wording, comment

SCHEMA = "finance"
_PUBLICATION = (
    "run_id varchar, published_at timestamptz, is_stale boolean, stale_since timestamptz, stale_reason varchar"
)
_PUBLICATION_SAYS: Wording = {
    "publication": (
        "The one row of this file: which run made it, when, and whether a later run was blocked.",
        (
            Column("run_id", description="The run that made this file."),
            Column("published_at", description="When, UTC."),
            Column("is_stale", description="True when a later run was blocked: these are the last good numbers."),
            Column("stale_since", description="When the first of those runs was blocked, UTC."),
            Column("stale_reason", description="Why the last of them was, in words."),
        ),
    )
}


@dataclass(frozen=True)
class Published:
    """The file that finance reads now, and the rows of each of its tables."""

    path: Path
    run_id: str
    published_at: datetime
    row_counts: dict[str, int]


def publish(
    warehouse: Warehouse,
    path: Path | str,
    *,
    run_id: str,
    published_at: datetime,
    check: Callable[[duckdb.DuckDBPyConnection], None] | None = None,
    wording: Wording | None = None,
) -> Published:
    """Copy every table and view of schema `finance` into a new file, check it, and put it in the place of `path`.

    `check` is called with a connection to the new file before it replaces the old one; what it raises leaves the old one.
    `wording`: what its tables and columns mean; kept in the file as comments.
    Raises PermanentError when the warehouse has no finance tables, or the copy does not have the rows of the original.
    """
    path = Path(path)
    tables = _finance_tables(warehouse)
    if not tables:
        raise PermanentError(f"There is nothing to publish to {path}: the warehouse has no table in schema {SCHEMA}.")
    with _built_aside(path) as aside:
        row_counts = _copy(warehouse, aside, tables)
        with _connected(aside) as con:
            con.execute(f"create table {SCHEMA}.publication ({_PUBLICATION})")
            con.execute(f"insert into {SCHEMA}.publication values (?, ?, false, null, null)", [run_id, published_at])
            _compare(con, row_counts, path)
            comment(con, SCHEMA, {**(wording or {}), **_PUBLICATION_SAYS})
            if check:
                check(con)
            con.execute("checkpoint")
    return Published(path, run_id, published_at, row_counts)


@contextmanager
def open_published(path: Path | str) -> Iterator[Warehouse]:
    """The published file for a block of questions, read-only: readers never wait for a writer.

    Raises PermanentError when there is no such file, and for a question that it refuses, with DuckDB's words for it.
    """
    with open_warehouse(path, read_only=True) as published:
        try:
            yield published
        except duckdb.Error as error:
            raise PermanentError(
                f"The published file refused the question: {in_one_line(error)} Another attempt with it will not help."
            ) from None


def mark_stale(path: Path | str, reason: str, at: datetime) -> bool:
    """Say in the published file that a later run was blocked, since when and why; False when nothing was published yet.

    The first mark's time stays until the next publication: the numbers have been old since then.
    """
    path = Path(path)
    if not path.exists():
        return False
    with _built_aside(path) as aside:
        shutil.copyfile(path, aside)
        with _connected(aside) as con:
            con.execute(
                f"update {SCHEMA}.publication set is_stale = true, stale_since = coalesce(stale_since, ?), stale_reason = ?",
                [at, reason],
            )
            con.execute("checkpoint")
    return True


def _finance_tables(warehouse: Warehouse) -> list[str]:
    """The tables and views of schema `finance`, but the one that the publication itself writes."""
    rows = warehouse.rows(
        "select table_name from information_schema.tables "
        "where table_catalog = current_database() and table_schema = ? and table_name <> 'publication' order by table_name",
        [SCHEMA],
    )
    return [row["table_name"] for row in rows]


@contextmanager
def _built_aside(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place when the block ends well, durable before it is visible."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.next")
    _remove(aside)
    try:
        yield aside
        _sync(aside)
        os.replace(aside, path)
        _sync(path.parent)
    finally:
        _remove(aside)


def _remove(aside: Path) -> None:
    for leftover in (aside, aside.with_name(aside.name + ".wal")):
        leftover.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(warehouse: Warehouse, aside: Path, tables: list[str]) -> dict[str, int]:
    """CREATE TABLE AS into the attached file: five times faster than COPY FROM DATABASE, and only what is read."""
    row_counts: dict[str, int] = {}
    with warehouse.cursor() as con:
        con.execute(f"attach {literal(str(aside))} as published_next (storage_version 'latest')")
        try:
            con.execute(f"create schema published_next.{SCHEMA}")
            for table in tables:
                name = f"{SCHEMA}.{quote(table)}"
                row_counts[table] = con.execute(f"create table published_next.{name} as from {name}").fetchall()[0][0]
        finally:
            con.execute("detach published_next")
    return row_counts


@contextmanager
def _connected(aside: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with closed_after(duckdb.connect(str(aside), config=WRITER_CONFIG)) as con:
        con.execute("set TimeZone = 'UTC'")
        yield con


def _compare(con: duckdb.DuckDBPyConnection, row_counts: dict[str, int], path: Path) -> None:
    for table, expected in row_counts.items():
        found = con.execute(f"select count(*) from {SCHEMA}.{quote(table)}").fetchall()[0][0]
        if found != expected:
            raise PermanentError(
                f"The file for {path} has {found} rows in {SCHEMA}.{table} and the warehouse {expected}; the old file stays.",
                record=table,
            )
