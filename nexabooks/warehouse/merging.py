"""Merge what was staged into a raw table: one row a key, the version it replaces kept once.

A replaced version is marked where it lies, because to read it would unpack its two thousand neighbours: half of what a run
cost in which one record of a hundred changed. When the marked are many they are moved aside, so that reading the newest
does not cost more with the history.
A tombstone is a version too: the record as it was, marked deleted, with the moment at which we noticed. So the versions
of a key, and its current row, tell its whole life.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import duckdb

from nexabooks.errors import LoadRefused
from nexabooks.stopping import closed_after
from nexabooks.warehouse.raw_tables import RawTable
from nexabooks.warehouse.staging import Staged
from nexabooks.warehouse.warehouse import quote

MOVED_FROM_SHARE = 0.2  # of the rows of a table: what the newest may cost to read more than without a history


@dataclass(frozen=True)
class Merged:
    """How many records of one table were new, changed (or came back), the same, and gone."""

    inserted_count: int = 0
    changed_count: int = 0
    unchanged_count: int = 0
    deleted_count: int = 0


@dataclass(frozen=True)
class ThinLimit:
    """A complete list is thin when it has less than `least_share` of the live rows and more than `few` are missing."""

    least_share: float = 0.5
    few: int = 10

    def is_thin(self, live_count: int, missing_count: int) -> bool:
        """Whether a complete list that lacks `missing_count` of `live_count` rows is refused: it lacks more than a few, and
        less than the least share would stay."""
        return missing_count > self.few and live_count - missing_count < self.least_share * live_count


def merge(
    con: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    staged: Staged,
    *,
    is_complete: bool,
    thin: ThinLimit,
    load_id: str,
    landed_at: datetime,
) -> Merged:
    """Bring `schema.table` to what `__stage` says, inside the caller's transaction, and say what changed.

    `is_complete`: a live row whose key was not staged is gone. Raises LoadRefused when too many would be.
    """
    raw = RawTable(schema, table)
    con.execute(
        f"""
        create or replace temp table __fate as
        select s.position, s._key, s._hash,
            case
                when s.is_deletion and (t._key is null or t._deleted) then 'none'
                when s.is_deletion then 'deleted'
                when t._key is null then 'inserted'
                when t._hash = s._hash and not t._deleted then 'unchanged'
                else 'changed'
            end as fate
        from __stage as s left join (select _key, _hash, _deleted from {raw.newest}) as t using (_key)
        """
    )
    if is_complete:
        _add_missing(con, raw.newest, f"{schema}.{table}", thin)
    counts = dict(con.execute("select fate, count(*) from __fate group by fate").fetchall())
    merged = Merged(*(counts.get(fate, 0) for fate in ("inserted", "changed", "unchanged", "deleted")))
    if merged.deleted_count:
        con.execute(f"insert into {raw.replaced} by name select * from {raw.newest} where {_key_with('deleted')}")
        con.execute(
            f"update {raw.records} set _deleted = true, _landed_at = ?, _load_id = ? "
            f"where not _replaced and {_key_with('deleted')}",
            [landed_at, load_id],
        )
    if merged.changed_count:
        con.execute(f"update {raw.records} set _replaced = true where not _replaced and {_key_with('changed')}")
    if merged.inserted_count or merged.changed_count:
        _insert(con, raw.records, staged, load_id, landed_at)
    if merged.changed_count:
        _move_aside(con, raw)
    return merged


def _key_with(fate: str) -> str:
    return f"_key in (select _key from __fate where fate = '{fate}')"


def _move_aside(con: duckdb.DuckDBPyConnection, raw: RawTable) -> None:
    """Move the versions that are marked as replaced out of the way, when they are many."""
    share = con.execute(f"select count(*) filter (_replaced) / count(*) from {raw.records}").fetchall()[0][0]
    if share >= MOVED_FROM_SHARE:
        con.execute(
            f"insert into {raw.replaced} by name select * exclude (_replaced) from {raw.records} where _replaced"
        )
        con.execute(f"delete from {raw.records} where _replaced")


def _insert(con: duckdb.DuckDBPyConnection, target: str, staged: Staged, load_id: str, landed_at: datetime) -> None:
    columns = ", ".join(quote(name) for name in staged.columns)
    # DuckDB takes the spool file for a few rows and would build the join's hash table from whole records: twice the
    # time, and memory that grows with the load. Left as written, it builds from the narrow side.
    with closed_after(con.cursor()) as aside, _as_written(aside):
        con.execute(
            f"insert into {target} (_key, _hash, _landed_at, _load_id, _deleted, {columns}) "
            f"select f._key, f._hash, ?, ?, false, {', '.join(f'c.{quote(n)}' for n in staged.columns)} "
            f"from {staged.content} as c join __fate as f using (position) where f.fate in ('inserted', 'changed')",
            [landed_at, load_id],
        )


@contextmanager
def _as_written(aside: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Joins in the order in which they are written. `aside` is a second connection: the setting belongs to the whole
    database, and the first may have no transaction left to set it back in."""
    aside.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
    try:
        yield
    finally:
        aside.execute("reset disabled_optimizers")


def _add_missing(con: duckdb.DuckDBPyConnection, target: str, name: str, thin: ThinLimit) -> None:
    live_count, missing_count = con.execute(
        f"select count(*), count(*) filter (where _key not in (select _key from __fate)) from {target} where not _deleted"
    ).fetchall()[0]
    if thin.is_thin(live_count, missing_count):
        raise LoadRefused(
            f"A complete list of {name} came back thin: {missing_count} of {live_count} records that were there are "
            "missing. Nothing was replaced. Look at the source; land it with a wider limit if the records are really gone.",
            record=name,
        )
    if missing_count:
        con.execute(
            f"insert into __fate select null, _key, _hash, 'deleted' from {target} "
            "where not _deleted and _key not in (select _key from __fate)"
        )
