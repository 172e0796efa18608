"""The shape of raw tables (docs/contracts/raw.md, "Columns of every raw table"), and how they come to be.

`raw_x.t` and `raw_x.t__versions` are what everybody reads. They are views over two tables that only landing knows:
`t__records`, the newest versions and those that were replaced lately, and `t__replaced`, where these are moved in bulk
(docs/decisions, 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from nexabooks.warehouse.project import Project
from nexabooks.warehouse.warehouse import Warehouse, quote

# `_deleted` and the lineage come first in SQL only for the reader; order carries no meaning.
LINEAGE: tuple[tuple[str, str], ...] = (
    ("_key", "VARCHAR"),
    ("_hash", "VARCHAR"),
    ("_landed_at", "TIMESTAMPTZ"),
    ("_load_id", "VARCHAR"),
    ("_deleted", "BOOLEAN"),
)
# Text, not DuckDB's type JSON: that is text which DuckDB reads once more when it is written, to see what was seen before.
JSON_COLUMNS: tuple[tuple[str, str], ...] = (("payload", "VARCHAR"),)
VERSIONS_SUFFIX, RECORDS_SUFFIX, REPLACED_SUFFIX = "__versions", "__records", "__replaced"
_REPLACED = "_replaced BOOLEAN default false"
# Keys, hashes and the texts of a billing database (ids, times, names) are short and close to random: zstd took a sixth of
# PostgreSQL's load for them and saved three tenths of the room. JSON is where it earns its time.
_COMPRESSION_BY_NAME = {"payload": "zstd", "_load_id": ""}
_COMPRESSION_BY_TYPE = {"JSON": "zstd", "VARCHAR": "uncompressed"}


@dataclass(frozen=True)
class RawTable:
    """The names of one raw table, quoted: the views `newest` and `versions`, the tables `records` and `replaced`.

    A row of `records` with `_replaced` belongs to `versions`, any other to `newest`.
    """

    schema: str
    table: str

    @property
    def newest(self) -> str:
        return self._named("")

    @property
    def versions(self) -> str:
        return self._named(VERSIONS_SUFFIX)

    @property
    def records(self) -> str:
        return self._named(RECORDS_SUFFIX)

    @property
    def replaced(self) -> str:
        return self._named(REPLACED_SUFFIX)

    def _named(self, suffix: str) -> str:
        return f"{quote(self.schema)}.{quote(self.table + suffix)}"


def create(con: duckdb.DuckDBPyConnection, schema: str, table: str, columns: Sequence[tuple[str, str]]) -> None:
    """Create `schema.table` and its `__versions` when they are not there. `columns`: those beside the lineage."""
    raw = RawTable(schema, table)
    _divide(con, raw)
    declared = ", ".join(f"{quote(name)} {kind}{_compression(name, kind)}" for name, kind in (*LINEAGE, *columns))
    con.execute(f"create table if not exists {raw.records} ({declared}, {_REPLACED})")
    con.execute(f"create table if not exists {raw.replaced} ({declared})")
    _create_views(con, raw, "create view if not exists")


def _create_views(con: duckdb.DuckDBPyConnection, raw: RawTable, create: str) -> None:
    con.execute(f"{create} {raw.newest} as select * exclude (_replaced) from {raw.records} where not _replaced")
    con.execute(
        f"{create} {raw.versions} as select * exclude (_replaced) from {raw.records} where _replaced "
        f"union all by name from {raw.replaced}"
    )


def _divide(con: duckdb.DuckDBPyConnection, raw: RawTable) -> None:
    """A warehouse made before there were views has tables of their names: keep all that is in them."""
    is_older = _names(con, "table") >= {(raw.schema, raw.table), (raw.schema, raw.table + VERSIONS_SUFFIX)}
    if is_older:
        for named, suffix in ((raw.newest, RECORDS_SUFFIX), (raw.versions, REPLACED_SUFFIX)):
            con.execute(f"alter table {named} rename to {quote(raw.table + suffix)}")
        con.execute(f"alter table {raw.records} add column {_REPLACED}")


def _compression(name: str, kind: str) -> str:
    chosen = _COMPRESSION_BY_NAME.get(name, _COMPRESSION_BY_TYPE.get(kind))
    return f" using compression '{chosen}'" if chosen else ""


def columns_of(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, str]:
    """The columns of `schema.table` and their types, in order; empty when there is no such table."""
    found = con.execute(
        "select column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()
    return dict(found)


def ensure_sources(warehouse: Warehouse, project: Project) -> list[str]:
    """Create, empty, every source table of `project` that was never landed, so that a first run builds without it.

    A table whose YAML declares typed columns gets those; any other is a JSON table. Returns what was created.
    """
    con = warehouse.con
    warehouse.create_schemas(source.schema for source in project.sources.values())
    tables, views = _names(con, "table"), _names(con, "view")
    created = []
    for source in project.sources.values():
        name, versions = (source.schema, source.identifier), (source.schema, source.identifier + VERSIONS_SUFFIX)
        if name in views or (name in tables and versions not in tables):  # those of `meta` have no versions
            continue
        lineage = dict(LINEAGE)
        typed = tuple((c.name, c.data_type) for c in source.columns if c.data_type and c.name not in lineage)
        create(con, source.schema, source.identifier, typed or JSON_COLUMNS)
        created.append(f"{source.schema}.{source.identifier}")
    return created


def _names(con: duckdb.DuckDBPyConnection, kind: str) -> set[tuple[str, str]]:
    """Schema and name of every "table", or every "view"."""
    found = con.execute(
        f"select schema_name, {kind}_name from duckdb_{kind}s() where database_name = current_database() and not internal"
    )
    return {(schema, name) for schema, name in found.fetchall()}


def add_column(con: duckdb.DuckDBPyConnection, schema: str, table: str, name: str, kind: str) -> None:
    """A new column for `schema.table` and its versions; the rows that are there have NULL in it."""
    raw = RawTable(schema, table)
    for each in (raw.records, raw.replaced):
        con.execute(f"alter table {each} add column {quote(name)} {kind}")
    _create_views(con, raw, "create or replace view")
