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
from nexabooks.warehouse.cutting import NotCuttable, exact_elements
from nexabooks.warehouse.spool import PLACES_IN_A_BODY, CsvFile, Spooled, line_of
from nexabooks.warehouse.warehouse import literal, quote

_SMALLEST_BUFFER = 2_000_000  # larger ones cost DuckDB its parallel reading
Columns = Sequence[tuple[str, str]]


class NeedsCare(Exception):
    """What came is not plain: the transaction must be rolled back and everything be looked at."""


@dataclass(frozen=True)
class Staged:
    """`content`: a relation of `position` and `columns`. `refused_count` records had no key or were no JSON."""

    content: str
    columns: tuple[str, ...]
    received_count: int
    refused_count: int


def stage(
    con: duckdb.DuckDBPyConnection, source: str, stream: Stream, spooled: Spooled, *, is_careful: bool = True
) -> Staged:
    """Fill `__stage` with the last word on each key, and `__refused (reason, payload)` with what has none.

    `is_careful`: every record is read, to see whether it is JSON. Otherwise a key that the spool has seen is believed: a
    record whose hash is known was JSON before, and one that is written is read then. Raises SourceContractBroken for a
    body that is no JSON, a turned type, or an unknown shape, NeedsCare when it was not careful and should have been.
    """
    con.execute("create or replace temp table __refused (reason varchar, payload varchar)")
    if spooled.csv_files:
        content, columns = _stage_csv(con, source, stream, spooled.csv_files)
    else:
        content, columns = _stage_json(con, source, stream, spooled, is_careful=is_careful), ("payload",)
    if spooled.deleted:
        con.executemany("insert into __stage (position, _key, is_deletion) values (?, ?, true)", spooled.deleted)
    if spooled.undecodable:
        con.executemany("insert into __refused values ('it is not UTF-8', ?)", [[text] for text in spooled.undecodable])
    _keep_the_last_word(con, None if is_careful or spooled.csv_files else content)
    refused_count = _count(con, "__refused")
    received_count = spooled.row_count + len(spooled.undecodable)
    if spooled.csv_files:
        received_count = _count(con, "__text")
    return Staged(content, columns, received_count, refused_count)


def _stage_json(
    con: duckdb.DuckDBPyConnection, source: str, stream: Stream, spooled: Spooled, *, is_careful: bool
) -> str:
    con.execute(
        "create or replace temp table __stage (position bigint, _key varchar, _hash varchar, is_deletion boolean default false)"
    )
    if not spooled.row_count:
        return "(select 0::bigint as position, null::json as payload limit 0)"
    content = lines_of(spooled.paths, spooled.longest_line)
    invalid = _read_keys(con, stream, content, is_careful=is_careful)
    if invalid and not is_careful:
        raise NeedsCare
    if invalid:
        content = _cut_again(con, source, stream, spooled, content)
    con.execute(
        "insert into __refused select case when s._hash is null then 'it is not JSON' "
        f"else {literal('it has no ' + ' and '.join(stream.key))} end, c.payload "
        f"from __stage as s join {content} as c using (position) where s._key is null"
    )
    con.execute("delete from __stage where _key is null")
    return content


def _read_keys(con: duckdb.DuckDBPyConnection, stream: Stream, content: str, *, is_careful: bool) -> int:
    """Key and hash of each line into `__stage`; returns how many lines are no JSON (their `_hash` is NULL)."""
    # try() makes one parse of a record do for both questions: whether it is JSON, and what its key is.
    key = f"try({key_of(stream)})" if is_careful else f"coalesce(key, try({key_of(stream)}))"
    con.execute(f"insert into __stage select position, {key}, hash, false from {content}")
    con.execute("update __stage set _key = null where _key = ''")
    without_key = _count(con, "(select 1 from __stage where _key is null)")
    if not without_key:
        return 0
    con.execute(
        f"update __stage set _hash = null from {content} as c "
        "where __stage._key is null and __stage.position = c.position and not json_valid(c.payload)"
    )
    return _count(con, "(select 1 from __stage where _hash is null and not is_deletion)")


def _cut_again(con: duckdb.DuckDBPyConnection, source: str, stream: Stream, spooled: Spooled, content: str) -> str:
    """Cut the bodies with an invalid piece exactly; a body that came as one record stays, to be refused by name."""
    bodies = con.execute(
        f"select position // {PLACES_IN_A_BODY} as body, string_agg(payload, ',' order by position) as text from {content} "
        f"where position // {PLACES_IN_A_BODY} in (select position // {PLACES_IN_A_BODY} from __stage where _hash is null) "
        "group by body having count(*) > 1"
    ).fetchall()
    if not bodies:
        return content
    again = spooled.paths[0].with_suffix(".again")
    with again.open("wb") as file:
        for body, text in bodies:
            try:
                for place, record in enumerate(exact_elements(f"[{text}]".encode())):
                    file.write(line_of(body * PLACES_IN_A_BODY + place, record, b""))
            except NotCuttable as reason:
                raise SourceContractBroken(
                    f"{source} sent {spooled.table} in a body that cannot be read: {reason}. Nothing of this load was kept.",
                    source=source,
                    record=spooled.table,
                ) from None
    cut = ", ".join(str(body) for body, _ in bodies)
    con.execute(f"delete from __stage where position // {PLACES_IN_A_BODY} in ({cut})")
    second = lines_of([again], spooled.longest_line)
    _read_keys(con, stream, second, is_careful=True)
    return f"(select * from {content} where position // {PLACES_IN_A_BODY} not in ({cut}) union all select * from {second})"


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
        f"insert into __refused select {literal('it has no ' + ' and '.join(stream.key))}, "
        f"to_json(struct_pack({', '.join(f'{n} := {n}' for n in names)})) from __text where _key is null"
    )
    casts = ", ".join(f"cast({quote(name)} as {kind}) as {quote(name)}" for name, kind in columns)
    return f"(select rowid as position, {casts} from __text)", tuple(name for name, _ in columns)


def text_of(stream: Stream, file: CsvFile) -> str:
    """A query of key, hash and columns of one file, every value as the text that came.

    Lossless only so: every value quoted, NULL unquoted and empty, nothing guessed (facts/stack.md, PostgreSQL). The hash
    is of those texts, joined by a NUL, which no text of PostgreSQL can hold, after numbers that say which are NULL.
    """
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name, _ in file.columns)
    names = [quote(name) for name, _ in file.columns]
    key = _joined([f"nullif({quote(name)}, '')" for name in stream.key])
    masks = [
        " + ".join(f"({name} is null)::bigint * {1 << place}" for place, name in enumerate(names[start : start + 62]))
        for start in range(0, len(names), 62)
    ]
    return (
        f"select {key} as _key, md5(concat_ws(chr(0), {', '.join([*masks, *names])})) as _hash, {', '.join(names)} "
        f"from read_csv({literal(str(file.path))}, auto_detect=false, header=false, columns={{{columns}}}, "
        "nullstr='', allow_quoted_nulls=false, delim=',', quote='\"', escape='\"')"
    )


def _read_text(con: duckdb.DuckDBPyConnection, source: str, stream: Stream, file: CsvFile) -> None:
    """One file into `__text`. Raises SourceContractBroken for another shape."""
    try:
        con.execute(f"insert into __text {text_of(stream, file)}")
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


def _keep_the_last_word(con: duckdb.DuckDBPyConnection, unread: str | None) -> None:
    """Where a key came more than once, only the latest position stays. `unread`: the records, where not all of them were
    read; those of such a key are now, because what is not kept would never be."""
    con.execute("create or replace temp table __repeated as select _key from __stage group by _key having count(*) > 1")
    if _count(con, "__repeated"):
        if unread and _count(
            con,
            f"(select 1 from {unread} join __stage using (position) where _key in (from __repeated) and not json_valid(payload))",
        ):
            raise NeedsCare
        con.execute(
            "delete from __stage where _key in (from __repeated) and position not in "
            "(select max(position) from __stage where _key in (from __repeated) group by _key)"
        )


def lines_of(paths: Sequence[Path], longest_line: int) -> str:
    """Spool files as a relation (payload, key, hash, position): nothing in a line is a quote or an escape."""
    size = max(_SMALLEST_BUFFER, longest_line)
    files = ", ".join(literal(str(path)) for path in paths)
    return (
        f"read_csv([{files}], auto_detect=false, header=false, delim='\\t', quote='', escape='', new_line='\\n', nullstr='', "
        "columns={'payload': 'VARCHAR', 'key': 'VARCHAR', 'hash': 'VARCHAR', 'position': 'BIGINT'}, "
        f"max_line_size={size})"
    )


def key_of(stream: Stream) -> str:
    """The key of a record in `payload`, as SQL that fails on what is no JSON; NULL (a lone part: '') when it is missing."""
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
