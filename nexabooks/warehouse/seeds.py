"""Seeds: the CSV files that finance edits, loaded as tables with declared column types."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from nexabooks.errors import BuildFailed
from nexabooks.warehouse.nodes import Node
from nexabooks.warehouse.warehouse import literal


def load_seed(con: duckdb.DuckDBPyConnection, node: Node) -> int:
    """Replace the table of a seed by its file and return the row count.

    Columns without a type in `column_types` are VARCHAR; an empty field is NULL. A value that does not fit its declared
    type is refused. Raises duckdb.Error, which the caller turns into BuildFailed.
    """
    names = _header_of(node)
    types: Mapping[str, str] = {k.lower(): v for k, v in (node.config.get("column_types") or {}).items()}
    columns = ", ".join(f"{literal(name)}: {literal(types.get(name.lower(), 'VARCHAR'))}" for name in names)
    delimiter = str(node.config.get("delimiter", ","))
    answer = con.execute(
        f"create or replace table {node.relation} as select * from read_csv({literal(str(node.path))}, "
        f"auto_detect=false, header=true, delim={literal(delimiter)}, quote='\"', escape='\"', nullstr='', "
        f"columns={{{columns}}})"
    )
    return int(answer.fetchall()[0][0])


def _header_of(node: Node) -> list[str]:
    """The column names in the first line of a seed. Raises BuildFailed when the file is empty or repeats a name."""
    with node.path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline().strip()
    names = [name.strip().strip('"') for name in first.split(str(node.config.get("delimiter", ",")))]
    if not first or len(set(names)) != len(names):
        raise BuildFailed(f"The seed {node.name} needs a first line with one name a column.", record=node.name)
    return names
