"""Where no entry bears a rate, a reversal in the open period keeps the invoice date by which Odoo converts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from nexabooks.ledger.journal import MemoryJournal
from nexabooks.ledger.undo import UndoStep
from nexabooks.ledger.undo_apply import TakingBack
from tests.ledger.makers import now

ENTRY, REVERSAL = 7, 8


class Books17:
    """An Odoo 17 with one entry and its reversal in the open period; what is written is kept."""

    major_version = 17

    def __init__(self, entry_day: Any, reversal_day: Any, state: str = "draft") -> None:
        self.days = {ENTRY: entry_day, REVERSAL: reversal_day}
        self.state, self.written = state, []

    def read(self, model: str, ids: list[int], fields: list[str]) -> list[dict[str, Any]]:
        return [{"id": id, "invoice_date": self.days[id]} for id in ids]

    def all_of(self, model: str, domain: list, fields: list[str]) -> list[dict[str, Any]]:
        return [{"id": REVERSAL, "state": self.state, "date": "2026-11-20", "reversed_entry_id": [ENTRY, "INV/1"]}]

    def write_call(self, model: str, method: str, *, ids: list[int], vals: dict[str, Any]) -> None:
        self.written.append((ids, vals))


def written(books: Books17) -> list:
    step = UndoStep(
        "reverse", "lago", "in_1", "invoice", "account.move", ENTRY, ENTRY, "INV/1", "", dated_on=date(2026, 11, 20)
    )
    TakingBack([step], "", books, MemoryJournal(), "undo", now)._force_rates([step])
    return books.written


def test_it_has_the_invoice_date_of_its_entry_and_its_own_accounting_date():
    """Both in one call: the first alone would move the second."""
    assert written(Books17("1999-06-05", "2026-11-20")) == [
        ([REVERSAL], {"invoice_date": "1999-06-05", "date": "2026-11-20"})
    ]


@pytest.mark.parametrize(
    "books",
    [
        Books17("2026-11-20", "2026-11-20"),  # it is of the same day
        Books17(False, False),  # a payment's entry has none
        Books17("1999-06-05", "2026-11-20", "posted"),  # it is booked
    ],
    ids=["the same day", "no invoice", "posted"],
)
def test_nothing_else_is_written(books):
    """Nothing is to be converted otherwise."""
    assert written(books) == []
