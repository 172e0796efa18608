"""All rows of a query, and the proof that none is missing.

vTiger sends at most 100 rows and says nothing about the rest (facts: vtiger "Rows and paging"). So every reading goes by
the last id seen (a keyset, which does not shift when rows change), falls back to offsets where a server does not honour
that, and is held against `count(*)`, asked before and, when it took more than one answer, also after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nexabooks.clients.http import Answer
from nexabooks.errors import LoadRefused, SourceContractBroken, TransientError
from nexabooks.sources.vtiger.errors import QueryRefused

PAGE_SIZE = 100
READINGS = 4

# Sends one query without its closing semicolon, and says what it is for in errors.
Ask = Callable[[str, str], Answer]


@dataclass(frozen=True, slots=True)
class Rows:
    """Every row of one query: the bodies as they came (rows at "result") and the rows themselves, all text."""

    bodies: tuple[bytes, ...]
    rows: tuple[dict[str, str], ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The record ids, in the order of the page."""
        return tuple(row["id"] for row in self.rows)


class _NoKeyset(Exception):
    """This server does not page by the last id."""


def count(ask: Ask, module: str, where: str = "") -> int:
    """How many rows the server says there are."""
    answer = ask(f"SELECT count(*) FROM {module}{f' WHERE {where}' if where else ''}", f"the count of {module}")
    result = answer.parsed()["result"]
    try:
        return int(result[0]["count"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise SourceContractBroken(
            f"vTiger answered the count of {module} without a number.", source="vtiger"
        ) from None


def read_all(ask: Ask, module: str, prefix: str, *, where: str = "", columns: str = "*") -> Rows:
    """Every row of `module` (ids `prefix`x…) that `where` holds for. `where` may use AND only.

    Raises LoadRefused when rows are missing and the count stands still: the server cuts its answers or hides rows.
    Raises TransientError when the count never stood still.
    """
    read = _by_keyset
    before = after = received = 0
    for _ in range(READINGS):
        before = count(ask, module, where)
        if before == 0:
            return Rows((), ())
        try:
            found = read(ask, module, prefix, where, columns, before)
        except (_NoKeyset, QueryRefused):
            if read is _by_offset:
                raise
            read = _by_offset
            continue
        after = before if len(found.bodies) == 1 else count(ask, module, where)
        received = len(set(found.ids))
        if before == after == received == len(found.rows):
            return found
    if before == after:
        raise LoadRefused(
            f"vTiger counts {after} records of {module} and sent {received}. Another attempt will not help; the rows read "
            "before stand. Its administrator must look (a page limit, or records without a readable owner).",
            source="vtiger",
            record=module,
        )
    raise TransientError(
        f"vTiger's {module} changed during each of {READINGS} readings. Another attempt may succeed.",
        source="vtiger",
        record=module,
    )


def number_of(id: str) -> int:
    """The record's own number: 155 of 17x155."""
    return int(id.partition("x")[2])


def _by_keyset(ask: Ask, module: str, prefix: str, where: str, columns: str, expected: int) -> Rows:
    bodies: list[bytes] = []
    rows: list[dict[str, str]] = []
    last = 0
    narrowed = f"{where} AND " if where else ""
    while len(rows) < expected:
        text = f"SELECT {columns} FROM {module} WHERE {narrowed}id > '{prefix}x{last}' ORDER BY id LIMIT 0,{PAGE_SIZE}"
        answer = ask(text, f"{module} after {prefix}x{last}")
        page = _rows_of(answer, module)
        if not page:
            break
        numbers = [number_of(row["id"]) for row in page]
        if numbers[0] <= last or numbers != sorted(set(numbers)):
            raise _NoKeyset
        last = numbers[-1]
        bodies.append(answer.body)
        rows.extend(page)
    return Rows(tuple(bodies), tuple(rows))


def _by_offset(ask: Ask, module: str, prefix: str, where: str, columns: str, expected: int) -> Rows:
    bodies: list[bytes] = []
    rows: list[dict[str, str]] = []
    condition = f" WHERE {where}" if where else f" WHERE id > '{prefix}x0'"  # a related query needs a WHERE
    while len(rows) < expected:
        text = f"SELECT {columns} FROM {module}{condition} ORDER BY id LIMIT {len(rows)},{PAGE_SIZE}"
        answer = ask(text, f"{module} from row {len(rows)}")
        page = _rows_of(answer, module)
        if not page:
            break
        bodies.append(answer.body)
        rows.extend(page)
    return Rows(tuple(bodies), tuple(rows))


def _rows_of(answer: Answer, module: str) -> list[dict[str, str]]:
    result = answer.parsed()["result"]
    if not isinstance(result, list) or not all(isinstance(r, dict) and "x" in str(r.get("id")) for r in result):
        raise SourceContractBroken(f"vTiger answered {module} without a list of records with ids.", source="vtiger")
    return result
