"""The spool: what a stream sends goes to disk as it comes, so that memory does not grow with the source.

A tab-separated file a table, `record <tab> key <tab> hash <tab> position`, which DuckDB reads in parallel. A position says
which came later: the body's number above, the record's place in it below. Deletions take positions too: of all that was
said about a key the last word counts. Who wants to work on it meanwhile follows what is written.

Every record is JSON, which is seen where it is cut out. Key and hash are made here too, while it is at hand. A key that is
not easily seen stays empty, and DuckDB looks for it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from nexabooks.errors import SourceContractBroken
from nexabooks.rawjson import Buffer, NotFound, records_in
from nexabooks.record_hash import hash_of
from nexabooks.streams import Batch, Stream

PLACES_IN_A_BODY = 1 << 24
# What follows a record on its line: key, hash, position. The record comes first: DuckDB 1.5.6 says that a later column is
# not UTF-8 with an internal error that closes the database, when a query leaves out a column before it.
END_OF_LINE = b"\t%b\t%b\t%d\n"
LONGEST_KEY = 200  # of those that are looked for here, in bytes
KeyReader = Callable[[Buffer], bytes]
# Between two tokens of JSON these mean nothing, and inside a string they are not allowed; on one line they would.
_LINE_BREAKERS = bytes.maketrans(b"\t\r\n", b"   ")
_FOLDERS = threading.Lock()  # streams that land side by side make and remove the same folder


@dataclass
class CsvFile:
    """A file of rows without a header, and its columns in order as (name, type)."""

    path: Path
    columns: tuple[tuple[str, str], ...]


@dataclass
class Spooled:
    """What came for one table. `path`: its file of records, None before the first. `longest_line` is in bytes, for the
    reader's buffer. `byte_count`: of all that came with rows in it."""

    table: str
    path: Path | None = None
    row_count: int = 0
    byte_count: int = 0
    longest_line: int = 0
    csv_files: list[CsvFile] = field(default_factory=list)
    deleted: list[tuple[int, str]] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)  # why, and the record as it came
    file: BinaryIO | None = None  # `path` while it is written

    @property
    def paths(self) -> list[Path]:
        """The files of everything that came with rows in it."""
        return [self.path] if self.path else [file.path for file in self.csv_files]

    @property
    def columns(self) -> tuple[tuple[str, str], ...] | None:
        """Those of its first CSV file; None for records."""
        return self.csv_files[0].columns if self.csv_files else None

    def sizes(self) -> dict[Path, int]:
        """How many bytes of each of `paths` can be read now, of the last one all that came."""
        if self.file:
            self.file.flush()
        return {path: path.stat().st_size for path in self.paths}


class Spool:
    """The files of one load, in a folder of their own that the block removes.

    `streams`: for the keys of the tables. `on_more`: called when something was written for a table, while more comes.
    """

    def __init__(
        self,
        folder: Path,
        source: str,
        streams: Mapping[str, Stream],
        on_more: Callable[[Spooled], object] = lambda spooled: None,
    ) -> None:
        self.folder, self.source, self.on_more = folder, source, on_more
        self.tables: dict[str, Spooled] = {}
        self._keys: dict[str, KeyReader] = {name: key_reader(stream.key) for name, stream in streams.items()}
        self._growing: dict[Path, Path] = {}  # a source's file -> the one that is kept
        self._body_number = 0

    def __enter__(self) -> Spool:
        with _FOLDERS:
            self.folder.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close_files()
        finally:  # on a disk that is full, a file can be neither finished nor left
            shutil.rmtree(self.folder)

    def close_files(self) -> None:
        """Close every file that is open, so that whoever reads them next finds all that was spooled."""
        for spooled in self.tables.values():
            if spooled.file:
                spooled.file.close()
                spooled.file = None

    def add(self, batch: Batch) -> None:
        """Take one batch. Raises SourceContractBroken when its records cannot be found in a body."""
        spooled = self._table(batch.table)
        for body in batch.bodies:
            self._add_body(spooled, body, batch.records_at)
        if batch.csv_path is not None:
            self._add_csv(spooled, batch, batch.csv_path)
        for key in batch.deleted_keys:
            self._body_number += 1
            spooled.deleted.append((self._body_number * PLACES_IN_A_BODY, key))

    def _add_csv(self, spooled: Spooled, batch: Batch, path: Path) -> None:
        kept = self._growing.pop(path, None)
        if kept is None:
            self._body_number += 1
            kept = self.folder / f"{batch.table}.{self._body_number}.csv"
            if not _keep(path, kept, is_growing=batch.is_growing):
                return
            spooled.csv_files.append(CsvFile(kept, batch.columns))
        if batch.is_growing:
            self._growing[path] = kept
        spooled.byte_count = sum(file.path.stat().st_size for file in spooled.csv_files)
        self.on_more(spooled)

    def _table(self, table: str) -> Spooled:
        return self.tables.setdefault(table, Spooled(table))

    def _add_body(self, spooled: Spooled, body: bytes, records_at: str) -> None:
        self._body_number += 1
        try:
            found = records_in(body, records_at)
        except NotFound as reason:
            if not records_at:
                spooled.unreadable.append(("it is not JSON", body.decode(errors="backslashreplace")))
                return
            raise SourceContractBroken(
                f"{self.source} sent {spooled.table} in a body of {len(body)} bytes that cannot be read: {reason}. "
                "Nothing of this load was kept; another attempt may show whether the source sends it again.",
                source=self.source,
                record=spooled.table,
            ) from None
        if b"\n" in body or b"\t" in body or b"\r" in body:
            found = [on_one_line(bytes(record)) for record in found]
        key_of, position = self._keys.get(spooled.table, key_reader(())), self._body_number * PLACES_IN_A_BODY
        file = self._file(spooled)
        pieces: list[bytes] = []
        for place, record in enumerate(found, position):
            pieces += (record, END_OF_LINE % (key_of(record), hash_of(record), place))
        file.writelines(pieces)
        spooled.row_count += len(found)
        spooled.byte_count = file.tell()
        spooled.longest_line = max(spooled.longest_line, len(body) + LONGEST_KEY + 64)
        self.on_more(spooled)

    def set_aside_what_is_not_utf8(self) -> None:
        """Move records that are not UTF-8 from the files to `unreadable`.

        Raises SourceContractBroken for one that came on a page with others: nobody can know what was on that page.
        """
        for spooled in self.tables.values():
            if spooled.path:
                self._set_aside(spooled, spooled.path)

    def _set_aside(self, spooled: Spooled, path: Path) -> None:
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
                    spooled.unreadable.append(("it is not UTF-8", record.decode(errors="backslashreplace")))
                    spooled.row_count -= 1
                else:
                    good.write(line)
        kept.replace(path)

    def _file(self, spooled: Spooled) -> BinaryIO:
        if spooled.file is None:
            spooled.path = self.folder / f"{spooled.table}.tsv"
            spooled.file = spooled.path.open("wb", buffering=1 << 20)
        return spooled.file


def on_one_line(record: bytes) -> bytes:
    """The same JSON without line breaks and tabs, which would end a line or a column of the spool."""
    return record.translate(_LINE_BREAKERS)


def key_reader(names: Sequence[str]) -> KeyReader:
    """What gives the key of a record that stands on one line, as it is written there, where that is easily seen: `names`
    is one field, the first one of the record, and a text without escapes, not long. b"" where it is not."""
    if len(names) != 1:
        return lambda record: b""
    begins = re.compile(rb'\{ *"' + re.escape(names[0].encode()) + rb'" *: *"([^"\\]{1,%d})"' % LONGEST_KEY).match

    def key_of(record: bytes) -> bytes:
        found = begins(record)
        return found[1] if found else b""

    return key_of


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _keep(path: Path, kept: Path, *, is_growing: bool) -> bool:
    """Hold on to a file that its source may remove as soon as we ask for the next batch; False when that must wait."""
    try:
        os.link(path, kept)
    except OSError:
        if is_growing:
            return False
        shutil.copyfile(path, kept)
    return True


@contextmanager
def spool_beside(
    warehouse_path: Path | None,
    load_id: str,
    source: str,
    streams: Mapping[str, Stream],
    on_more: Callable[[Spooled], object],
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
        with Spool(base / f"{own}{load_id.rsplit(':', 1)[-1]}", source, streams, on_more) as spool:
            yield spool
    finally:
        with _FOLDERS:
            if base.exists() and not any(base.iterdir()):
                base.rmdir()
