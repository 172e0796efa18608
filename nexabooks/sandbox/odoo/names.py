"""The names in the journals, kept in order, so that the next one is found without looking at every entry (facts: "Invoice
numbers"). Which name the next one continues is Odoo's rule, form by form; only the looking is quicker."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from nexabooks.sandbox.odoo import sequences
from nexabooks.sandbox.odoo.store import Row

if TYPE_CHECKING:
    from nexabooks.sandbox.odoo.env import Env


class Shelf(NamedTuple):
    """What named entries have in common when the same next name can follow on any of them."""

    is_refund: bool
    is_payment: bool
    reset: str
    prefix: str
    year: int
    month: int


@dataclass(slots=True)
class Shelved:
    """The entries of one shelf in the orders in which they are looked for; each list ascends."""

    ids: list[int] = field(default_factory=list)
    by_day: list[tuple[str, int]] = field(default_factory=list)
    by_number: list[tuple[int, int]] = field(
        default_factory=list
    )  # (number, minus id): of equal numbers the older is last

    def lists(self, row: Row) -> Iterator[tuple[list[Any], object]]:
        yield self.ids, row["id"]
        yield self.by_day, (row["date"], row["id"])
        yield self.by_number, (row["sequence_number"], -row["id"])

    def put(self, row: Row) -> None:
        for kept, place in self.lists(row):
            insort(kept, place)

    def take(self, row: Row) -> None:
        for kept, place in self.lists(row):
            del kept[bisect_left(kept, place)]


class Names:
    """The named entries of every journal. The table of entries tells it of each change, also of one that is undone."""

    def __init__(self) -> None:
        self._journals: dict[int, dict[Shelf, Shelved]] = defaultdict(dict)

    def clear(self) -> None:
        self._journals.clear()

    def change(self, old: Row | None, new: Row | None) -> None:
        before, after = (_facts(row) if row and row["name"] and row["name"] != "/" else None for row in (old, new))
        if before == after:
            return
        if before and old:
            journal = self._journals[old["journal_id"]]
            shelf = _shelf(old)
            journal[shelf].take(old)
            if not journal[shelf].ids:
                del journal[shelf]
        if after and new:
            self._journals[new["journal_id"]].setdefault(_shelf(new), Shelved()).put(new)

    def shelves(self, journal: Row, *, is_refund: bool, is_payment: bool) -> dict[Shelf, Shelved]:
        """Those that are counted together: credit notes and payments apart where the journal says so."""
        return {
            shelf: shelved
            for shelf, shelved in self._journals[journal["id"]].items()
            if (journal["refund_sequence"] and shelf.is_refund, journal["payment_sequence"] and shelf.is_payment)
            == (journal["refund_sequence"] and is_refund, journal["payment_sequence"] and is_payment)
        }


def _facts(row: Row) -> tuple[Any, ...]:
    names = ("name", "date", "journal_id", "move_type", "origin_payment_id", "sequence_prefix", "sequence_number")
    return tuple(row[name] for name in names)


def _shelf(row: Row) -> Shelf:
    day, reset = row["date"], sequences.form_of(row["name"]).reset
    is_refund, is_payment = row["move_type"] in sequences.REFUNDS, bool(row["origin_payment_id"])
    return Shelf(is_refund, is_payment, reset, row["sequence_prefix"], int(day[:4]), int(day[5:7]))


def form_in_journal(env: Env, move: Row, name: str) -> sequences.Form:
    """What Odoo sees in a name of the entry's journal."""
    return sequences.journal_form(name, env.row("account.journal", move["journal_id"])["sequence_override_regex"])


def last_name(env: Env, move: Row, *, is_relaxed: bool) -> str | None:
    """The name that the next one continues: the highest number under the prefix of the newest record, in the same period."""
    table, id = env["account.move"].table, move["id"]
    journal = env.row("account.journal", move["journal_id"])
    is_refund, is_payment = move["move_type"] in sequences.REFUNDS, bool(move["origin_payment_id"])
    found = env.registry.names.shelves(journal, is_refund=is_refund, is_payment=is_payment)
    found = {shelf: held for shelf, held in found.items() if held.ids != [id]}
    if found and not is_relaxed:
        # A shelf notes what a name looks like; a journal that says how its names are read counts them all together.
        resets = {shelf: "never" if journal["sequence_override_regex"] else shelf.reset for shelf in found}
        reset = resets[_nearest(found, move)]
        finer = {"month": (), "year": ("month",), "never": ("month", "year")}[reset]
        day = date.fromisoformat(move["date"])
        found = {
            shelf: held
            for shelf, held in found.items()
            if sequences.same_period(reset, date(shelf.year, shelf.month, 1), day) and resets[shelf] not in finer
        }
    if not found:
        return None
    # Of the last two places at most one is its own.
    prefix = max((max(i for i in held.ids[-2:] if i != id), shelf.prefix) for shelf, held in found.items())[1]
    _, minus_id = max(
        max(place for place in held.by_number[-2:] if -place[1] != id)
        for shelf, held in found.items()
        if shelf.prefix == prefix
    )
    return str(table.rows[-minus_id]["name"])


def _nearest(found: dict[Shelf, Shelved], move: Row) -> Shelf:
    """Where the entry stands that is the last until the day of `move`, or else the first after it."""
    earlier, later = [], []
    for shelf, held in found.items():
        until = bisect_right(held.by_day, (move["date"], 1 << 62))
        before = [place for place in held.by_day[max(0, until - 2) : until] if place[1] != move["id"]]
        after = [place for place in held.by_day[until : until + 2] if place[1] != move["id"]]
        earlier += [(before[-1], shelf)] if before else []
        later += [(after[0], shelf)] if after else []
    return max(earlier)[1] if earlier else min(later)[1]


def next_name(env: Env, move: Row) -> str:
    """The next free name for `move`."""
    day = date.fromisoformat(move["date"])
    journal = env.row("account.journal", move["journal_id"])
    is_refund = journal["refund_sequence"] and move["move_type"] in sequences.REFUNDS
    is_payment = journal["payment_sequence"] and bool(move["origin_payment_id"])
    key = (journal["id"], is_refund, is_payment, day.year, day.month)
    last = env.names_given.get(key) or last_name(env, move, is_relaxed=False)
    if last:
        form, opens, count = form_in_journal(env, move, last), None, sequences.split(last)[1]
    else:
        start = last_name(env, move, is_relaxed=True) or sequences.starting_name(
            journal["code"], journal["type"], move["move_type"], is_payment, day, journal["refund_sequence"]
        )
        form, opens, count = form_in_journal(env, move, start), day, 0
    table = env["account.move"].table
    while True:
        count += 1
        name = form.with_number(count, opens)
        if not any(
            table.rows[i]["state"] == "posted" and table.rows[i]["journal_id"] == move["journal_id"]
            for i in table.having("name", name)
        ):
            break
    env.names_given[key] = name
    return name
