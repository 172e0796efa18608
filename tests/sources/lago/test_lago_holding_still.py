"""A list of Lago that moves while it is read, without a server: whatever shifts, a row that was there throughout is read."""

from __future__ import annotations

from random import Random

import pytest

from nexabooks.errors import LoadRefused, TransientError
from nexabooks.sources.lago import listing
from nexabooks.sources.lago.api import Page
from nexabooks.sources.lago.listing import read_list


class MovingList:
    """Rows "0", "1", ... in an order; before each page some may go and some may come in, as `shifts` says (how many)."""

    def __init__(self, row_count: int, random: Random, shifts: dict[int, int], *, most: int = 100) -> None:
        self.rows = [str(n) for n in range(row_count)]
        self.lasting = set(self.rows)
        self.random, self.shifts, self.most = random, shifts, most
        self.call_count = 0
        self.kept_total = 0

    def page(self, plural: str, page: int, per_page: int, filters: object) -> Page:
        for _ in range(self.shifts.get(self.call_count, 0)):
            if self.random.random() < 0.5:
                self.lasting.discard(self.rows.pop(self.random.randrange(len(self.rows))))
            else:
                self.rows.insert(self.random.randrange(len(self.rows)), f"new {self.random.random()}")
        self.call_count += 1
        per_page = min(per_page, self.most)
        total = len(self.rows)
        if plural == "invoices":  # kept, and believed while it is larger than what was paged past
            self.kept_total = self.kept_total or total
            total = self.kept_total if self.kept_total > page * per_page else total
        shown = tuple(self.rows[(page - 1) * per_page : page * per_page])
        has_more = bool(shown) and page * per_page < total
        return Page(tuple(row.encode() for row in shown), shown, page + 1 if has_more else None, total if shown else 0)


@pytest.mark.parametrize("plural", ["payments", "invoices"])
def test_a_row_that_was_there_throughout_is_read_however_the_list_shifts(monkeypatch, plural):
    """Rows go and come between any two pages, often as many as came, so that no total tells of it."""
    monkeypatch.setattr(listing, "PER_PAGE", 5)
    proven_count = 0
    for seed in range(300):
        random = Random(seed)
        shifts = {call: random.choice((1, 2, 2, 4)) for call in random.sample(range(12), random.randrange(1, 5))}
        api = MovingList(random.randrange(11, 40), random, shifts)
        try:
            landed = read_list(api, plural)
        except (TransientError, LoadRefused):
            continue  # it says so, and the rows read before stand
        proven_count += 1
        assert set(landed.ids) >= api.lasting, seed
        assert len(set(landed.ids)) == len(landed.ids), seed
        assert [row.decode() for row in landed.rows] == list(landed.ids), seed
    assert proven_count > 100


@pytest.mark.parametrize(("row_count", "call_count"), [(0, 1), (100, 1), (101, 3), (300, 5), (1000, 12), (10_000, 115)])
def test_a_list_that_holds_still_costs_hardly_more_calls_than_it_has_pages(row_count, call_count):
    """One more for page 1 again, and one in ten for the rows by which the pages join."""
    api = MovingList(row_count, Random(0), {})
    assert len(read_list(api, "payments").ids) == row_count
    assert api.call_count == call_count


def test_a_server_that_gives_fewer_rows_a_page_than_asked_for_is_read_whole():
    """No bound is documented for Lago's cloud; one of 40 would be seen on page 1."""
    assert len(read_list(MovingList(333, Random(0), {}, most=40), "payments").ids) == 333
