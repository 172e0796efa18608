"""Model contracts: the columns and types that a model promises in its YAML are those it has."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from nexabooks.errors import BuildFailed
from nexabooks.warehouse.nodes import Node
from nexabooks.warehouse.warehouse import quote

Shape = list[tuple[str, str]]
_CANONICAL: dict[str, str] = {}  # a declared type -> as DuckDB writes it


def shape_of(con: duckdb.DuckDBPyConnection, sql: str) -> Shape:
    """The columns of a query and their types, without running it."""
    return [(row[0], row[1]) for row in con.execute(f"describe {sql}").fetchall()]


def check_shape(con: duckdb.DuckDBPyConnection, node: Node, sql: str) -> str:
    """The select that gives the columns of `node` in the order of its contract.

    Raises BuildFailed that names every column which is missing, undeclared, or of another type.
    """
    found = dict(shape_of(con, sql))
    declared = {column.name: _canonical(con, node, column.name, column.data_type) for column in node.columns}
    wrong = [
        *(f"{name} is declared {kind} and missing" for name, kind in declared.items() if name not in found),
        *(f"{name} ({kind}) is not declared" for name, kind in found.items() if name not in declared),
        *(
            f"{name} is declared {kind} and is {found[name]}"
            for name, kind in declared.items()
            if name in found and found[name] != kind
        ),
    ]
    if wrong:
        raise BuildFailed(
            f"The model {node.name} breaks its contract: {'; '.join(wrong)}.", record=node.name, compiled_sql=sql
        )
    return f"select {column_list([column.name for column in node.columns])} from (\n{sql}\n) as promised"


def table_ddl(node: Node) -> str:
    """The column definitions of a contract's table, with its constraints: NOT NULL, UNIQUE, PRIMARY KEY."""
    words = {"not_null": "not null", "unique": "unique", "primary_key": "primary key"}
    return ", ".join(
        " ".join([quote(column.name), column.data_type, *(words[c] for c in column.constraints if c in words)])
        for column in node.columns
    )


def has_constraints(node: Node) -> bool:
    """Whether a column of the node carries a constraint, such as not_null."""
    return any(column.constraints for column in node.columns)


def column_list(names: Sequence[str]) -> str:
    """The names quoted, with commas between."""
    return ", ".join(quote(name) for name in names)


def _canonical(con: duckdb.DuckDBPyConnection, node: Node, column: str, data_type: str) -> str:
    """A declared type as DuckDB itself writes it: `numeric(18,2)` is DECIMAL(18,2)."""
    if not data_type:
        raise BuildFailed(f"The contract of {node.name} declares no data_type for {column}.", record=node.name)
    try:
        if data_type not in _CANONICAL:
            _CANONICAL[data_type] = con.execute(f"select typeof(cast(null as {data_type}))").fetchall()[0][0]
        return _CANONICAL[data_type]
    except duckdb.Error:
        raise BuildFailed(
            f"The contract of {node.name} declares {column} as {data_type!r}, which DuckDB does not know.",
            record=node.name,
        ) from None
