"""An entry that its source voided or changed is corrected when a person approved it; what was taken back is posted again
under a revision of its own. On the sandbox and a real server."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from nexabooks.ledger import make_plan, read_present
from nexabooks.ledger.brakes import History, Limits, with_brakes
from nexabooks.ledger.corrections import approved_steps
from nexabooks.ledger.present import read_moves
from tests.contract.test_taking_a_run_back import TODAY, Story, outcomes
from tests.ledger.makers import applied, desired_of


class Corrected(Story):
    """A story whose plans a person approves."""

    def planned(self, *invoices, run: str):
        """The plan of a daily close, brakes and all, for this customer."""
        desired = desired_of(*invoices, partners=(self.partner,))
        present = read_present(self.server.client, desired)
        plan = make_plan(desired, present, mode="post", run_id=f"{self.prefix}_{run}")
        return with_brakes(self.mine(plan), Limits(), History())

    def mine(self, plan):
        return replace(plan, actions=tuple(a for a in plan.actions if a.customer_id == self.prefix))

    def approve(self, shown, *invoices, run: str):
        """Carry out what `shown` shows, as it would be planned now."""
        desired = desired_of(*invoices, partners=(self.partner,))
        present = read_present(self.server.client, desired)
        free = make_plan(desired, present, mode="post", run_id=f"{self.prefix}_{run}")
        approved = {*(a.fingerprint for a in shown.actions), *shown.braked}
        plan = approved_steps(self.mine(free), approved)
        return applied(plan, self.server.client, self.journal, today=TODAY)

    def entries(self):
        """(revision, state, total, what settled it) of our entries, in the order in which they were made."""
        domain = [["x_fc_source_invoice_id", "like", f"{self.prefix}_"]]
        fields = ["x_fc_revision", "state", "amount_total", "payment_state"]
        found = self.server.client.search_read("account.move", domain, fields, order="id")
        return [(r["x_fc_revision"] or "", r["state"], r["amount_total"], r["payment_state"]) for r in found]


def verbs(plan):
    return [a.verb for a in plan.actions]


def test_a_void_after_posting_is_reversed_when_it_was_approved(server):
    """Until then it is a row with both amounts; afterwards nothing is left to do, and the books are as before."""
    story = Corrected(server, "void")
    invoice = story.invoice()
    story.close(invoice)
    void = replace(invoice, verdict="void")
    shown = story.planned(void, run="r2")
    assert [(a.verb, a.was_minor, a.total_minor) for a in shown.actions] == [("correct", 11_300, 0)]
    assert shown.is_empty
    assert outcomes(story.approve(shown, void, run="r2")) == [("reverse", "done")]
    assert story.entries() == [("", "posted", 113, "reversed")]
    assert story.balances() == {}
    assert verbs(story.planned(void, run="r3")) == ["hold"]


def test_a_paid_and_changed_invoice_is_reversed_and_posted_anew(server):
    """Its payment is unmatched, and the next run matches it with the new entry: one invoice, one payment, paid."""
    story = Corrected(server, "changed")
    story.close(story.invoice(paid_minor=11_300))
    changed = story.invoice(amounts_minor=(20_000,), paid_minor=11_300)
    shown = story.planned(changed, run="r2")
    assert [(a.verb, a.was_minor, a.total_minor) for a in shown.actions] == [("correct", 11_300, 22_600)]
    done = story.approve(shown, changed, run="r2")
    assert outcomes(done) == [("create", "done"), ("post", "done"), ("reverse", "done"), ("unmatch", "done")]
    assert story.entries() == [("", "posted", 113, "reversed"), ("2", "posted", 226, "not_paid")]
    story.close(changed, run="r3")
    assert story.entries()[1] == ("2", "posted", 226, "partial")
    assert verbs(story.planned(changed, run="r4")) == ["keep"]
    assert server.client.search_count("account.payment", [["x_fc_source_invoice_id", "like", f"{story.prefix}_"]]) == 1


def test_a_void_that_was_paid_leaves_the_money_open_and_says_so(server):
    """For a person, on every plan, until it is refunded or matched."""
    story = Corrected(server, "refund")
    invoice = story.invoice(paid_minor=11_300)
    story.close(invoice)
    void = replace(invoice, verdict="void", payments=())
    shown = story.planned(void, run="r2")
    assert f"its payments (pi_{story.prefix}_in) are unmatched" in shown.actions[0].reason
    story.approve(shown, void, run="r2")
    receivable = [balance for account, balance in story.balances().items() if "Receivable" in account]
    assert receivable == [Decimal(-113)]
    later = story.planned(void, run="r3")
    assert verbs(later) == ["hold", "report"]
    assert "stands as the customer's credit" in later.actions[1].reason


def test_a_change_at_the_source_after_the_approval_leaves_the_entry_alone(server):
    """The approval was for other figures."""
    story = Corrected(server, "moved")
    story.close(story.invoice())
    shown = story.planned(story.invoice(amounts_minor=(20_000,)), run="r2")
    assert story.approve(shown, story.invoice(amounts_minor=(30_000,)), run="r2") == []
    assert story.entries() == [("", "posted", 113, "not_paid")]


def test_a_locked_void_is_reversed_in_the_open_period(server):
    """And the proposal says so; a locked change is not proposed, for its new entry could not be posted."""
    story = Corrected(server, "locked")
    day = date(1999, 6, 15)
    invoice = story.invoice(invoiced_on=day, due_on=day)
    story.close(invoice)
    with server.locked("fiscalyear_lock_date", "1999-06-30"):
        changed = story.invoice(amounts_minor=(20_000,), invoiced_on=day, due_on=day)
        (row,) = story.planned(changed, run="r2").actions
        assert (row.verb, "lies in a locked period" in row.reason) == ("report", True)
        void = replace(invoice, verdict="void")
        shown = story.planned(void, run="r2")
        assert "dated on the day it is carried out" in shown.actions[0].reason
        story.approve(shown, void, run="r2")
    domain = [["reversed_entry_id.x_fc_source_invoice_id", "like", f"{story.prefix}_"]]
    (reversal,) = server.client.search_read("account.move", domain, ["date", "state"])
    assert (reversal["date"], reversal["state"]) == (str(TODAY), "posted")
    assert story.balances() == {}


def test_a_credit_note_that_was_voided_is_reversed_and_its_invoice_open_again(server):
    """As it was before the note."""
    story = Corrected(server, "note")
    invoice = story.invoice()
    more = {"kind": "credit_note", "corrects_source_invoice_id": invoice.source_invoice_id}
    note = story.invoice("note", amounts_minor=(5_000, -1_000), **more)
    story.close(invoice)
    before = story.balances()
    story.close(invoice, note, run="r2")
    void = replace(note, verdict="void")
    story.approve(story.planned(invoice, void, run="r3"), invoice, void, run="r3")
    assert story.balances() == before
    assert verbs(story.planned(invoice, void, run="r4")) == ["keep", "hold"]


def test_a_run_that_was_taken_back_is_posted_again_only_when_a_person_says_so(server):
    """Then under the next revision, with its payment made again; a further plan does nothing."""
    story = Corrected(server, "again")
    invoice = story.invoice(paid_minor=11_300)
    story.close(invoice)
    story.undo()
    shown = story.planned(invoice, run="r2")
    assert verbs(shown) == ["park"]
    assert f"nexabooks allow taken_back.{story.prefix}_r1." in shown.actions[0].reason
    done = story.approve(shown, invoice, run="r2")
    assert outcomes(done) == [("create", "done"), ("pay", "done"), ("post", "done")]
    assert story.entries() == [("", "posted", 113, "reversed"), ("2", "posted", 113, "paid")]
    assert verbs(story.planned(invoice, run="r3")) == ["keep"]


def test_an_allowance_of_one_posting_is_none_of_the_next(server):
    """What was posted again and taken back again waits again."""
    story = Corrected(server, "twice")
    invoice = story.invoice()
    story.close(invoice)
    story.undo()
    first = story.planned(invoice, run="r2")
    story.approve(first, invoice, run="r2")
    story.undo("r2")
    assert story.entries() == [("", "posted", 113, "reversed"), ("2", "posted", 113, "reversed")]
    second = story.planned(invoice, run="r3")
    assert {t.trip_key for t in first.trips}.isdisjoint({t.trip_key for t in second.trips})
    assert story.approve(first, invoice, run="r3") == []
    story.approve(second, invoice, run="r3")
    assert story.entries()[2] == ("3", "posted", 113, "not_paid")


def test_a_reversal_that_a_cut_off_run_began_is_finished_and_not_doubled(server):
    """Under the same approval: the row is the same whatever was unmatched meanwhile."""
    story = Corrected(server, "cut")
    invoice = story.invoice(paid_minor=11_300)
    story.close(invoice)
    void = replace(invoice, verdict="void", payments=())
    shown = story.planned(void, run="r2")
    (entry,) = read_moves(server.client, [["x_fc_source_invoice_id", "=", invoice.source_invoice_id]])[invoice.key]
    lines = server.client.search_read(
        "account.move.line", [["move_id", "=", entry.move_id], ["account_type", "=", "asset_receivable"]], ["id"]
    )
    server.client.write_call("account.move.line", "remove_move_reconcile", ids=[r["id"] for r in lines])
    journal_id = server.client.read("account.move", [entry.move_id], ["journal_id"])[0]["journal_id"][0]
    vals = {
        "reason": "nexabooks corrects it, run cut-off",
        "date": str(entry.booked_on),
        "journal_id": journal_id,
        "move_ids": [[6, 0, [entry.move_id]]],
    }
    wizard = server.client.write_call("account.move.reversal", "create", vals_list=[vals])
    server.client.write_call("account.move.reversal", "refund_moves", ids=wizard)
    assert story.approve(shown, void, run="r3")[-1].outcome == "done"
    assert server.client.search_count("account.move", [["reversed_entry_id", "=", entry.move_id]]) == 1


def test_a_reversal_that_a_person_began_stops_the_correction(server):
    """Two would be one too many: nothing is reversed, and nothing posted anew."""
    story = Corrected(server, "hand")
    story.close(story.invoice())
    changed = story.invoice(amounts_minor=(20_000,))
    shown = story.planned(changed, run="r2")
    (entry,) = read_moves(server.client, [["x_fc_source_invoice_id", "=", changed.source_invoice_id]])[changed.key]
    journal_id = server.client.read("account.move", [entry.move_id], ["journal_id"])[0]["journal_id"][0]
    vals = {"reason": "by hand", "date": "2026-10-06", "journal_id": journal_id, "move_ids": [[6, 0, [entry.move_id]]]}
    wizard = server.client.write_call("account.move.reversal", "create", vals_list=[vals])
    server.client.write_call("account.move.reversal", "refund_moves", ids=wizard)
    done = story.approve(shown, changed, run="r2")
    assert outcomes(done) == [("create", "refused"), ("post", "refused"), ("reverse", "refused")]
    assert story.entries() == [("", "posted", 113, "not_paid")]
