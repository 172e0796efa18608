"""What one load wrote, record by record: what is new, what is back, what is gone, and in which fields the others changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import orjson

from nexabooks.warehouse.loading import Landed
from nexabooks.warehouse.raw_tables import LINEAGE, RawTable, columns_of
from nexabooks.warehouse.warehouse import Warehouse, literal, quote

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Written:
    """One record that a load wrote. `what`: new, changed, returned (it had been gone) or gone. `fields`: those of a changed
    one that are other than before, in order; none when only its way of being written is."""

    table: str
    key: str
    what: Literal["new", "changed", "returned", "gone"]
    fields: tuple[str, ...] = ()


def written_by(warehouse: Warehouse, landed: Landed) -> Iterator[Written]:
    """Every record that the load `landed` wrote and no later load has written since, beside what was there before it; in no order."""
    for table, merged in landed.tables.items():
        if merged.inserted_count or merged.changed_count or merged.deleted_count:
            yield from _of_table(warehouse, f"raw_{landed.source}", table, landed.load_id)


def _of_table(warehouse: Warehouse, schema: str, table: str, load_id: str) -> Iterator[Written]:
    raw = RawTable(schema, table)
    with warehouse.cursor() as con:
        record = _record([name for name in columns_of(con, schema, table) if name not in dict(LINEAGE)])
        found = con.execute(
            f"""
            with

            now as (select _key, _deleted, {record} as record from {raw.newest} where _load_id = ?),

            before as (
                select _key, _deleted, {record} as record
                from {raw.versions} where _key in (select _key from now)
                qualify row_number() over (partition by _key order by _landed_at desc) = 1
            )

            select now._key, now._deleted, before._deleted, now.record, before.record
            from now left join before on now._key = before._key
            """,
            [load_id],
        )
        while rows := found.fetchmany(ROWS_AT_ONCE):
            for key, is_gone, was_gone, now, before in rows:
                if is_gone:
                    yield Written(table, key, "gone")
                elif before is None:
                    yield Written(table, key, "new")
                elif was_gone:
                    yield Written(table, key, "returned")
                else:
                    yield Written(table, key, "changed", _different(before, now))


def _record(columns: list[str]) -> str:
    """The record as one JSON text: the payload, or the columns of a column-wise table, each as text so that none is rounded."""
    if columns == ["payload"]:
        return "payload"
    return f"json_object({', '.join(f'{literal(name)}, cast({quote(name)} as varchar)' for name in columns)})"


def _different(before: str, now: str) -> tuple[str, ...]:
    old, new = orjson.loads(before), orjson.loads(now)
    return tuple(sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)))
