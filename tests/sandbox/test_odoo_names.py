"""The next name of a journal, found in the kept orders, is the one that a look at every entry finds."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from nexabooks.sandbox.odoo import sequences
from nexabooks.sandbox.odoo.names import Names, last_name
from nexabooks.sandbox.odoo.store import Row, Store, Table

NAMES = ("INV/2026/{}", "RINV/2026/{}", "INV/2025/{}", "B/2026/05/{}", "B/2026/06/{}", "X-{}", "PAY{}", "/", "")
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.integers(1, 12),
        st.integers(0, 500),  # days since the start of 2025
        st.sampled_from(["out_invoice", "out_refund"]),
        st.sampled_from([False, 7]),
        st.sampled_from(["", "", "renamed", "deleted", "undone"]),
    ),
    max_size=12,
)


def plain(rows: list[Row], journal: Row, move: Row, *, is_relaxed: bool) -> str | None:
    """Odoo's rule, over all entries."""

    def family(row: Row) -> tuple:
        is_refund = journal["refund_sequence"] and row["move_type"] in sequences.REFUNDS
        return is_refund, journal["payment_sequence"] and bool(row["origin_payment_id"])

    def form(row: Row) -> sequences.Form:
        return sequences.journal_form(row["name"], journal["sequence_override_regex"])

    rows = [r for r in rows if r["id"] != move["id"] and r["name"] not in ("", "/") and family(r) == family(move)]
    if rows and not is_relaxed:
        earlier = [r for r in rows if r["date"] <= move["date"]]
        near = (max if earlier else min)(earlier or rows, key=lambda r: (r["date"], r["id"]))
        reset = form(near).reset
        finer = {"month": (), "year": ("month",), "never": ("month", "year")}[reset]
        day = date.fromisoformat(move["date"])
        rows = [
            r
            for r in rows
            if sequences.same_period(reset, date.fromisoformat(r["date"]), day) and form(r).reset not in finer
        ]
    if not rows:
        return None
    prefix = max(rows, key=lambda r: r["id"])["sequence_prefix"]
    return max((r for r in rows if r["sequence_prefix"] == prefix), key=lambda r: r["sequence_number"])["name"]


@given(entries=ENTRIES, are_apart=st.booleans(), is_restored=st.booleans(), is_one_count=st.booleans())
def test_the_last_name_is_the_one_that_a_look_at_all_entries_finds(entries, are_apart, is_restored, is_one_count):
    """Whatever was renamed, deleted, undone or restored meanwhile, and for each entry itself."""
    journal = {"id": 1, "refund_sequence": are_apart, "payment_sequence": are_apart}
    journal["sequence_override_regex"] = sequences.OVERRIDE if is_one_count else False
    store, names = Store(), Names()
    table = store.add_table("account.move", [])
    table.follow(names)
    for form, number, days, move_type, payment_id, fate in entries:
        row = {"journal_id": 1, "move_type": move_type, "origin_payment_id": payment_id}
        row["date"] = (date(2025, 1, 1) + timedelta(days=days)).isoformat()
        mark = store.mark()
        id = table.insert(row | _named(form.format(number)))
        if fate == "renamed":
            table.update(id, _named(f"INV/2026/{number + 1}"))
        elif fate == "deleted":
            table.delete(id)
        elif fate == "undone":
            store.undo_to(mark)
    if is_restored:
        store.take(store.image())
    env = Surroundings(journal, table, names)
    held = list(table.rows.values())
    new = {"id": 99, "journal_id": 1, "date": "2026-05-20", "move_type": "out_refund", "origin_payment_id": False}
    for move in (*held, new):
        for is_relaxed in (False, True):
            found = last_name(env, move, is_relaxed=is_relaxed)
            assert found == plain(held, journal, move, is_relaxed=is_relaxed)


class Surroundings(dict):
    """As much of a call's surroundings as the names ask for."""

    def __init__(self, journal: Row, table: Table, names: Names) -> None:
        super().__init__({"account.move": SimpleNamespace(table=table)})
        self.journal, self.registry = journal, SimpleNamespace(names=names)

    def row(self, model: str, id: int) -> Row:
        return self.journal


def _named(name: str) -> Row:
    prefix, number = sequences.split(name) if name else (False, 0)
    return {"name": name, "sequence_prefix": prefix, "sequence_number": number}
