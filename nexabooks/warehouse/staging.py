"""Stage what came for one table: a temporary table `__stage (position, _key, _hash, is_deletion)` and, for column-wise
tables, `__text` with their values as they came. The record texts of JSON tables stay in the spool file and are read again for what is new or changed:
writing two gigabytes twice would cost more than reading them twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from nexabooks.errors import SourceContractBroken
from nexabooks.streams import Stream
from nexabooks.warehouse.spool import CsvFile, Spooled
from nexabooks.warehouse.warehouse import literal, quote

_SMALLEST_BUFFER = 2_000_000  # larger ones cost DuckDB its parallel reading, and a processor its cache
_CSV_BUFFER = 1 << 24  # DuckDB's own choice is twice that and costs a tenth of its processor's time
Columns = Sequence[tuple[str, str]]


class NeedsCare(Exception):
    """What came is not plain: the transaction must be rolled back and everything be looked at."""


@dataclass(frozen=True)
class Staged:
    """`content`: a relation of `position` and `columns`. `refused_count` records had no key or could not be read."""

    content: str
    columns: tuple[str, ...]
    received_count: int
    refused_count: int


def stage(con: duckdb.DuckDBPyConnection, source: str, stream: Stream, spooled: Spooled) -> Staged:
    """Fill `__stage` with the last word on each key, and `__refused (reason, payload)` with what has none.

    A key that the spool has seen is believed; other records are read for it. Raises SourceContractBroken for an unknown
    shape, duckdb.InvalidInputException for what is not UTF-8.
    """
    con.execute("create or replace temp table __refused (reason varchar, payload varchar)")
    if spooled.csv_files:
        content, columns = _stage_csv(con, source, stream, spooled.csv_files)
    else:
        content, columns = _stage_json(con, stream, spooled), ("payload",)
    if spooled.deleted:
        con.executemany("insert into __stage (position, _key, is_deletion) values (?, ?, true)", spooled.deleted)
    if spooled.unreadable:
        con.executemany("insert into __refused values (?, ?)", spooled.unreadable)
    _keep_the_last_word(con)
    refused_count = _count(con, "__refused")
    received_count = spooled.row_count + len(spooled.unreadable)
    if spooled.csv_files:
        received_count = _count(con, "__text")
    return Staged(content, columns, received_count, refused_count)


def _stage_json(con: duckdb.DuckDBPyConnection, stream: Stream, spooled: Spooled) -> str:
    con.execute(
        "create or replace temp table __stage (position bigint, _key varchar, _hash varchar, is_deletion boolean default false)"
    )
    if not spooled.path:
        return "(select 0::bigint as position, null::varchar as payload limit 0)"
    content = lines_of(spooled.path, spooled.longest_line)
    con.execute(
        f"insert into __stage select position, nullif(coalesce(key, {key_of(stream)}), ''), hash, false from {content}"
    )
    if _count(con, "(select 1 from __stage where _key is null)"):
        con.execute(
            f"insert into __refused select {_without_key(stream)}, c.payload "
            f"from __stage as s join {content} as c using (position) where s._key is null"
        )
        con.execute("delete from __stage where _key is null")
    return content


def _without_key(stream: Stream) -> str:
    return literal("it has no " + " and ".join(stream.key))


def _stage_csv(
    con: duckdb.DuckDBPyConnection, source: str, stream: Stream, files: Sequence[CsvFile]
) -> tuple[str, tuple[str, ...]]:
    columns = files[0].columns
    if any(file.columns != columns for file in files):
        raise SourceContractBroken(
            f"{source} sent {stream.name} with two different lists of columns in one read. Another attempt may help "
            "when its table was being changed.",
            source=source,
            record=stream.name,
        )
    names = [quote(name) for name, _ in columns]
    con.execute(f"create or replace temp table __text (_key varchar, _hash varchar, {_declared(columns, 'varchar')})")
    for file in files:
        _read_text(con, source, stream, file)
    # Rows are added file by file, so that of a key that comes twice the later file has the higher rowid.
    con.execute(
        "create or replace temp table __stage as select rowid as position, _key, _hash, false as is_deletion from __text "
        "where _key is not null"
    )
    con.execute(
        f"insert into __refused select {_without_key(stream)}, "
        f"to_json(struct_pack({', '.join(f'{n} := {n}' for n in names)})) from __text where _key is null"
    )
    casts = ", ".join(f"cast({quote(name)} as {kind}) as {quote(name)}" for name, kind in columns)
    return f"(select rowid as position, {casts} from __text)", tuple(name for name, _ in columns)


def text_of(stream: Stream, sent: Columns, paths: Sequence[Path]) -> str:
    """A query of key, hash and columns of files with the columns `sent`, every value as the text that came.

    Lossless only so: every value quoted, NULL unquoted and empty, nothing guessed (facts/stack.md, PostgreSQL).
    """
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in ("_hash", *(name for name, _ in sent)))
    key = _joined([f"nullif({quote(name)}, '')" for name in stream.key])
    return (
        f"select {key} as _key, * from read_csv([{', '.join(literal(str(path)) for path in paths)}], auto_detect=false, "
        f"header=false, columns={{{columns}}}, nullstr='', allow_quoted_nulls=false, delim=',', quote='\"', escape='\"', "
        f"buffer_size={_CSV_BUFFER})"
    )


def _read_text(con: duckdb.DuckDBPyConnection, source: str, stream: Stream, file: CsvFile) -> None:
    """One file into `__text`. Raises SourceContractBroken for another shape."""
    try:
        con.execute(f"insert into __text {text_of(stream, file.columns, [file.path])}")
    except duckdb.InvalidInputException as error:
        raise SourceContractBroken(
            f"{source} sent {stream.name} in a file that does not have its {len(file.columns)} columns: "
            f"{' '.join(str(error).split())[:300]}. Nothing of this load was kept.",
            source=source,
            record=stream.name,
        ) from None


def turned(
    con: duckdb.DuckDBPyConnection, source: str, stream: Stream, columns: Columns
) -> SourceContractBroken | None:
    """The staged value that is not of its declared type, by table, column and key; None when all of them are."""
    for name, kind in columns:
        found = con.execute(
            f"select _key, {quote(name)} from __text where {quote(name)} is not null "
            f"and try_cast({quote(name)} as {kind}) is null order by _key limit 1"
        ).fetchall()
        if found:
            return SourceContractBroken(
                f"{source} sent {stream.name} with column {name} of another type than {kind}: {found[0][1][:80]!r} in record "
                f"{found[0][0]}. Nothing of this load was kept; change the declared type, or the source.",
                source=source,
                record=f"{stream.name}.{name}",
            )
    return None


def _declared(columns: Columns, kind: str) -> str:
    return ", ".join(f"{quote(name)} {kind}" for name, _ in columns)


def _keep_the_last_word(con: duckdb.DuckDBPyConnection) -> None:
    """Where a key came more than once, only the latest position stays."""
    con.execute("create or replace temp table __repeated as select _key from __stage group by _key having count(*) > 1")
    if _count(con, "__repeated"):
        con.execute(
            "delete from __stage where _key in (from __repeated) and position not in "
            "(select max(position) from __stage where _key in (from __repeated) group by _key)"
        )


def lines_of(path: Path, longest_line: int) -> str:
    """A spool file as a relation (payload, key, hash, position): nothing in a line is a quote or an escape."""
    size = max(_SMALLEST_BUFFER, longest_line)
    return (
        f"read_csv({literal(str(path))}, auto_detect=false, header=false, delim='\\t', quote='', escape='', new_line='\\n', nullstr='', "
        "columns={'payload': 'VARCHAR', 'key': 'VARCHAR', 'hash': 'VARCHAR', 'position': 'BIGINT'}, "
        f"max_line_size={size}, buffer_size={size})"
    )


def key_of(stream: Stream) -> str:
    """The key of a record in `payload`, as SQL; NULL (a lone part: '') when it is missing."""
    parts = [f"(payload ->> {literal(_path(name))})" for name in stream.key]
    # nullif() would parse the record a second time; a lone key that is empty is looked for where the keys are.
    return parts[0] if len(parts) == 1 else _joined([f"nullif({part}, '')" for part in parts])


def _joined(parts: Sequence[str]) -> str:
    """A compound key, its parts joined by "|"; NULL when a part is missing."""
    return " || '|' || ".join(parts)


def _path(name: str) -> str:
    return '$."' + name.replace('"', '\\"') + '"'


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"select count(*) from {table}").fetchall()[0][0])
