"""What Odoo holds already under no source's id is found before an invoice is made or posted, and a person is told what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from nexabooks.ledger import make_plan, read_present
from nexabooks.ledger.plan import Plan
from nexabooks.ledger.present import Present
from nexabooks.ledger.twins import Twin
from tests.ledger.makers import DAY, a_note, an_invoice, applied, desired_of, move_of, present_of

INVOICE = an_invoice()
PAID = an_invoice(paid_minor=11_300)
NOTE = a_note(INVOICE, invoice_number=INVOICE.invoice_number)
TWIN = Twin(12, "INV/2026/00007", "posted", "not_paid", DAY, 11_300, "CAD")
OTHERWISE = "if it is another document, change its reference"


def parked(present: Present, invoice=INVOICE) -> list[str]:
    """Why it is parked, when that is all that is planned of it."""
    plan = make_plan(desired_of(invoice), present, mode="post", run_id="r1")
    assert [a.verb for a in plan.actions if a.kind != "partner"] == ["park"]
    return [a.reason for a in plan.of("park")]


SAYS = {
    "posted, equal and unpaid": (
        {},
        "INV/2026/00007 (entry 12) has the same number, day and amount and no source's id. Cancel or reverse that entry, "
        "or let it count by writing stripe and in_1 into its x_fc_source_system and x_fc_source_invoice_id",
    ),
    "paid by hand, so its money would be booked a second time": (
        {"payment_state": "paid"},
        "INV/2026/00007 (entry 12) has the same number, day and amount and no source's id. Cancel or reverse that entry",
    ),
    "of another day": (
        {"invoiced_on": date(2026, 10, 6)},
        "INV/2026/00007 (entry 12) has the same number and amount, of 2026-10-06, and no source's id. Cancel or reverse that entry",
    ),
    "over another amount": (
        {"total_minor": 11_299},
        "INV/2026/00007 (entry 12) has the same number and day, over 112.99 CAD, and no source's id. Cancel or reverse that entry",
    ),
    "a draft without a day": (
        {"state": "draft", "name": "", "invoiced_on": None},
        "a draft (entry 12) has the same number and amount, of no day, and no source's id. Delete that draft",
    ),
}


@pytest.mark.parametrize(("changes", "says"), SAYS.values(), ids=SAYS.keys())
def test_an_invoice_with_a_twin_waits_and_the_twin_is_named(changes, says):
    """With what a person may do about it, and only what is safe."""
    present = present_of(twins={INVOICE.key: replace(TWIN, **changes)})
    assert parked(present) == [f"Odoo seems to hold it already: {says}; {OTHERWISE}"]


def test_a_draft_of_ours_beside_a_twin_is_not_posted_and_no_second_entry_with_our_ids_is_proposed():
    """Both with the same ids would be one invoice twice."""
    present = present_of((INVOICE, move_of(INVOICE, state="draft")), twins={INVOICE.key: TWIN})
    (said,) = parked(present)
    assert "x_fc_" not in said


# Against the pretend Odoo


@pytest.fixture
def by_hand(client):
    """Makes an entry as a person would: no id of ours, the number in its reference; posted unless it is to stay a draft."""
    books = read_present(client, desired_of()).books
    account_id, tax_id = books.accounts["NCR.HOSTIN"].account_id, books.taxes["hst_sale_tax_13"].tax_id
    partner_id = client.write_call("res.partner", "create", vals_list=[{"name": "Acme, by hand"}])[0]

    def make(price: str = "100", *, is_posted: bool = True, **vals) -> int:
        line = {
            "name": "Hosting",
            "price_unit": Decimal(price),
            "account_id": account_id,
            "tax_ids": [[6, 0, [tax_id]]],
        }
        one = {
            "move_type": "out_invoice",
            "partner_id": partner_id,
            "invoice_date": DAY.isoformat(),
            "ref": INVOICE.invoice_number,
            "invoice_line_ids": [[0, 0, line]],
        }
        ids = client.write_call("account.move", "create", vals_list=[one | vals])
        if is_posted:
            client.write_call("account.move", "action_post", ids=ids)
        return ids[0]

    return make


def plan_of(client, *invoices) -> Plan:
    desired = desired_of(*invoices)
    return make_plan(desired, read_present(client, desired), mode="post", run_id="r1")


def verbs(client, *invoices) -> list[str]:
    return [a.verb for a in plan_of(client, *invoices).actions if a.kind != "partner"]


LATER = {"invoice_date": (DAY + timedelta(days=1)).isoformat()}
ENTRIES = {
    "of the same day and amount": ({}, ["park"]),
    "of the same amount, another day": (LATER, ["park"]),
    "of the same day, another amount": ({"price": "99.99"}, ["park"]),
    "a draft": ({"is_posted": False}, ["park"]),
    "of another day and amount, as a customer's own order number may be": (
        LATER | {"price": "99.99"},
        ["create", "post"],
    ),
    "of another number": ({"ref": "N-in_2"}, ["create", "post"]),
    "a credit note with the invoice's number": ({"move_type": "out_refund"}, ["create", "post"]),
}


@pytest.mark.parametrize(("made", "expected"), ENTRIES.values(), ids=ENTRIES.keys())
def test_the_number_and_one_more_of_day_and_amount_make_a_twin(client, by_hand, made, expected):
    """Odoo itself would post the second entry without a word."""
    by_hand(**made)
    assert verbs(client, INVOICE) == expected


def test_a_credit_note_has_a_twin_of_its_own_kind(client, by_hand):
    """And not the invoice of the same number, day and amount."""
    note = an_invoice("cn_1", kind="credit_note", invoice_number=INVOICE.invoice_number)
    by_hand()
    assert verbs(client, note) == ["create", "post"]
    by_hand(move_type="out_refund")
    assert verbs(client, note) == ["park"]


def test_an_invoice_comes_back_by_itself_when_its_twin_counts_no_more(client, by_hand):
    """Cancelled, or reversed where a lock date lets nobody cancel."""
    twin = by_hand()
    assert verbs(client, INVOICE) == ["park"]
    client.write_call("account.move", "button_cancel", ids=[twin])
    assert verbs(client, INVOICE) == ["create", "post"]
    twin = by_hand()
    journal_id = client.read("account.move", [twin], ["journal_id"])[0]["journal_id"][0]
    vals = {"reason": "by hand", "date": DAY.isoformat(), "journal_id": journal_id, "move_ids": [[6, 0, [twin]]]}
    wizard = client.write_call("account.move.reversal", "create", vals_list=[vals])
    client.write_call("account.move.reversal", "refund_moves", ids=wizard)
    assert verbs(client, INVOICE) == ["park"]  # its reversal is a draft
    reversal = client.search_read("account.move", [["reversed_entry_id", "=", twin]], ["id"])
    client.write_call("account.move", "action_post", ids=[reversal[0]["id"]])
    assert verbs(client, INVOICE) == ["create", "post"]


@pytest.mark.parametrize("kind", [{}, {"x_fc_kind": "invoice"}], ids=["without a kind", "with it"])
def test_an_entry_that_a_person_gave_our_ids_is_the_invoices_and_its_money_is_booked(client, by_hand, kind):
    """Its kind is read from its type, as the warehouse reads it."""
    twin = by_hand()
    ids = {"x_fc_source_system": "stripe", "x_fc_source_invoice_id": "in_1"}
    client.write_call("account.move", "write", ids=[twin], vals=ids | kind)
    plan = plan_of(client, PAID)
    assert [(a.verb, a.odoo_id) for a in plan.actions if a.kind == "invoice"] == [("keep", twin)]
    assert [r.outcome for r in applied(plan, client) if r.action == "pay"] == ["done"]
    assert client.read("account.move", [twin], ["payment_state"])[0]["payment_state"] == "paid"


def test_a_credit_note_that_a_person_gave_our_ids_is_no_invoice(client, by_hand):
    """Also without its kind."""
    ids = {"x_fc_source_system": "stripe", "x_fc_source_invoice_id": "cn_1"}
    by_hand("40", move_type="out_refund", ref="N-cn_1", **ids)
    assert verbs(client, a_note(INVOICE, settles_corrected_minor=0)) == ["keep"]


def test_looking_for_twins_takes_one_call_for_five_hundred_invoices(client, odoo):
    """And none for what is posted, void or parked already."""
    new = [an_invoice(f"in_{n}", tax_codes=()) for n in range(1_001)]
    quiet = [replace(new[0], verdict="void"), replace(new[1], is_postable=False), replace(new[2], invoice_number="")]

    def call_count(*invoices) -> int:
        desired = desired_of(*invoices)
        odoo.faults.calls.clear()
        read_present(client, desired)
        return len(odoo.faults.calls)

    assert call_count(*new) - call_count(*quiet) == 3
    applied(plan_of(client, new[0]), client)
    assert call_count(new[0]) == call_count(*quiet)
