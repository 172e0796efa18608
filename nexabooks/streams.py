"""The words that sources and the warehouse share, so that neither imports the other: Stream, Batch, Finished, Claim.

A source's session yields, for one stream: any number of Batch, then exactly one Finished. The warehouse lands the
batches and commits the new cursor (`Finished.state`) in the same transaction. What the source remembers between two
runs lives in that cursor and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of record of one source, as data.

    `key`: the JSON fields (or columns) that name a record. `cursor`: the field an incremental read goes by, "" when the
    stream is read whole every time. `may_not_lose`: in words, what would go wrong if a record were lost.
    `columns`: for tables, (column, DuckDB type) in order; a turned type stops the stream, a new column is welcome.
    `feeds`: further tables that the same read fills (the overflow lines of invoices).
    `belongs_to`: for a table that another stream's read fills.
    `untold`: fields that the source changes without a sign that an incremental read could go by, so that only the whole
    list brings them.
    """

    name: str
    key: tuple[str, ...]
    cursor: str = ""
    may_not_lose: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    feeds: tuple[str, ...] = ()
    belongs_to: str = ""
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records of one table, as they came from the wire: unparsed, so that nothing is rounded or reordered.

    `bodies`: JSON documents. `records_at` says where the records are in each: "data" -> body["data"]; "" -> the body is
    one record; "[]" -> the body is an array of records. `csv_path`: for a column-wise table, a file written by COPY ...
    CSV with every value quoted (FORCE_QUOTE *), NULL unquoted and empty, no header, columns as `columns` says, and before
    them on each line the hash_of that line.
    `is_growing`: that file is still being written; it comes again, for the last time with False and its `row_count`.
    `deleted_keys`: keys that the source says are gone ("|" joins a compound key). `row_count`: the records inside.
    """

    table: str
    bodies: tuple[bytes, ...] = ()
    records_at: str = ""
    csv_path: Path | None = None
    is_growing: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    deleted_keys: tuple[str, ...] = ()
    row_count: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What the source itself says it has: a count, and where it can a sum, per currency and month (UTC, 'YYYY-MM').

    `basis`: "source" (the source counted: count(*), a total) or "wire" (counted from what it sent, where it offers no count).
    """

    table: str
    row_count: int
    total_minor: int | None = None
    currency_code: str = ""
    month: str = ""
    basis: str = "source"


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of one stream's read. `is_complete`: everything the source has was listed, so a key that is not among the
    batches is gone at the source (a tombstone), unless the list is so thin that it is refused. `unread`: one sentence for
    each record that the source lists and would not give; with any, the load's certificate is not equal. `notes`: what a
    person should know of this read besides (a module that this server does not have).
    """

    stream: str
    state: dict[str, Any] = field(default_factory=dict)
    is_complete: bool = False
    claims: tuple[Claim, ...] = ()
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Session(Protocol):
    """An open, read-only connection to one source."""

    def read(self, stream: Stream, state: dict[str, Any] | None, *, full: bool = False) -> Iterator[Batch | Finished]:
        """Everything of `stream` that may have changed since `state` (the cursor of the last landed read, None at first).

        `full` lists everything whatever the cursor says. Raises NexabooksError; what was yielded before stands alone
        and may be dropped by the caller.
        """
        ...


class Source(Protocol):
    """One system we read. Each folder in nexabooks/sources has a module-level SOURCE of this shape."""

    name: str

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What is read of it, in order."""
        ...

    def missing_settings(self, settings: Any) -> list[str]:
        """The environment names that this source needs and does not have."""
        ...

    def open(self, settings: Any) -> AbstractContextManager[Session]:
        """Connect, read-only. Raises SettingsError, AccessRefused or Unreachable."""
        ...
