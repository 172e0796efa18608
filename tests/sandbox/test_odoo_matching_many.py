"""Many pairs in one call: `load` of `reconciled_lines_ids` matches each line with its own partner, and no other.

Run on a real Odoo 19.0 Community by a billing user: full, partial, foreign currency, again, and against a settled line.
"""

from __future__ import annotations

import pytest

from nexabooks.sandbox.odoo.asking import Refused
from nexabooks.sandbox.odoo.practice import Practice

SETTLED = "You are trying to reconcile some entries that are already reconciled."


@pytest.fixture
def books():
    return Practice()


def money(books: Practice, amount: int, day: str = "2026-10-12") -> int:
    """The entry of a posted payment."""
    vals = {"payment_type": "inbound", "partner_type": "customer", "partner_id": books.partner, "amount": amount}
    ids = books.ask("account.payment", "create", vals_list=[{**vals, "date": day, "journal_id": books.bank}])
    books.ask("account.payment", "action_post", ids=ids)
    return books.ask("account.payment", "read", ids=ids, fields=["move_id"], load=None)[0]["move_id"]


def match(books: Practice, *pairs: tuple[int, int]) -> dict:
    rows = [[str(books.due_line(one)), str(books.due_line(other))] for one, other in pairs]
    return books.ask("account.move.line", "load", fields=[".id", "reconciled_lines_ids/.id"], data=rows)


def test_each_line_meets_its_own_partner(books):
    """Not the earliest due, as in one `reconcile` over all of them."""
    later, sooner = (
        books.posted(books.line(100, None)),
        books.posted(books.line(70, None), invoice_date_due="2026-10-06"),
    )
    for_later, for_sooner = money(books, 100), money(books, 50, "2026-10-20")
    assert match(books, (for_later, later), (for_sooner, sooner))["ids"]
    assert books.move(later, "payment_state", "amount_residual") == ("paid", 0)
    assert books.move(sooner, "payment_state", "amount_residual") == ("partial", 20)
    assert match(books, (for_later, later), (for_sooner, sooner))["ids"]  # the same again changes nothing
    assert books.move(sooner, "amount_residual") == 20


def test_a_settled_line_takes_no_second_partner(books):
    """The whole call is refused, and nothing of it stands."""
    paid, open_one = books.posted(books.line(100, None)), books.posted(books.line(70, None))
    assert match(books, (money(books, 100), paid))["ids"]
    second = money(books, 100)
    answer = match(books, (money(books, 70), open_one), (second, paid))
    assert answer["ids"] is False
    assert {m["message"] for m in answer["messages"]} == {SETTLED}
    assert books.move(open_one, "payment_state") == "not_paid"
    with pytest.raises(Refused, match=SETTLED):
        books.ask("account.move.line", "reconcile", ids=[books.due_line(second), books.due_line(paid)])
