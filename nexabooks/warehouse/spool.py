"""The spool: what a stream sends goes to disk as it comes, so that memory does not grow with the source.

Tab-separated files, `record <tab> key <tab> hash <tab> position`, which DuckDB reads in parallel; a table's next file
begins when one is full, so that the full one can be worked on meanwhile. A position says which came later: the body's
number above, the record's place in it below. Deletions take positions too: of all that was said about a key the last
word counts.

Key and hash are made here, while the record is at hand (docs/decisions/0015-the-hash-of-a-record.md). A key that is not
easily seen stays empty, and DuckDB looks for it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from nexabooks.errors import SourceContractBroken
from nexabooks.streams import Batch, Stream
from nexabooks.warehouse.cutting import LONGEST_KEY, KeyReader, NotCuttable, key_reader, on_one_line, records

PLACES_IN_A_BODY = 1 << 24
PART_BYTES = 1 << 26
_FOLDERS = threading.Lock()  # streams that land side by side make and remove the same folder


@dataclass
class CsvFile:
    path: Path
    columns: tuple[tuple[str, str], ...]
    position: int


Part = Path | CsvFile


@dataclass
class Spooled:
    """What came for one table. `paths`: its files of records. `longest_line` is in bytes, for the reader's buffer."""

    table: str
    paths: list[Path] = field(default_factory=list)
    row_count: int = 0
    longest_line: int = 0
    csv_files: list[CsvFile] = field(default_factory=list)
    deleted: list[tuple[int, str]] = field(default_factory=list)
    undecodable: list[str] = field(default_factory=list)

    @property
    def parts(self) -> list[Part]:
        """Everything that came with rows in it."""
        return [*self.paths, *self.csv_files]


class Spool:
    """The files of one load, in a folder of their own that the block removes.

    `streams`: for the keys of the tables. `on_full`: called with each part that will grow no more, while others come.
    """

    def __init__(
        self,
        folder: Path,
        source: str,
        streams: Mapping[str, Stream],
        on_full: Callable[[Spooled, Part], object] = lambda spooled, part: None,
    ) -> None:
        self.folder, self.source, self.on_full = folder, source, on_full
        self.tables: dict[str, Spooled] = {}
        self._keys: dict[str, KeyReader] = {name: key_reader(stream.key) for name, stream in streams.items()}
        self._files: dict[str, BinaryIO] = {}
        self._body_number = 0

    def __enter__(self) -> Spool:
        with _FOLDERS:
            self.folder.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close_files()
        shutil.rmtree(self.folder)

    def close_files(self) -> None:
        for file in self._files.values():
            file.close()

    def add(self, batch: Batch) -> None:
        """Take one batch. Raises SourceContractBroken when its records cannot be found in a body."""
        spooled = self._table(batch.table)
        for body in batch.bodies:
            # The source's count is of the whole batch, so it only says something of a body that came alone.
            self._add_body(spooled, body, batch.records_at, batch.row_count if len(batch.bodies) == 1 else 0)
        if batch.csv_path is not None:
            self._body_number += 1
            kept = self.folder / f"{batch.table}.{self._body_number}.csv"
            _keep(batch.csv_path, kept)
            spooled.csv_files.append(CsvFile(kept, batch.columns, self._body_number * PLACES_IN_A_BODY))
            self.on_full(spooled, spooled.csv_files[-1])
        for key in batch.deleted_keys:
            self._body_number += 1
            spooled.deleted.append((self._body_number * PLACES_IN_A_BODY, key))

    def _table(self, table: str) -> Spooled:
        return self.tables.setdefault(table, Spooled(table))

    def _add_body(self, spooled: Spooled, body: bytes, records_at: str, row_count: int) -> None:
        self._body_number += 1
        position = self._body_number * PLACES_IN_A_BODY
        try:
            found = records(on_one_line(body), records_at, row_count)
        except NotCuttable as reason:
            if not records_at:
                spooled.undecodable.append(body.decode(errors="backslashreplace"))
                return
            raise SourceContractBroken(
                f"{self.source} sent {spooled.table} in a body of {len(body)} bytes that cannot be read: {reason}. "
                "Nothing of this load was kept; another attempt may show whether the source sends it again.",
                source=self.source,
                record=spooled.table,
            ) from None
        file, place = self._file(spooled), -1
        key_of = self._keys.get(spooled.table, key_reader(()))
        for place, record in enumerate(found):
            file.write(line_of(position + place, record, key_of(record)))
        spooled.row_count += place + 1
        spooled.longest_line = max(spooled.longest_line, len(body) + LONGEST_KEY + 64)
        if file.tell() >= PART_BYTES:
            self._files.pop(spooled.table).close()
            self.on_full(spooled, spooled.paths[-1])

    def set_aside_what_is_not_utf8(self) -> None:
        """Move records that are not UTF-8 from the files to `undecodable`.

        Raises SourceContractBroken for one that came on a page with others: nobody can know what was on that page.
        """
        for spooled in self.tables.values():
            if spooled.row_count:
                self._set_aside(spooled)

    def _set_aside(self, spooled: Spooled) -> None:
        for path in spooled.paths:
            with path.open("rb") as file:
                wrong = [line for line in file if not _is_utf8(line)]
            if wrong:
                bodies = {int(line.rsplit(b"\t", 1)[1]) // PLACES_IN_A_BODY for line in wrong}
                self._set_bodies_aside(spooled, path, bodies)

    def _set_bodies_aside(self, spooled: Spooled, path: Path, bodies: set[int]) -> None:
        kept = path.with_suffix(".utf8")
        with path.open("rb") as file, kept.open("wb") as good:
            for line in file:
                record, _, _, position = line.rsplit(b"\t", 3)
                body, place = divmod(int(position), PLACES_IN_A_BODY)
                if body in bodies and place:
                    raise SourceContractBroken(
                        f"{self.source} sent {spooled.table} in a page that is not UTF-8. Nothing of this load was kept; "
                        "another attempt may show whether the source sends it again.",
                        source=self.source,
                        record=spooled.table,
                    )
                if body in bodies:
                    spooled.undecodable.append(record.decode(errors="backslashreplace"))
                    spooled.row_count -= 1
                else:
                    good.write(line)
        kept.replace(path)

    def _file(self, spooled: Spooled) -> BinaryIO:
        if spooled.table not in self._files:
            path = self.folder / f"{spooled.table}.{len(spooled.paths)}.tsv"
            spooled.paths.append(path)
            self._files[spooled.table] = path.open("wb", buffering=1 << 20)
        return self._files[spooled.table]


def line_of(position: int, record: bytes, key: bytes) -> bytes:
    """A line of the spool file. `record` stands on one line.

    It comes first: DuckDB 1.5.6 says that a later column is not UTF-8 with an internal error that closes the database,
    when a query leaves out a column before it.
    """
    return b"%b\t%b\t%b\t%d\n" % (record, key, hashlib.sha256(record).hexdigest()[:32].encode(), position)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _keep(path: Path, kept: Path) -> None:
    """Hold on to a file that its source may remove as soon as we ask for the next batch."""
    try:
        os.link(path, kept)
    except OSError:
        shutil.copyfile(path, kept)


@contextmanager
def spool_beside(
    warehouse_path: Path | None,
    load_id: str,
    source: str,
    streams: Mapping[str, Stream],
    on_full: Callable[[Spooled, Part], object],
) -> Iterator[Spool]:
    """A spool next to the warehouse; what a killed process left there is removed first.

    Only the process that holds the warehouse's lock gets here, so files of any other process are leftovers.
    """
    base = Path(f"{warehouse_path or Path(tempfile.gettempdir()) / f'nexabooks-memory-{os.getpid()}'}.spool")
    own = f"{os.getpid()}-"
    for leftover in base.glob("*") if base.exists() else ():
        if not leftover.name.startswith(own):
            shutil.rmtree(leftover)
    try:
        with Spool(base / f"{own}{load_id.rsplit(':', 1)[-1]}", source, streams, on_full) as spool:
            yield spool
    finally:
        with _FOLDERS:
            if base.exists() and not any(base.iterdir()):
                base.rmdir()
