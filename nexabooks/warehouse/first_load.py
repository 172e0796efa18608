"""The first load of a table: nothing is there to compare with, so what came goes from the spool into it in one pass,
part by part, while the source is still being read.

Only where nothing is odd. A key that is missing or came twice, a record that is no JSON, a deletion: then the load is
rolled back, and staging and merging do all of it with care.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from nexabooks.streams import Stream
from nexabooks.warehouse.merging import Merged
from nexabooks.warehouse.spool import Part, Spooled
from nexabooks.warehouse.staging import NeedsCare, Staged, key_of, lines_of, text_of
from nexabooks.warehouse.warehouse import quote


def first_load(
    con: duckdb.DuckDBPyConnection, source: str, stream: Stream, *, load_id: str, landed_at: datetime
) -> FirstLoad | None:
    """A first load of the table of `stream`, inside the caller's transaction; None when something is in the table."""
    target = f"{quote('raw_' + source)}.{quote(stream.name)}"
    if con.execute(f"select 1 from {target} limit 1").fetchall():
        return None
    return FirstLoad(con, target, stream, load_id, landed_at)


@dataclass
class FirstLoad:
    """One empty table on its way to be filled."""

    con: duckdb.DuckDBPyConnection
    target: str
    stream: Stream
    load_id: str
    landed_at: datetime
    filled: list[Part] = field(default_factory=list)

    def fill(self, spooled: Spooled, part: Part) -> None:
        """Write one part, which grows no more, into the table. Raises NeedsCare when it is not plain."""
        if self.filled and _columns_of(part) != _columns_of(self.filled[0]):
            raise NeedsCare
        names = ", ".join(quote(name) for name in _columns_of(part))
        try:
            self.con.execute(
                f"insert into {self.target} (_key, _hash, _landed_at, _load_id, _deleted, {names}) "
                f"select _key, _hash, ?, ?, false, {names} from ({self._rows_of(part, spooled)})",
                [self.landed_at, self.load_id],
            )
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise NeedsCare from error
        self.filled.append(part)

    def finish(self, spooled: Spooled) -> tuple[Staged, Merged]:
        """Write what is left, see that nothing was odd, and say what was done. Raises NeedsCare when something was."""
        if spooled.deleted or spooled.undecodable:
            raise NeedsCare
        for part in spooled.parts[len(self.filled) :]:
            self.fill(spooled, part)
        row_count, key_count, different_count = self.con.execute(
            f"select count(*), count(nullif(_key, '')), count(distinct _key) from {self.target}"
        ).fetchall()[0]
        if not row_count == key_count == different_count or (spooled.row_count or row_count) != row_count:
            raise NeedsCare
        columns = _columns_of(spooled.parts[0]) if spooled.parts else ("payload",)
        return Staged(self.target, columns, row_count, 0), Merged(inserted_count=row_count)

    def _rows_of(self, part: Part, spooled: Spooled) -> str:
        if isinstance(part, Path):
            return (
                f"select coalesce(key, {key_of(self.stream)}) as _key, hash as _hash, payload "
                f"from {lines_of([part], spooled.longest_line)}"
            )
        return text_of(self.stream, part)


def _columns_of(part: Part) -> tuple[str, ...]:
    return ("payload",) if isinstance(part, Path) else tuple(name for name, _ in part.columns)
