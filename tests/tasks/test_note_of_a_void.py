"""A credit note whose invoice is void at its source is void with it: it takes nothing out of the books a second time."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from flows.daily_close import daily_close
from flows.post_approved import post_approved
from nexabooks.cli.asking import published
from nexabooks.cli.examining import apply_odoo_setup
from nexabooks.cli.planning import approve_plan, planned
from nexabooks.sandbox.making import item, utc
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.sandbox.traps_making import credit_note_id, credited, invoice_id, of_lago
from nexabooks.sandbox.traps_people import PLAIN
from nexabooks.sandbox.world import Invoice, World
from nexabooks.settings import load_settings
from tests.closes import without_expectations

# 226.00 each, paid at Lago. LATER: its note comes with the void. BEFORE: 56.50 were credited, and the rest voided afterwards.
# NEVER: void with its note when it was first read. The notes gave the customer credit.
NAMES = LATER, BEFORE, NEVER = "note-with-the-void", "note-before-the-void", "void-from-the-first"
PAID = {name: of_lago(name, [item("Chat plan", 20000)]) for name in NAMES}


def credited_all(name: str) -> Invoice:
    return credited(PAID[name], f"lago-{name}", 20000, 2600)


def credited_part(name: str) -> Invoice:
    return credited(PAID[name], f"lago-{name}", 5000, 650)


def voided(invoice: Invoice) -> Invoice:
    """As Lago voids an invoice whose payment it has: it keeps the payment, and the note its credit."""
    return replace(invoice, status="voided", voided_at=utc("2026-06-01T08:00"))


FIRST = (PAID[LATER], credited_part(BEFORE), voided(credited_all(NEVER)))
SECOND = (voided(credited_all(LATER)), voided(credited_part(BEFORE)), FIRST[2])


def ask(sql: str) -> list[dict[str, Any]]:
    return published(load_settings(), sql)


def state(box: Sandbox) -> dict[str, Any]:
    """What stands posted in Odoo by the type of the entry (a reversal is a refund, and that of a note an invoice), the revenue
    of all families, the verdicts of the notes, and which differences are told of which document."""
    (sums,) = ask("select sum(invoiced_minor) as invoiced, sum(credited_minor) as credited from finance.family_revenue")
    notes = ask("select source_invoice_id, verdict, verdict_reason from finance.invoices where kind = 'credit_note'")
    breaks = ask("select class, source_invoice_id, break_key from finance.breaks")
    return {
        "posted": {move_type: total for (move_type, _), total in box.odoo.totals()["posted"].items()},
        "revenue": (int(sums["invoiced"] or 0), int(sums["credited"] or 0)),
        "notes": {note["source_invoice_id"]: (note["verdict"], note["verdict_reason"]) for note in notes},
        "breaks": sorted((b["class"], NAME_OF[b["source_invoice_id"]]) for b in breaks),
    }


NAME_OF = {invoice_id("lago", name): f"invoice {name}" for name in NAMES} | {
    credit_note_id(f"lago-{name}"): f"note {name}" for name in NAMES
}


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """The books after the first day, after the second, and after a person approved what the plan then proposed; with the
    proposals under `proposed`."""
    home = tmp_path_factory.mktemp("note")
    with pytest.MonkeyPatch.context() as patch:
        without_expectations(patch)
        world = World("first", utc("2026-06-01T10:00"), users=(PLAIN,), invoices=FIRST)
        with Sandbox(world, home / "world") as box:
            for name, value in (box.environment() | {"NEXABOOKS_HOME": str(home / "home")}).items():
                patch.setenv(name, value)
            apply_odoo_setup()
            daily_close.fn()
            found = {"first": state(box)}
            box.show(replace(world, now=utc("2026-06-02T10:00"), invoices=SECOND))
            patch.setenv("NEXABOOKS_CLOCK", box.world.now.isoformat())
            daily_close.fn()
            found["second"] = state(box)
            plan = planned("", quiet=True)[0].to_dict()
            approve_plan(plan["hash"], by="A. Accountant", note="voided at Lago")
            assert post_approved.fn(plan["hash"]).exit_code == 0
            found["approved"] = state(box)
            found["proposed"] = sorted(
                NAME_OF[a["source_invoice_id"]] for a in plan["actions"] if a["verb"] == "correct"
            )
    return found


def test_a_note_of_a_void_invoice_is_void_and_says_of_which(states):
    """Whenever it came, and however much of it: the reason names the invoice."""
    assert {id: verdict for id, (verdict, _) in states["second"]["notes"].items()} == {
        credit_note_id(f"lago-{name}"): "void" for name in NAMES
    }
    assert states["second"]["notes"][credit_note_id(f"lago-{NEVER}")][1] == (
        f"its invoice NEX-{NEVER} is void at Lago since 2026-06-01: there is nothing left that it takes back"
    )


def test_it_takes_nothing_out_of_revenue_that_is_not_in_it(states):
    """At first two invoices count and a part of one is credited; when all are void, nothing is left on either side."""
    assert states["first"]["revenue"] == (40000, 5000)
    assert states["second"]["revenue"] == (0, 0)


def test_it_is_not_posted_beside_the_reversal_of_its_invoice(states):
    """The second day posts nothing. Then the three entries of the first day are reversed, once each, and nothing stands of them."""
    first = {"out_invoice": Decimal("452.00"), "out_refund": Decimal("56.50")}
    assert states["first"]["posted"] == states["second"]["posted"] == first
    assert states["proposed"] == [f"invoice {BEFORE}", f"invoice {LATER}", f"note {BEFORE}"]
    assert states["approved"]["posted"] == {"out_invoice": Decimal("508.50"), "out_refund": Decimal("508.50")}


def test_the_money_of_void_documents_is_a_persons(states):
    """What was booked before stands open; the payment of an invoice that never was in the books, and the credit of its note, are not
    booked; nothing else is left to look at."""
    booked = [f"invoice {BEFORE}", f"invoice {LATER}", f"note {BEFORE}"]
    unbooked = [f"invoice {NEVER}", f"note {LATER}", f"note {NEVER}"]
    assert states["approved"]["breaks"] == sorted(
        [("payment_of_void", name) for name in booked] + [("payment_not_booked", name) for name in unbooked]
    )
