"""Corrections, revisions and proofs through a process that is killed at every write: each step once, and nothing by itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace

import pytest

from nexabooks.clients.odoo import open_odoo
from nexabooks.ledger import MemoryJournal, Plan, apply_plan, apply_undo, make_plan, plan_undo, read_present
from nexabooks.ledger.brakes import History, Limits, with_brakes
from nexabooks.ledger.corrections import approved_steps
from nexabooks.ledger.cut_off import rest_of_corrections
from nexabooks.ledger.desired import MoveKey, Partner
from nexabooks.ledger.desired_payments import PaymentKey
from nexabooks.ledger.evidence import MARK
from nexabooks.ledger.keys import move_key
from nexabooks.ledger.modes import Modes
from nexabooks.ledger.plan_page import plan_page
from nexabooks.ledger.present import PresentPayment
from nexabooks.sandbox.odoo.service import OdooService
from tests.ledger.conftest import settings_of
from tests.ledger.makers import ACME, DAY, an_invoice, books, desired_of, move_of, now, present_of
from tests.ledger.test_exactly_once import WORLD, WRITE_COUNT, Dying, Killed

PAID = an_invoice(paid_minor=11_300)
CHANGED = desired_of(an_invoice(amounts_minor=(20_000,), paid_minor=11_300))
CORRECTION_WRITES = 8  # of an approved correction of a paid and changed invoice
NEW_ENTRY_WRITE = 4  # its first write after the reversal is posted


class Process:
    """A process with a client of its own that may die at its n-th write; the journal outlives it."""

    def __init__(self, odoo: OdooService, journal: MemoryJournal, *, dies_at: int = -1, after: bool = False) -> None:
        self.odoo, self.journal, self.dies_at, self.after = odoo, journal, dies_at, after

    def close(self, desired, run_id: str = "r1", approved=None, **more) -> None:
        with open_odoo(settings_of(self.odoo, self.odoo.posting_key), "write") as own:
            client = Dying(own, self.dies_at, after=self.after) if self.dies_at >= 0 else own
            plan = make_plan(desired, read_present(client, desired), mode="post", run_id=run_id)
            if approved is None:
                plan = with_brakes(plan, Limits(), History())
            else:
                meant = [key for key, intent in self.journal.intents.items() if intent.action == "reverse"]
                plan = approved_steps(plan, approved | rest_of_corrections(plan, approved, meant))
            owed = [
                MoveKey(i.source_system, i.source_invoice_id, i.kind)
                for i in self.journal.unfinished.values()
                if i.action in ("post", "note")
            ]
            apply_plan(plan, client, self.journal, now=now, owed_notes=owed, **more)

    def shown(self, desired):
        with open_odoo(settings_of(self.odoo, self.odoo.posting_key)) as reader:
            plan = make_plan(desired, read_present(reader, desired), mode="post", run_id="shown")
        return with_brakes(plan, Limits(), History())

    def approve(self, shown, desired, run_id: str) -> None:
        self.close(desired, run_id, {*(a.fingerprint for a in shown.actions), *shown.braked})


def entries(odoo: OdooService) -> Counter:
    """(type, state, total, revision) of all documents."""
    rows = odoo.books.env()["account.move"].table.rows.values()
    return Counter(
        (r["move_type"], r["state"], int(r["amount_total"] * 100), r["x_fc_revision"] or "")
        for r in rows
        if r["move_type"] != "entry"
    )


DONE = Counter(
    {
        ("out_invoice", "posted", 11_300, ""): 1,
        ("out_refund", "posted", 11_300, ""): 1,
        ("out_invoice", "posted", 22_600, "2"): 1,
    }
)
HALF = Counter(dict(list(DONE.items())[:2]))


@pytest.mark.parametrize("after", [False, True], ids=["before sending", "after sending"])
@pytest.mark.parametrize("nth", range(CORRECTION_WRITES))
def test_a_correction_that_was_cut_off_is_finished_under_the_same_approval(odoo, nth, after):
    """Whatever write it died at: one reversal, one new entry, one payment, matched with the new entry; once more does nothing."""
    journal = MemoryJournal()
    alive = Process(odoo, journal)
    alive.close(desired_of(PAID))
    shown = alive.shown(CHANGED)
    with pytest.raises(Killed):
        Process(odoo, journal, dies_at=nth, after=after).approve(shown, CHANGED, "r2")
    alive.close(CHANGED, "r3")  # a daily close goes on with nothing that was approved for another run
    alive.approve(shown, CHANGED, "r4")
    alive.close(CHANGED, "r5")
    assert entries(odoo) == DONE
    alive.approve(shown, CHANGED, "r6")
    assert entries(odoo) == DONE
    assert (odoo.totals()["payments"], odoo.totals()["balance"]) == (1, 0)
    assert alive.shown(CHANGED).counts() == {"keep": 1}


def half_done(odoo) -> tuple[Process, Plan]:
    """A correction that died after its reversal and before its new entry, and the plan that was approved."""
    journal = MemoryJournal()
    alive = Process(odoo, journal)
    alive.close(desired_of(PAID))
    shown = alive.shown(CHANGED)
    with pytest.raises(Killed):
        Process(odoo, journal, dies_at=NEW_ENTRY_WRITE).approve(shown, CHANGED, "r2")
    assert entries(odoo) == HALF
    return alive, shown


def test_without_the_journal_half_a_correction_waits_behind_the_brake(odoo):
    """It says which run was cut off and what finishes it; an approval of what it holds posts the new entry once."""
    alive, shown = half_done(odoo)
    alive.journal = MemoryJournal()
    alive.approve(shown, CHANGED, "r3")
    assert entries(odoo) == HALF
    held = alive.shown(CHANGED)
    assert [trip.brake for trip in held.trips] == ["taken_back"]
    assert "(r2) was cut off, and nexabooks run post-approved with the same plan finishes it" in held.trips[0].says
    alive.approve(held, CHANGED, "r4")
    assert entries(odoo) == DONE


def test_a_change_after_the_reversal_is_not_covered_by_the_approval(odoo):
    """The new figures are others than the approved ones."""
    alive, shown = half_done(odoo)
    alive.approve(shown, desired_of(an_invoice(amounts_minor=(30_000,), paid_minor=11_300)), "r3")
    assert entries(odoo) == HALF


def test_a_finished_correction_that_was_taken_back_is_not_posted_again_by_its_approval(odoo):
    """Whoever took it back had a reason."""
    alive, shown = half_done(odoo)
    alive.approve(shown, CHANGED, "r3")
    assert entries(odoo) == DONE
    with open_odoo(settings_of(odoo, odoo.posting_key), "write") as client:
        receipts = [asdict(r) for r in alive.journal.receipts.values() if r.run_id == "r3"]
        undo = plan_undo(client, receipts, run_id="r3", today=now().date())
        apply_undo(undo, client, alive.journal, undo_id="u1", now=now)
    before = entries(odoo)
    alive.approve(shown, CHANGED, "r4")
    assert entries(odoo) == before


def test_an_entry_that_was_taken_back_after_the_approval_is_not_posted_again_by_it(odoo):
    """Its reversal is none of a correction, although the approved row would be the same."""
    alive = Process(odoo, MemoryJournal())
    alive.close(desired_of(PAID))
    shown = alive.shown(CHANGED)
    with open_odoo(settings_of(odoo, odoo.posting_key), "write") as client:
        receipts = [asdict(r) for r in alive.journal.receipts.values()]
        undo = plan_undo(client, receipts, run_id="r1", today=now().date())
        apply_undo(undo, client, alive.journal, undo_id="u1", now=now)
    alive.approve(shown, CHANGED, "r2")
    assert entries(odoo) == HALF


def test_every_write_of_a_correction_is_disturbed(odoo):
    """The test above kills it at write 0 to CORRECTION_WRITES - 1; there is no further one."""
    journal = MemoryJournal()
    alive = Process(odoo, journal)
    alive.close(desired_of(PAID))
    shown = alive.shown(CHANGED)
    Process(odoo, journal, dies_at=CORRECTION_WRITES).approve(shown, CHANGED, "r2")
    assert entries(odoo) == DONE


def test_no_mode_carries_a_correction_out(odoo):
    """Not a close, not one that says post, not one whose source may not be written."""
    alive = Process(odoo, MemoryJournal())
    alive.close(desired_of(PAID))
    before = entries(odoo)
    alive.close(CHANGED, "r2")
    shown = alive.shown(CHANGED)
    with open_odoo(settings_of(odoo, odoo.posting_key)) as reader:
        held_back = make_plan(
            CHANGED, read_present(reader, CHANGED), mode="post", run_id="r3", modes=Modes({"stripe": "draft"})
        )
    assert approved_steps(held_back, {a.fingerprint for a in held_back.actions}).is_empty
    assert shown.counts() == {"correct": 1}
    assert entries(odoo) == before


@pytest.mark.parametrize("after", [False, True], ids=["before sending", "after sending"])
@pytest.mark.parametrize("nth", range(WRITE_COUNT))
def test_a_posted_entry_gets_its_proof_although_its_run_was_killed(odoo, nth, after):
    """The intents tell what is owed, so no message is read for it; once noted, it is not owed any more."""
    journal = MemoryJournal()
    with pytest.raises(Killed):
        Process(odoo, journal, dies_at=nth, after=after).close(WORLD)
    alive = Process(odoo, journal)
    alive.close(WORLD, "r2")
    rows = odoo.books.env()["mail.message"].table.rows.values()
    noted = Counter(row["res_id"] for row in rows if MARK in row["body"])
    moves = odoo.books.env()["account.move"].table.rows.values()
    posted = [r["id"] for r in moves if r["state"] == "posted" and r["x_fc_source_invoice_id"]]
    assert noted == dict.fromkeys(posted, 1)
    assert not [i for i in journal.unfinished.values() if i.action in ("post", "note")]
    odoo.faults.calls.clear()
    alive.close(WORLD, "r3")
    assert not [call for call in odoo.faults.calls if "mail.message" in call]


def test_a_proposal_shows_old_and_new_on_the_page():
    """Beside each other, with what is done and what becomes of the money."""
    payment = {
        PaymentKey("stripe", "pi_1", "in_1"): PresentPayment(71, "paid", 11_300, DAY, "CAD", 92, (91,)),
    }
    plan = make_plan(CHANGED, present_of((PAID, move_of(PAID)), payments=payment), mode="post", run_id="r1")
    page = plan_page(plan.to_dict(), None, made_at=now())
    for words in ("Corrections proposed: 1", ">113.00 CAD<", ">226.00 CAD<", "its payments (pi_1) are unmatched"):
        assert words in page
    assert plan.has_work
    assert plan.is_empty


def test_an_approved_correction_counts_against_what_it_brings():
    """226.00 new less 113.00 reversed."""
    plan = make_plan(CHANGED, present_of((PAID, move_of(PAID))), mode="post", run_id="r1")
    approved = approved_steps(plan, {a.fingerprint for a in plan.actions})
    assert [a.verb for a in approved.actions] == ["reverse", "create", "post"]
    assert approved.totals_minor() == {"CAD": 11_300}
    assert "Entries reversed" in plan_page(approved.to_dict(), None, made_at=now())


def test_a_corrected_invoice_brings_its_new_customer():
    """Whom Odoo did not have yet."""
    changed = replace(PAID, customer_id="cust_2")
    desired = desired_of(changed, partners=(ACME, Partner("cust_2", "Beta Ltd")))
    plan = make_plan(desired, present_of((PAID, move_of(PAID))), mode="post", run_id="r1")
    approved = approved_steps(plan, {a.fingerprint for a in plan.actions})
    assert [a.customer_id for a in approved.of("partner_create")] == ["cust_2"]


LOCKED = books(locks={"fiscalyear_lock_date": DAY})


def test_a_void_in_a_locked_period_says_where_its_reversal_goes():
    """And the row is the same tomorrow: an approval holds longer than a day."""
    plan = make_plan(
        desired_of(replace(PAID, verdict="void")),
        present_of((PAID, move_of(PAID)), books=LOCKED),
        mode="post",
        run_id="r",
    )
    (row,) = plan.actions
    assert (row.verb, "dated on the day it is carried out" in row.reason) == ("correct", True)


def test_a_change_in_a_locked_period_is_no_proposal():
    """Its reversal alone would take the revenue away."""
    plan = make_plan(CHANGED, present_of((PAID, move_of(PAID)), books=LOCKED), mode="post", run_id="r1")
    (row,) = plan.actions
    assert (row.verb, "cannot be corrected by a new entry yet" in row.reason) == ("report", True)


def test_a_revision_never_meets_another_record():
    """An id that ends like a revision gets a digest."""
    assert move_key("stripe", "invoice", "in_1", 2) == "nexabooks.move_stripe_invoice_in_1_r2"
    assert move_key("stripe", "invoice", "in_1_r2") != move_key("stripe", "invoice", "in_1", 2)


def test_a_payment_that_was_taken_back_is_made_again_only_with_its_invoice():
    """Alone it is a row for a person."""
    gone = PresentPayment(71, "canceled", 11_300, PAID.payments[0].paid_on, "CAD", None, ())
    payments = {PAID.payments[0].key: gone}
    stands = present_of((PAID, move_of(PAID)), payments=payments)
    assert [a.verb for a in make_plan(desired_of(PAID), stands, mode="post", run_id="r").actions] == ["keep", "report"]
    back = present_of(payments=payments, taken_back={PAID.key: (move_of(PAID),)}, partners=stands.partners)
    plan = make_plan(desired_of(PAID), back, mode="post", run_id="r")
    assert [(a.verb, a.odoo_id) for a in plan.actions] == [("create", None), ("post", None), ("pay", None)]
