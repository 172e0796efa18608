"""The first load of a table: nothing is there to compare with, so what came goes from the spool into it in one pass.

Only where nothing is odd. A key that is missing or came twice, a record that is no JSON, a deletion: then the load is
rolled back, and staging and merging do all of it with care.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from nexabooks.streams import Stream
from nexabooks.warehouse.merging import Merged
from nexabooks.warehouse.spool import Spooled
from nexabooks.warehouse.staging import Staged, key_of, lines_of, text_of
from nexabooks.warehouse.warehouse import quote


class NotInOnePass(Exception):
    """What came needs the careful way; the transaction holds some of it and must be rolled back."""


def is_first(con: duckdb.DuckDBPyConnection, source: str, table: str, spooled: Spooled) -> bool:
    """Something came for `table`, nothing is in it, and nothing is known yet that asks for the careful way."""
    if spooled.deleted or spooled.undecodable or not (spooled.row_count or spooled.csv_files):
        return False
    if len({file.columns for file in spooled.csv_files}) > 1:
        return False
    return not con.execute(f"select 1 from {_target(source, table)} limit 1").fetchall()


def land_first(
    con: duckdb.DuckDBPyConnection, source: str, stream: Stream, spooled: Spooled, *, load_id: str, landed_at: datetime
) -> tuple[Staged, Merged]:
    """Fill the empty table of `stream` with what came, inside the caller's transaction, and say what was done.

    Raises NotInOnePass when it is not for this way.
    """
    target = _target(source, stream.name)
    columns = tuple(name for name, _ in spooled.csv_files[0].columns) if spooled.csv_files else ("payload",)
    contents = [text_of(stream, file) for file in spooled.csv_files] or [
        f"select {key_of(stream)} as _key, hash as _hash, payload from {lines_of(spooled.path, spooled.longest_line)}"
    ]
    names = ", ".join(quote(name) for name in columns)
    try:
        for content in contents:
            con.execute(
                f"insert into {target} (_key, _hash, _landed_at, _load_id, _deleted, {names}) "
                f"select _key, _hash, ?, ?, false, {names} from ({content})",
                [landed_at, load_id],
            )
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        raise NotInOnePass from error
    row_count, key_count, different_count = con.execute(
        f"select count(*), count(nullif(_key, '')), count(distinct _key) from {target}"
    ).fetchall()[0]
    if not row_count == key_count == different_count or (spooled.row_count or row_count) != row_count:
        raise NotInOnePass
    return Staged(target, columns, row_count, 0), Merged(inserted_count=row_count)


def _target(source: str, table: str) -> str:
    return f"{quote('raw_' + source)}.{quote(table)}"
