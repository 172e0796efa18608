"""The first load of a table: nothing is there to compare with, so what came goes from the spool into it in one pass,
while the source is still being read.

Only where nothing is odd. A key that is missing or came twice, a record that is not UTF-8, a deletion: then the load is
rolled back, and staging and merging do all of it with care.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import duckdb

from nexabooks.streams import Stream
from nexabooks.warehouse.merging import Merged
from nexabooks.warehouse.raw_tables import RawTable
from nexabooks.warehouse.spool import Spooled
from nexabooks.warehouse.staging import Columns, NeedsCare, Staged, key_of, lines_of, text_of
from nexabooks.warehouse.warehouse import quote

PIPE_BYTES = 1 << 20


def first_load(
    con: duckdb.DuckDBPyConnection, source: str, stream: Stream, *, load_id: str, landed_at: datetime
) -> FirstLoad | None:
    """A first load of the table of `stream`, inside the caller's transaction; None when something is in the table."""
    target = RawTable(f"raw_{source}", stream.name).records
    if con.execute(f"select 1 from {target} limit 1").fetchall():
        return None
    return FirstLoad(con, target, stream, load_id, landed_at)


@dataclass
class FirstLoad:
    """One empty table on its way to be filled, by one INSERT.

    Of several, DuckDB would keep each end of a row group in memory and compress it when the transaction ends, in one
    thread: half as much CPU again. From `follow` on the connection is taken, until `finish` or `close`.
    """

    con: duckdb.DuckDBPyConnection
    target: str
    stream: Stream
    load_id: str
    landed_at: datetime
    inlet: Inlet | None = None
    fed_bytes: int = 0

    def follow(self, spooled: Spooled) -> None:
        """Write what came for the table, and more of it while it comes."""
        if self.inlet is None:
            columns, longest_line = spooled.columns, spooled.longest_line  # what comes later otherwise needs care
            self.inlet = Inlet(lambda path: self._insert([path], columns, longest_line))
            self.inlet.start()
        if spooled.byte_count - self.fed_bytes >= PIPE_BYTES or spooled.csv_files:
            self.inlet.feed(spooled.sizes())
            self.fed_bytes = spooled.byte_count

    def finish(self, spooled: Spooled) -> tuple[Staged, Merged]:
        """Write what is left, see that nothing was odd, and say what was done. Raises NeedsCare when something was."""
        if spooled.deleted or spooled.unreadable or len({file.columns for file in spooled.csv_files}) > 1:
            raise NeedsCare
        if self.inlet:
            self.inlet.feed(spooled.sizes())
            self.inlet.end()
        elif spooled.paths:
            self._insert(spooled.paths, spooled.columns, spooled.longest_line)
        # Hashes of keys are counted in half the time; two keys with one hash only make the load take the careful way.
        row_count, key_count, different_count = self.con.execute(
            f"select count(*), count(nullif(_key, '')), count(distinct hash(_key)) from {self.target}"
        ).fetchall()[0]
        if not row_count == key_count == different_count or (spooled.row_count or row_count) != row_count:
            raise NeedsCare
        return Staged(self.target, _names(spooled.columns), row_count, 0), Merged(inserted_count=row_count)

    def close(self) -> None:
        """Do not go on with what was followed."""
        if self.inlet:
            self.inlet.close()

    def _insert(self, paths: Sequence[Path], columns: Columns | None, longest_line: int) -> None:
        names = ", ".join(quote(name) for name in _names(columns))
        if columns is not None:
            rows = text_of(self.stream, columns, paths)
        else:
            lines = lines_of(paths[0], longest_line)
            rows = f"select coalesce(key, {key_of(self.stream)}) as _key, hash as _hash, payload from {lines}"
        try:
            self.con.execute(
                f"insert into {self.target} (_key, _hash, _landed_at, _load_id, _deleted, {names}) "
                f"select _key, _hash, ?, ?, false, {names} from ({rows})",
                [self.landed_at, self.load_id],
            )
        except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.NotImplementedException) as error:
            raise NeedsCare from error  # the last: a line longer than the buffer


def _names(columns: Columns | None) -> tuple[str, ...]:
    return ("payload",) if columns is None else tuple(name for name, _ in columns)


class Inlet:
    """A statement that runs beside its caller and reads, through a pipe, files that grow meanwhile.

    The caller never waits: a second thread copies what is there into the pipe, the more at once the more there is. What
    has not begun when it is closed never begins: a signal may end the caller between the start of one thread and the other.
    """

    def __init__(self, statement: Callable[[Path], object]) -> None:
        self._statement = statement
        read_end, write_end = os.pipe()
        if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux; elsewhere the two only wait for each other more often
            fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._outlet = open(read_end, "rb", buffering=0)  # noqa: SIM115 - it lives as long as the statement
        self._pipe = open(write_end, "wb", buffering=0)  # noqa: SIM115
        self._sizes: dict[Path, int] = {}
        self._is_over = False
        self._changed = threading.Condition()
        self._done: Future[None] = Future()
        self._pumped: Future[None] = Future()

    def start(self) -> None:
        """Begin with the statement, which from here on waits for what is fed."""
        for future, work in ((self._pumped, self._pump), (self._done, self._run)):
            threading.Thread(target=_work, args=(future, work), name="first-load", daemon=True).start()

    def feed(self, sizes: Mapping[Path, int]) -> None:
        """So many bytes of each file may be read now. The files are read in the order in which they are first named."""
        with self._changed:
            self._sizes.update(sizes)
            self._changed.notify()

    def end(self) -> None:
        """There is no more: return when the statement has read all and ended. Raises what it or the copying raised."""
        self._stop()
        wait([self._done, self._pumped])
        self._done.result()
        self._pumped.result()

    def close(self) -> None:
        """Do not go on, whatever was read. May be called at any time, and again."""
        with self._changed:
            self._sizes.clear()
        self._stop()
        begun = []
        for future, end in ((self._pumped, self._pipe), (self._done, self._outlet)):
            if future.cancel():
                end.close()  # for which the other one may be waiting
            else:
                begun.append(future)
        wait(begun)

    def _stop(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def _run(self) -> None:
        with self._outlet:  # behind it nothing can be sent, so that nobody waits for a reader
            self._statement(Path(f"/dev/fd/{self._outlet.fileno()}"))

    def _pump(self) -> None:
        sent: dict[Path, int] = {}
        with self._pipe as pipe, suppress(BrokenPipeError):
            while (found := self._next(sent)) is not None:
                path, byte_count = found
                _copy(path, sent.get(path, 0), byte_count, pipe)
                sent[path] = byte_count

    def _next(self, sent: Mapping[Path, int]) -> tuple[Path, int] | None:
        with self._changed:
            while True:
                for path, byte_count in self._sizes.items():
                    if sent.get(path, 0) < byte_count:
                        return path, byte_count
                if self._is_over:
                    return None
                self._changed.wait()


def _work(future: Future[None], work: Callable[[], None]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
        future.set_exception(error)
    else:
        future.set_result(None)


def _copy(path: Path, start: int, end: int, pipe: IO[bytes]) -> None:
    with path.open("rb", buffering=0) as file:
        while start < end:
            if sys.platform == "linux":  # without passing through this process, nor waiting for its interpreter
                start += os.sendfile(pipe.fileno(), file.fileno(), start, end - start)
            else:
                file.seek(start)
                start += pipe.write(file.read(min(end - start, PIPE_BYTES)))
