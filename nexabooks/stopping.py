"""A signal in the middle of a DuckDB statement (Ctrl-C, or what stops a run of a worker), and what it would leave behind.

DuckDB 1.5.6 stops the statement where it is, reports `RuntimeError: Query interrupted` in the place of what the signal's
handler raised, and keeps the half-done statement until another one is run. A connection that is closed so never lets its
database end: whoever opens the same file again in this process, to write down how the run ended, waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar


class Connection(Protocol):
    """As much of a DuckDB connection as is needed here."""

    def execute(self, query: str) -> Any: ...

    def close(self) -> None: ...


C = TypeVar("C", bound=Connection)


@contextmanager
def closed_after(connection: C) -> Iterator[C]:
    """`connection` for the block, and closed behind it so that its file can be opened again, whatever ended the block.

    A statement that a signal stopped raises what the signal's handler raised.
    """
    try:
        with told_by_signals(connection):
            yield connection
    finally:
        connection.close()


@contextmanager
def told_by_signals(connection: Connection) -> Iterator[None]:
    """A block whose error is cleared away in `connection`, and is the signal's own where a signal stopped a statement."""
    try:
        yield
    except BaseException as error:
        # Any statement clears away the half-done one; this one also ends a transaction that failed.
        with suppress(Exception):
            connection.execute("rollback")
        signal_said = error.__cause__ if _is_of_signal(error) else None
        if signal_said is None:
            raise
        raise signal_said from None


def _is_of_signal(error: BaseException) -> bool:
    return type(error) is RuntimeError and str(error) == "Query interrupted"
