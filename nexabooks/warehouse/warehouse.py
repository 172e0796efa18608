"""Open the warehouse: one DuckDB file, one writing process, UTC everywhere.

    with open_warehouse(settings.warehouse_path) as warehouse:
        warehouse.rows("select count(*) as row_count from raw_stripe.invoices")

DuckDB lets one process write and shuts every other process out meanwhile (facts/stack.md, DuckDB). Readers therefore
use the published file (publish.py); a second writer gets a TransientError that names the process to wait for.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from nexabooks.errors import PermanentError, TransientError
from nexabooks.stopping import closed_after
from nexabooks.warehouse import meta

# `latest` is what lets DuckDB compress JSON with zstd (179 MB -> 24 MB); an older file format ignores it silently.
# Insertion order costs memory and 11 % of the build, and no model may lean on it.
WRITER_CONFIG: dict[str, Any] = {"storage_compatibility_version": "latest", "preserve_insertion_order": "false"}
DEFAULT_MEMORY_LIMIT = "1200MB"
# What the operating system says of a disk that takes no more; DuckDB repeats its words.
_DISK_WORDS = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO))

Params = Sequence[Any] | Mapping[str, Any] | None  # by their place, or by name


class Warehouse:
    """An open warehouse. `con` belongs to the thread that opened it; another thread asks for its own `cursor()`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, path: Path | None) -> None:
        self.con = con
        self.path = path
        self._schemas = threading.Lock()

    def cursor(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """For a block, a second connection to the same open file, with its own transaction: for a model built in another
        thread."""
        return closed_after(self.con.cursor())

    def create_schemas(self, names: Iterable[str]) -> None:
        """Create the schemas that are not there. One thread at a time: two transactions that create one are a conflict."""
        with self._schemas:
            for name in sorted(set(names)):
                with self.cursor() as con:
                    con.execute(f"create schema if not exists {quote(name)}")

    def table(self, sql: str, params: Params = None) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The answer to `sql` as the names of its columns, of which two may be the same, and its rows."""
        answer = self.con.execute(sql, params)
        return [column[0] for column in answer.description or ()], answer.fetchall()

    def rows(self, sql: str, params: Params = None) -> list[dict[str, Any]]:
        """The answer to `sql` as dictionaries, column name to value; times are aware and in UTC.

        Raises PermanentError for two columns of one name, of which a dictionary would hold one.
        """
        names, rows = self.table(sql, params)
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise PermanentError(
                f"The answer has two columns named {', '.join(repeated)}, and one of them would be lost: give each a name of "
                "its own with `as`."
            )
        return [dict(zip(names, row, strict=True)) for row in rows]


@contextmanager
def open_warehouse(
    path: Path | str, *, read_only: bool = False, memory_limit: str = DEFAULT_MEMORY_LIMIT
) -> Iterator[Warehouse]:
    """The warehouse at `path`, created with its `meta` tables when it is not there; closed at the end of the block.

    Raises TransientError when another process holds the file, and when the disk takes no more of whatever is written in
    the block, PermanentError when the file cannot be used, or a reader asks for what no run has built in it.
    """
    path = Path(path)
    try:
        with closed_after(connect(path, read_only=read_only, memory_limit=memory_limit)) as con:
            if not read_only:
                meta.create_tables(con)
            yield Warehouse(con, path)
    except (duckdb.Error, OSError) as error:
        if read_only and isinstance(error, (duckdb.CatalogException, duckdb.BinderException)):
            raise PermanentError(
                f"{path} is not built yet, or not by this version: {in_one_line(error)} Run `nexabooks run refresh` first.",
                record=str(path),
            ) from None
        of_disk = next((words for words in _DISK_WORDS if words in str(error)), "")
        if not of_disk:
            raise
        raise TransientError(
            f"The disk of {path} takes no more: {of_disk}. Nothing of the step under way was kept; another attempt may "
            "succeed when there is room.",
            record=str(path),
        ) from None


@contextmanager
def memory_warehouse() -> Iterator[Warehouse]:
    """A warehouse that lives in memory and has the same `meta` tables: for unit tests of models."""
    with closed_after(duckdb.connect(":memory:", config={"preserve_insertion_order": "false"})) as con:
        con.execute("set global TimeZone = 'UTC'")
        meta.create_tables(con)
        yield Warehouse(con, None)


def connect(path: Path, *, read_only: bool, memory_limit: str = DEFAULT_MEMORY_LIMIT) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection in UTC, with its errors turned into sentences. Raises as open_warehouse does."""
    if read_only and not path.exists():
        raise PermanentError(f"There is no warehouse at {path} to read. Run a flow first; it creates the file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {"memory_limit": memory_limit}
    if not read_only:
        config |= WRITER_CONFIG
    try:
        con = duckdb.connect(str(path), read_only=read_only, config=config)
    except duckdb.Error as error:
        raise _open_error(path, error) from None
    # Every later cursor inherits a global setting; the session's own would stay with this connection.
    con.execute("set global TimeZone = 'UTC'")
    return con


def _open_error(path: Path, error: duckdb.Error) -> TransientError | PermanentError:
    text = str(error)
    if "Could not set lock" in text:
        holder = re.search(r"\(PID (\d+)\)", text)
        by = f"process {holder[1]}" if holder else "another process"
        return TransientError(
            f"The warehouse {path} could not be opened: {by} has it open. "
            "Another attempt may succeed when that process is done.",
            record=str(path),
        )
    return PermanentError(
        f"The warehouse {path} could not be opened: {text.splitlines()[0]}. Another attempt will not help.",
        record=str(path),
    )


def in_one_line(error: duckdb.Error) -> str:
    """What DuckDB says, without the picture of the question's line that follows."""
    said = " ".join(str(error).partition("\nLINE ")[0].split())
    return said if said.endswith((".", "!", "?")) else f"{said}."


def quote(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"
