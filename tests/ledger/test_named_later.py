"""A refund that was booked bare and named by a credit note later: the payment that is there is matched, none is made."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal

import pytest

from nexabooks.clients.odoo import open_odoo
from nexabooks.ledger import MemoryJournal, apply_plan, apply_undo, make_plan, plan_undo, read_present
from nexabooks.ledger.corrections import approved_steps
from nexabooks.ledger.desired import MoveKey
from nexabooks.ledger.payments import _PaymentBatch
from nexabooks.ledger.plan_page import plan_page
from nexabooks.ledger.present import PresentPartner
from tests.ledger.conftest import settings_of
from tests.ledger.makers import ACME, a_note, a_payment, an_invoice, desired_of, now, paid_back
from tests.ledger.test_exactly_once import BETA, Dying, Killed
from tests.ledger.test_money_in_and_out import balances, is_done, state
from tests.ledger.test_plan_money import held, money, posted, steps

PAID = an_invoice(paid_minor=11_300)
BARE = a_payment(PAID, 4_520, "re_1", direction="outbound", settles_kind="")
REFUNDED = replace(PAID, payments=(*PAID.payments, BARE))  # day 1: money went back, and nobody says what for
NOTE = a_note(PAID, settles_corrected_minor=0)
NAMED = replace(NOTE, payments=(replace(paid_back(NOTE, 4_520), booked_for="in_1"),))  # day 2: for this note
WHY = "paid back 45.20 CAD on 2026-10-12; in the books since, for in_1: this credit note named it later"
THERE = {PAID.payments[0].key: held(PAID.payments[0], settles=(91,)), BARE.key: held(BARE, partner_id=5)}


def close(client, *invoices, run_id="r1", journal=None):
    """One close, and its receipts."""
    journal = journal or MemoryJournal()
    desired = desired_of(*invoices, partners=(ACME, BETA))
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id=run_id)
    apply_plan(plan, client, journal, now=now)
    return [r for r in journal.receipts.values() if r.run_id == run_id and r.action in ("pay", "match")]


def payments(client) -> list[tuple]:
    """(id, its name, state) of every payment that went out."""
    found = client.search_read("account.payment", [["payment_type", "=", "outbound"]], ["x_fc_payment_id", "state"])
    return [(row["id"], row["x_fc_payment_id"], row["state"]) for row in found]


# The plan


def test_the_plan_matches_the_payment_that_is_there_and_says_why():
    """With its id in Odoo; it is no money that moves now, so it is in no total of payments."""
    books = posted(PAID, NAMED, residuals={"in_1": 0}, payments=THERE)
    assert money(books, PAID, NAMED) == [("match", "re_1", WHY)]
    plan = make_plan(desired_of(PAID, NAMED), books, mode="post", run_id="r1")
    (action,) = plan.of("match")
    assert (action.odoo_id, action.kind, action.source_invoice_id) == (71, "payment", "cn_1")
    assert plan.money_totals() == []


def test_the_page_calls_it_a_match_and_no_payment():
    """Whoever approves it sees that no money moves now."""
    plan = make_plan(
        desired_of(PAID, NAMED), posted(PAID, NAMED, residuals={"in_1": 0}, payments=THERE), mode="post", run_id="r"
    )
    page = plan_page(plan.to_dict(), None, made_at=now())
    assert "match refund" in page
    assert "money out" not in page


def test_an_approval_holds_for_the_match_of_exactly_that_payment():
    """Another payment in its place, or a payment that would be made, is another step."""
    plans = [
        make_plan(desired_of(PAID, NAMED), posted(PAID, NAMED, residuals={"in_1": 0}, payments=there), mode="post", run_id="r")
        for there in (THERE, THERE | {BARE.key: replace(THERE[BARE.key], payment_id=72)}, {PAID.payments[0].key: THERE[PAID.payments[0].key]})
    ]  # fmt: skip
    marks = [{a.fingerprint for a in plan.actions if a.payment_id == "re_1"} for plan in plans]
    assert len(set.union(*marks)) == 3
    assert [a.verb for a in approved_steps(plans[1], marks[0]).actions if a.payment_id == "re_1"] == ["park"]


def test_a_payment_that_was_named_later_counts_for_its_note_and_no_more_for_its_invoice():
    """So the rest of the note still meets the invoice as far as it lowers it."""
    half = replace(NAMED, settles_corrected_minor=2_000, payments=(replace(NAMED.payments[0], amount_minor=2_520),))
    there = {BARE.key: held(BARE, partner_id=5, amount_minor=2_520, settles=(92,), is_spent=True)}
    books = posted(an_invoice(), half, residuals={"cn_1": 2_000}, payments=there)
    assert steps(books, an_invoice(), half) == [("match", "cn_1")]


def test_the_rest_of_a_note_meets_its_invoice_in_the_same_run():
    """What the refund takes of the note is taken first, so no more than the rest can be matched."""
    half = replace(NAMED, settles_corrected_minor=2_000, payments=(replace(NAMED.payments[0], amount_minor=2_520),))
    there = {BARE.key: held(BARE, partner_id=5, amount_minor=2_520)}
    books = posted(an_invoice(), half, payments=there)
    assert steps(books, an_invoice(), half) == [("match", "re_1"), ("match", "cn_1")]


OTHERS = {
    "another amount": {"amount_minor": 4_519},
    "another day": {"paid_on": date(2026, 10, 13)},
    "another currency": {"currency_code": "USD"},
    "another customer": {"partner_id": 6},
    "no customer": {"partner_id": None},
    "matched with something else in part": {"settles": (55,)},
    "matched with something else": {"settles": (55,), "is_spent": True},
    "cancelled": {"state": "canceled"},
    "reversed": {"is_reversed": True},
}


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS.keys())
def test_whatever_is_not_as_the_note_says_stays_with_a_person(changes):
    """Neither matched nor made a second time."""
    there = THERE | {BARE.key: replace(THERE[BARE.key], **changes)}
    assert steps(posted(PAID, NAMED, residuals={"in_1": 0}, payments=there), PAID, NAMED) == [("report", "re_1")]


def test_a_payment_that_the_warehouse_does_not_speak_of_is_not_made_a_second_time():
    """Booked by a run that was cut off before it was read back: the note's waits for the next read-back."""
    unread = replace(NAMED, payments=(paid_back(NOTE, 4_520),))
    (found,) = money(posted(PAID, unread, residuals={"in_1": 0}, payments=THERE), PAID, unread)
    assert found[:2] == ("park", "re_1")
    assert "re_1 is in the books already, for in_1" in found[2]


def test_a_part_that_an_invoice_still_has_is_not_the_notes():
    """One refund in two halves, one bare and one named: of the same amount, and two payments."""
    rest = replace(REFUNDED, payments=(*PAID.payments, replace(BARE, amount_minor=2_260)))
    part = replace(NOTE, payments=(paid_back(NOTE, 2_260),))
    there = THERE | {BARE.key: replace(THERE[BARE.key], amount_minor=2_260)}
    assert steps(posted(rest, part, residuals={"in_1": 0}, payments=there), rest, part) == [("pay", "re_1")]


def test_two_notes_never_share_one_payment():
    """Their source says the same of both, and that cannot be."""
    other = a_note(PAID, "cn_2", settles_corrected_minor=0)
    other = replace(other, payments=(replace(paid_back(other, 4_520), booked_for="in_1"),))
    found = steps(posted(PAID, NAMED, other, residuals={"in_1": 0}, payments=THERE), PAID, NAMED, other)
    assert found == [("match", "re_1"), ("park", "re_1")]


def test_a_payment_that_went_back_with_its_invoice_is_made_again_for_the_note():
    """Its invoice was reversed since and is another posting now."""
    gone = {BARE.key: held(BARE, partner_id=5, state="canceled")}
    books = posted(NAMED, payments=gone)
    again = replace(books.moves[NAMED.key], revision=1)
    books = replace(books, taken_back={PAID.key: (replace(again, move_id=80),)})
    unread = replace(NAMED, payments=(paid_back(NOTE, 4_520),))
    assert steps(books, unread) == [("pay", "re_1")]


def test_a_note_whose_customer_odoo_does_not_have_yet_takes_nobodys_payment():
    """The payment is another customer's then."""
    books = posted(PAID, residuals={"in_1": 0}, payments=THERE)
    other = replace(NAMED, customer_id="cust_2")
    plan = make_plan(desired_of(PAID, other, partners=(ACME, BETA)), books, mode="post", run_id="r1")
    assert [a.verb for a in plan.actions if a.payment_id == "re_1"] == ["report"]
    known = replace(books, partners=books.partners | {"cust_2": PresentPartner(5, "", True, BETA.content_hash)})
    plan = make_plan(desired_of(PAID, other, partners=(ACME, BETA)), known, mode="post", run_id="r1")
    assert [a.verb for a in plan.actions if a.payment_id == "re_1"] == ["match"]


# The books


def test_the_note_is_paid_by_the_payment_that_was_there(client):
    """One payment in the books, matched with the note; the receipt is of that payment, and a further run does nothing."""
    close(client, REFUNDED)
    before = payments(client)
    assert balances(client)["112110"] == Decimal("45.2")
    (receipt,) = close(client, PAID, NAMED, run_id="r2")
    assert (receipt.action, receipt.outcome, receipt.odoo_id) == ("match", "done", before[0][0])
    assert payments(client) == before
    assert state(client, "cn_1")["payment_state"] == "paid"
    assert "112110" not in balances(client)
    assert is_done(client, PAID, NAMED)


def test_a_draft_that_a_cut_off_run_left_is_posted_and_matched(client):
    """It was loaded and never posted; then it is this run that books it."""
    close(client, REFUNDED)
    id = payments(client)[0][0]
    client.write_call("account.payment", "action_draft", ids=[id])
    (receipt,) = close(client, PAID, NAMED, run_id="r2")
    assert (receipt.action, receipt.outcome, receipt.odoo_id) == ("pay", "done", id)
    assert [p[0] for p in payments(client)] == [id]
    assert is_done(client, PAID, NAMED)


def test_what_was_taken_between_plan_and_apply_is_refused(client):
    """A person cancelled it, or matched a part of it, after the plan was shown: nothing is made, nothing is matched."""
    desired = desired_of(PAID, NAMED)
    close(client, REFUNDED)
    small = a_note(PAID, "cn_0", (100,), settles_corrected_minor=0)
    close(client, REFUNDED, small, run_id="r2")
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r3")
    ids = [e[0] for e in _receivable(client, "re_1")] + [e[0] for e in _receivable(client, "cn_0")]
    client.write_call("account.move.line", "reconcile", ids=ids)
    journal = MemoryJournal()
    apply_plan(plan, client, journal, now=now)
    said = [r for r in journal.receipts.values() if r.action == "match"]
    assert [(r.outcome, r.says) for r in said] == [
        ("refused", "44.07 CAD of its payment are left: match this credit note by hand")
    ]
    client.write_call("account.payment", "action_cancel", ids=[payments(client)[0][0]])
    journal = MemoryJournal()
    apply_plan(replace(plan, run_id="r4"), client, journal, now=now)
    assert [r.says for r in journal.receipts.values() if r.action == "match"] == [
        "the payment that was to be matched is no longer in the books"
    ]
    assert len(payments(client)) == 1


def test_what_is_only_to_be_matched_is_never_made(client, monkeypatch):
    """Also when it goes between two looks of the same close."""
    close(client, REFUNDED)
    desired = desired_of(PAID, NAMED)
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r2")
    client.write_call("account.payment", "action_cancel", ids=[payments(client)[0][0]])
    client.write_call("account.payment", "unlink", ids=[payments(client)[0][0]])
    monkeypatch.setattr(_PaymentBatch, "_look_at_matches", lambda batch: None)
    journal = MemoryJournal()
    apply_plan(plan, client, journal, now=now)
    assert [r.outcome for r in journal.receipts.values() if r.action == "match"] == ["unclear"]
    assert payments(client) == []


def _receivable(client, name: str) -> list[tuple[int]]:
    entry = client.search_read("account.payment", [["x_fc_payment_id", "=", name]], ["move_id"])
    ids = [row["move_id"][0] for row in entry] or [
        r["id"] for r in client.search_read("account.move", [["x_fc_source_invoice_id", "=", name]], ["id"])
    ]
    domain = [["move_id", "in", ids], ["account_type", "=", "asset_receivable"]]
    return [(row["id"],) for row in client.search_read("account.move.line", domain, ["id"])]


WRITES = (
    5  # of the second day's close: draft, its hash, posting, proof, match. With one more the test finds nobody killed
)


def second_day(odoo, dying=None):
    with open_odoo(settings_of(odoo, odoo.posting_key), "write") as own:
        client = dying(own) if dying else own
        desired = desired_of(PAID, NAMED)
        plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r2")
        apply_plan(plan, client, MemoryJournal(), now=now)


@pytest.mark.parametrize("after", [False, True], ids=["before sending", "after sending"])
@pytest.mark.parametrize("nth", range(WRITES))
def test_a_killed_close_is_finished_by_the_next_with_one_payment(odoo, client, nth, after):
    """Wherever it died."""
    close(client, REFUNDED)
    with pytest.raises(Killed):
        second_day(odoo, lambda own: Dying(own, nth, after=after))
    second_day(odoo)
    assert len(payments(client)) == 1
    assert state(client, "cn_1")["payment_state"] == "paid"
    assert is_done(client, PAID, NAMED)


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "500", "502"])
def test_a_lost_answer_to_the_match_is_looked_at(odoo, client, kind):
    """Sent again only when it was not done."""
    close(client, REFUNDED)
    odoo.faults.add(r"account.move.line/(load|reconcile)$", kind)
    second_day(odoo)
    assert state(client, "cn_1")["payment_state"] == "paid"
    assert len(payments(client)) == 1
    assert is_done(client, PAID, NAMED)


# Taking it back


def take_back(client, journal, run_id):
    receipts = [asdict(r) for r in journal.receipts.values() if r.run_id == run_id]
    plan = plan_undo(client, receipts, run_id=run_id, today=now().date())
    return plan, apply_undo(plan, client, journal, undo_id=f"undo_{run_id}", now=now)


def test_the_run_that_only_matched_it_leaves_the_payment_as_it_was(client):
    """It is unmatched and stands open again; the run that made it owns it. The next close matches it anew."""
    journal = MemoryJournal()
    close(client, REFUNDED, NOTE, journal=journal)
    before = balances(client)
    close(client, PAID, NAMED, run_id="r2", journal=journal)
    plan, receipts = take_back(client, journal, "r2")
    assert plan.counts() == {"unmatch": 1}
    assert {r.outcome for r in receipts} == {"done"}
    assert (balances(client), state(client, "cn_1")["payment_state"]) == (before, "not_paid")
    assert payments(client)[0][2] == "paid"
    assert take_back(client, journal, "r2")[0].is_empty
    (receipt,) = close(client, PAID, NAMED, run_id="r3", journal=journal)
    assert (receipt.action, receipt.outcome) == ("match", "done")


def test_the_run_that_made_it_takes_it_from_the_note(client):
    """Its invoice, the money in and the money out go back; the note of another run is open again, and its refund is made anew
    for it, for it went back with its invoice."""
    journal = MemoryJournal()
    close(client, REFUNDED, journal=journal)
    close(client, PAID, NAMED, run_id="r2", journal=journal)
    plan, receipts = take_back(client, journal, "r1")
    assert plan.counts()["cancel"] == 2
    assert {r.outcome for r in receipts} == {"done"}
    assert state(client, "cn_1")["payment_state"] == "not_paid"
    unread = replace(NAMED, payments=(paid_back(NOTE, 4_520),))  # the warehouse reads back nothing that is cancelled
    desired = desired_of(PAID, unread)
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r3")
    assert [(a.verb, a.odoo_id) for a in plan.actions if a.payment_id == "re_1"] == [("pay", None)]
    assert plan.present.revision_of(MoveKey("stripe", "in_1", "invoice")) == 2


def test_a_payment_that_a_person_cancelled_after_it_was_matched_is_his(client):
    """As every payment that was cancelled alone: said, and not made again under another name."""
    close(client, REFUNDED)
    close(client, PAID, NAMED, run_id="r2")
    client.write_call("account.payment", "action_cancel", ids=[payments(client)[0][0]])
    unread = replace(NAMED, payments=(paid_back(NOTE, 4_520),))
    desired = desired_of(PAID, unread)
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r3")
    (row,) = [a for a in plan.actions if a.payment_id == "re_1"]
    assert row.verb == "report"
    assert "its payment is canceled in Odoo" in row.reason
