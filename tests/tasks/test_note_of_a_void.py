"""A credit note whose invoice is void at its source is void with it: it takes nothing out of the books a second time."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from decimal import Decimal

import pytest

from flows.daily_close import daily_close
from flows.post_approved import post_approved
from nexabooks.cli.asking import published
from nexabooks.cli.examining import apply_odoo_setup
from nexabooks.cli.planning import approve_plan, show_plan
from nexabooks.sandbox.making import item, utc
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.sandbox.traps_making import credited, of_lago
from nexabooks.sandbox.traps_people import PLAIN
from nexabooks.sandbox.world import Invoice, World
from nexabooks.settings import load_settings

PAID = of_lago("taken-back", [item("Chat plan", 20000)])
VOIDED_AT = utc("2026-06-02T12:00")


def with_note(invoice: Invoice, subtotal: int, tax: int) -> Invoice:
    """With a credit note that gave the customer credit for his next invoices."""
    return credited(invoice, "lago-note", subtotal, tax)


def voided(invoice: Invoice) -> Invoice:
    """As Lago voids an invoice whose payment it has: it keeps the payment, and the note its credit."""
    return replace(invoice, status="voided", voided_at=VOIDED_AT)


@pytest.fixture
def box(tmp_path, monkeypatch):
    """The world with nothing in it, Odoo set up."""
    with Sandbox(World("empty", utc("2026-06-01T10:00"), users=(PLAIN,)), tmp_path / "world") as box:
        for name, value in (box.environment() | {"NEXABOOKS_HOME": str(tmp_path / "home")}).items():
            monkeypatch.setenv(name, value)
        apply_odoo_setup()
        yield box


def close(box: Sandbox, invoice: Invoice, at: str) -> None:
    """The daily close at `at`, when `invoice` is as it is given."""
    box.show(World("note-of-a-void", utc(at), users=(PLAIN,), invoices=(invoice,)))
    os.environ |= {"NEXABOOKS_CLOCK": box.world.now.isoformat()}  # `box` puts back what was there
    assert daily_close.fn().exit_code == 0


def ask(sql: str) -> list[dict]:
    return published(load_settings(), sql)


def verdicts() -> dict[str, str]:
    return {row["kind"]: row["verdict"] for row in ask("select kind, verdict from finance.invoices")}


def revenue() -> tuple[int, int]:
    """Of all months and families: (invoiced, credited)."""
    (row,) = ask(
        "select coalesce(sum(invoiced_minor), 0) as a, coalesce(sum(credited_minor), 0) as b from finance.family_revenue"
    )
    return row["a"], row["b"]


def posted(box: Sandbox) -> dict[str, Decimal]:
    """What stands posted in Odoo, by the type of the entry; reversals are out_refund too, and those of notes out_invoice."""
    return {move_type: total for (move_type, _), total in box.odoo.totals()["posted"].items()}


def approved(capsys) -> list[str]:
    """A person approves the plan of now, and it is carried out: the kinds of the entries that it proposed to correct."""
    capsys.readouterr()
    show_plan(as_json=True)
    document = json.loads(capsys.readouterr().out)
    proposed = sorted(action["kind"] for action in document["actions"] if action["verb"] == "correct")
    approve_plan(document["hash"], by="A. Accountant", note="voided at Lago")
    assert post_approved.fn(document["hash"]).exit_code == 0
    return proposed


def test_a_note_that_comes_with_the_void_is_not_posted_beside_the_reversal(box, capsys):
    """Lago voids a posted invoice with a credit note: the reversal of the invoice takes all of it back, once."""
    close(box, PAID, "2026-06-01T10:00")
    assert (posted(box), revenue()) == ({"out_invoice": Decimal("226.00")}, (20000, 0))
    close(box, voided(with_note(PAID, 20000, 2600)), "2026-06-02T14:00")
    assert verdicts() == {"invoice": "void", "credit_note": "void"}
    assert (posted(box), revenue()) == ({"out_invoice": Decimal("226.00")}, (0, 0))
    assert approved(capsys) == ["invoice"]
    assert posted(box) == {"out_invoice": Decimal("226.00"), "out_refund": Decimal("226.00")}


def test_a_note_that_was_posted_before_the_void_is_taken_back_with_its_invoice(box, capsys):
    """56.50 were credited of an invoice that was voided afterwards: both entries are reversed, and nothing stands of either."""
    close(box, with_note(PAID, 5000, 650), "2026-06-01T10:00")
    assert posted(box) == {"out_invoice": Decimal("226.00"), "out_refund": Decimal("56.50")}
    assert revenue() == (20000, 5000)
    close(box, voided(with_note(PAID, 5000, 650)), "2026-06-02T14:00")
    changed = ask(
        "select split_part(break_key, '|', 4) as kind from finance.breaks where class = 'changed_after_posting'"
    )
    assert sorted(row["kind"] for row in changed) == ["credit_note", "invoice"]
    assert approved(capsys) == ["credit_note", "invoice"]
    assert posted(box) == {"out_invoice": Decimal("282.50"), "out_refund": Decimal("282.50")}
    assert revenue() == (0, 0)


def test_a_note_of_an_invoice_that_was_void_from_the_first_is_never_posted(box):
    """What was never in the books is not taken out of them; that its credit is not booked is said."""
    close(box, voided(with_note(PAID, 20000, 2600)), "2026-06-02T14:00")
    assert (posted(box), revenue()) == ({}, (0, 0))
    (row,) = ask("select verdict_reason from finance.invoices where kind = 'credit_note'")
    assert row["verdict_reason"] == (
        "its invoice NEX-taken-back is void at Lago since 2026-06-02: there is nothing left that it takes back"
    )
    unbooked = ask("select source_minor from finance.breaks where class = 'payment_not_booked'")
    assert [row["source_minor"] for row in unbooked] == [22600, 22600]  # the payment, and the credit that the note gave
