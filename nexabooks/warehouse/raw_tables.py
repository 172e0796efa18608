"""The shape of raw tables (docs/contracts/raw.md, "Columns of every raw table"), and how they come to be."""

from __future__ import annotations

from collections.abc import Sequence

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
VERSIONS_SUFFIX = "__versions"
# Keys, hashes and the texts of a billing database (ids, times, names) are short and close to random: zstd took a sixth of
# PostgreSQL's load for them and saved three tenths of the room. JSON is where it earns its time.
_COMPRESSION_BY_NAME = {"payload": "zstd", "_load_id": ""}
_COMPRESSION_BY_TYPE = {"JSON": "zstd", "VARCHAR": "uncompressed"}


def create(con: duckdb.DuckDBPyConnection, schema: str, table: str, columns: Sequence[tuple[str, str]]) -> None:
    """Create `schema.table` and its `__versions` when they are not there. `columns`: those beside the lineage."""
    declared = ", ".join(f"{quote(name)} {kind}{_compression(name, kind)}" for name, kind in (*LINEAGE, *columns))
    for name in (table, table + VERSIONS_SUFFIX):
        con.execute(f"create table if not exists {quote(schema)}.{quote(name)} ({declared})")


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
    there = {tuple(row) for row in con.execute("select schema_name, table_name from duckdb_tables()").fetchall()}
    created = []
    for source in project.sources.values():
        if (source.schema, source.identifier) in there:
            continue
        lineage = dict(LINEAGE)
        typed = tuple((c.name, c.data_type) for c in source.columns if c.data_type and c.name not in lineage)
        create(con, source.schema, source.identifier, typed or JSON_COLUMNS)
        created.append(f"{source.schema}.{source.identifier}")
    return created


def add_column(con: duckdb.DuckDBPyConnection, schema: str, table: str, name: str, kind: str) -> None:
    """A new column for `schema.table` and its versions; the rows that are there have NULL in it."""
    for each in (table, table + VERSIONS_SUFFIX):
        con.execute(f"alter table {quote(schema)}.{quote(each)} add column {quote(name)} {kind}")
