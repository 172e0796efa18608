"""A whole list, read page by page until it is sure that no row slipped between two pages.

Offset paging over a living list shifts: a new row shows its neighbour twice, a deleted one hides its neighbour, and no
total tells it: the row that is gone was counted among those read, in place of the one that was hidden. So each page is cut
to begin with the last row of the page before. Where that row still stands in its place, nothing that came after it can
have slipped ahead of it. A reading counts only when every page joined so, no row came twice, the last page's own total
equals the rows, and page 1 asked again is still the same; otherwise the list is read again. Lago keeps the totals of
invoices and fees for up to 30 minutes (facts: lago "Paging"), so there a total that is too high proves nothing, and two
equal readings in a row must do: had one hidden a row, the row whose going hid it would be missing from the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nexabooks.errors import LoadRefused, TransientError
from nexabooks.sources.lago.api import PER_PAGE, LagoApi

READINGS = 6
CACHED_TOTALS = ("invoices", "fees")


@dataclass(frozen=True, slots=True)
class Listing:
    """Every row of a list once. `basis`: "source" when Lago's own total agreed, "wire" when only counting can tell."""

    rows: tuple[bytes, ...]
    ids: tuple[str, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class _Reading:
    rows: tuple[bytes, ...]
    ids: tuple[str, ...]
    total_count: int
    is_joined: bool
    is_page_1_the_same: bool

    @property
    def has_repeats(self) -> bool:
        return len(set(self.ids)) != len(self.ids)

    @property
    def is_counted(self) -> bool:
        return self.total_count == len(self.ids)

    @property
    def is_proven(self) -> bool:
        return self.is_counted and self.is_joined and self.is_page_1_the_same and not self.has_repeats


def read_list(api: LagoApi, plural: str, filters: Sequence[tuple[str, str]] = ()) -> Listing:
    """The list `plural` whole. Raises TransientError when it never held still, LoadRefused when Lago's total, which is
    not a kept one, says twice that rows are missing."""
    before: _Reading | None = None
    for _ in range(READINGS):
        reading = _read_once(api, plural, filters)
        is_again = before is not None and before.ids == reading.ids and not reading.has_repeats
        if reading.is_proven or (is_again and reading.is_counted):
            return Listing(reading.rows, reading.ids, "source")
        if is_again:
            if plural in CACHED_TOTALS:
                return Listing(reading.rows, reading.ids, "wire")
            raise LoadRefused(
                f"Lago says it has {reading.total_count} {plural} and sent {len(reading.ids)}, twice. "
                "Another attempt will not help; the rows read before stand.",
                source="lago",
                record=plural,
            )
        before = reading
    raise TransientError(
        f"Lago's list of {plural} changed during each of {READINGS} readings. Another attempt may succeed.",
        source="lago",
        record=plural,
    )


def _read_once(api: LagoApi, plural: str, filters: Sequence[tuple[str, str]]) -> _Reading:
    first = page = api.page(plural, 1, PER_PAGE, filters)
    rows, ids, is_joined = list(page.rows), list(page.ids), True
    while page.ids and page.next_page is not None:
        # A server may give fewer rows a page than it was asked for; page 1 shows how many.
        number, per_page = _next_page(len(ids), len(first.ids))
        page = api.page(plural, number, per_page, filters)
        known = len(ids) - (number - 1) * per_page
        is_joined = is_joined and known > 0 and page.ids[:known] == tuple(ids[-known:])
        if len(page.ids) <= known:  # a kept total promised more rows than there are
            break
        rows += page.rows[known:]
        ids += page.ids[known:]
    # A list of one page is one answer, and one answer cannot shift.
    same = page is first or api.page(plural, 1, PER_PAGE, filters).ids == first.ids
    return _Reading(tuple(rows), tuple(ids), page.total_count, is_joined, same)


def _next_page(read_count: int, most: int) -> tuple[int, int]:
    """Which page, of how many rows (`most` or fewer), begins at or before the last row read and reaches furthest beyond.

    Lago cuts a list into equal pages only: after 100 rows, the second page of 99 begins with row 100, and of 100 after it.
    """
    per_page = max(range(1, most + 1), key=lambda size: -(-read_count // size) * size)
    number = -(-read_count // per_page)
    if number * per_page > read_count:
        return number, per_page
    return read_count // most + 1, most  # where pages are tiny there may be none; what is read so is not joined
