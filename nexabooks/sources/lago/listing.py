"""A whole list, read page by page until it is sure that no row slipped between two pages.

Offset paging over a living list shifts: a new row shows its neighbour twice, a deleted one hides its neighbour. So a
reading counts only when no row came twice, the last page's own total equals the rows, and page 1 asked again is still
the same; otherwise the list is read again. Lago keeps the totals of invoices and fees for up to 30 minutes (facts: lago
"Paging"), so there a total that is too high proves nothing, and two equal readings in a row must do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nexabooks.errors import LoadRefused, TransientError
from nexabooks.sources.lago.api import LagoApi

READINGS = 6
CACHED_TOTALS = ("invoices", "fees")


@dataclass(frozen=True, slots=True)
class Listing:
    """Every row of a list once. `basis`: "source" when Lago's own total agreed, "wire" when only counting can tell."""

    bodies: tuple[bytes, ...]
    ids: tuple[str, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class _Reading:
    bodies: tuple[bytes, ...]
    ids: tuple[str, ...]
    total_count: int
    is_page_1_the_same: bool

    @property
    def has_repeats(self) -> bool:
        return len(set(self.ids)) != len(self.ids)

    @property
    def is_proven(self) -> bool:
        return not self.has_repeats and self.total_count == len(self.ids) and self.is_page_1_the_same


def read_list(api: LagoApi, plural: str, filters: Sequence[tuple[str, str]] = ()) -> Listing:
    """The list `plural` whole. Raises TransientError when it never held still, LoadRefused when Lago's total, which is
    not a kept one, says twice that rows are missing."""
    before: _Reading | None = None
    for _ in range(READINGS):
        reading = _read_once(api, plural, filters)
        if reading.is_proven:
            return Listing(reading.bodies, reading.ids, "source")
        if before and before.ids == reading.ids and not reading.has_repeats:
            if plural in CACHED_TOTALS:
                return Listing(reading.bodies, reading.ids, "wire")
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
    bodies: list[bytes] = []
    ids: list[str] = []
    first = page = api.page(plural, 1, filters)
    number = 1
    while page.ids:
        bodies.append(page.body)
        ids.extend(page.ids)
        total_count = page.total_count
        if page.next_page is None:
            break
        number += 1
        page = api.page(plural, number, filters)
    if not ids:
        return _Reading((), (), page.total_count, True)
    # A list of one page is one answer, and one answer cannot shift.
    same = number == 1 or api.page(plural, 1, filters).ids == first.ids
    return _Reading(tuple(bodies), tuple(ids), total_count, same)
