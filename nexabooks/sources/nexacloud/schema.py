"""Is the table what it is declared to be? Asked of PostgreSQL before a row is read, so that no cast hides a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nexabooks.errors import SourceContractBroken
from nexabooks.sources.nexacloud.streams import FITTING, SECRET_NAME
from nexabooks.streams import Stream


def columns_to_land(stream: Stream, found: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The declared columns of `stream`, and behind them as VARCHAR those that nobody declared, in the table's order.

    `found`: (column, type in information_schema's words) as this role may read them. Left out: binary columns, and
    those whose name says that they keep a secret. Raises SourceContractBroken naming every missing column and turned
    type at once.
    """
    if not found:
        raise SourceContractBroken(
            f"NexaCloud has no table {stream.name} that this role may read: it was dropped, renamed, or SELECT on it was "
            "not granted. Another attempt will not help.",
            source="nexacloud",
            record=stream.name,
        )
    types = dict(found)
    wrong = []
    for column, declared in stream.columns:
        if column not in types:
            wrong.append(f"{column} is missing (or not granted)")
        elif types[column] not in FITTING[declared.partition("(")[0]]:
            wrong.append(f"{column} is {types[column]}, not {declared}")
    if wrong:
        raise SourceContractBroken(
            f"NexaCloud's table {stream.name} is not what it was: {'; '.join(wrong)}. Another attempt will not help.",
            source="nexacloud",
            record=stream.name,
        )
    declared_names = {column for column, _ in stream.columns}
    more = [
        (column, "VARCHAR")
        for column, kind in found
        if column not in declared_names and kind != "bytea" and not SECRET_NAME.search(column)
    ]
    return (*stream.columns, *more)


def finer_columns(stream: Stream, found: Sequence[tuple[Any, ...]]) -> list[str]:
    """The declared DECIMAL columns whose PostgreSQL type allows more decimals, or any number of them.

    `found`: (column, type, numeric_scale or None) as PostgreSQL has it.
    """
    scales = {column: scale for column, _, scale in found}
    return [
        column
        for column, kind in stream.columns
        if kind.startswith("DECIMAL") and (scales[column] is None or scales[column] > int(kind[:-1].split(",")[1]))
    ]
