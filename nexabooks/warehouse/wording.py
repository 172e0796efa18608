"""What each table and column means, as comments in the published file: the words of the models' YAML, where a reader's tool shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from nexabooks.warehouse import project_yaml
from nexabooks.warehouse.nodes import Column
from nexabooks.warehouse.warehouse import literal, quote

# By table: what it is, and its columns with what each means.
Wording = Mapping[str, tuple[str, tuple[Column, ...]]]


def wording_of(folder: Path) -> Wording:
    """The words of every model that a YAML file below `folder` describes."""
    return {
        entry["name"]: (str(entry.get("description") or "").strip(), project_yaml.columns_of(entry))
        for path in project_yaml.yaml_files([folder])
        for entry in project_yaml.read_yaml(path).get("models") or ()
    }


def comment(con: duckdb.DuckDBPyConnection, schema: str, wording: Wording) -> None:
    """Write the words to the tables of `schema` that are there; what no table or column has is left out."""
    there = con.execute(
        "select table_name, column_name from duckdb_columns() where database_name = current_database() and schema_name = ?",
        [schema],
    ).fetchall()
    for statement in _statements(set(there), schema, wording):
        con.execute(statement)


def _statements(there: set[tuple[str, str]], schema: str, wording: Wording) -> Iterator[str]:
    for table in sorted({table for table, _ in there} & wording.keys()):
        says, columns = wording[table]
        name = f"{quote(schema)}.{quote(table)}"
        yield f"comment on table {name} is {literal(says)}"
        for column in columns:
            if (table, column.name) in there and column.description:
                yield f"comment on column {name}.{quote(column.name)} is {literal(column.description)}"
