"""A run is taken back: the balances are what they were, and a second time changes nothing. On the sandbox and a real server."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal

from nexabooks.ledger import MemoryJournal, apply_undo, make_plan, plan_undo, read_present
from tests.contract.books import balances
from tests.contract.conftest import Server
from tests.ledger.makers import ACME, a_note, a_payment, an_invoice, applied, desired_of, now, paid_back

TODAY = date(2026, 11, 20)


class Story:
    """One customer of his own, some runs, and their receipts."""

    def __init__(self, server: Server, name: str) -> None:
        self.server, self.prefix = server, f"{server.prefix}{name}"
        self.partner = replace(ACME, customer_id=self.prefix, name=f"Contract test {self.prefix}")
        self.journal = MemoryJournal()

    def invoice(self, id: str = "in", **changes):
        return an_invoice(f"{self.prefix}_{id}", customer_id=self.prefix, **changes)

    def close(self, *invoices, run: str = "r1", mode: str = "post"):
        desired = desired_of(*invoices, partners=(self.partner,))
        plan = make_plan(desired, read_present(self.server.client, desired), mode=mode, run_id=f"{self.prefix}_{run}")
        mine = replace(plan, actions=tuple(a for a in plan.actions if a.customer_id == self.prefix))
        return applied(mine, self.server.client, self.journal)

    def plan(self, run: str = "r1"):
        run_id = f"{self.prefix}_{run}"
        receipts = [asdict(r) for r in self.journal.receipts.values() if r.run_id == run_id]
        return plan_undo(self.server.client, receipts, run_id=run_id, today=TODAY)

    def undo(self, run: str = "r1"):
        return apply_undo(self.plan(run), self.server.client, self.journal, undo_id=f"{self.prefix}_undo", now=now)

    def balances(self):
        found = self.server.client.search_read("res.partner", [["x_fc_customer_id", "=", self.prefix]], ["id"])
        return balances(self.server.client, partner_id=found[0]["id"]) if found else {}

    def moves(self, *fields: str):
        domain = [["x_fc_source_invoice_id", "like", f"{self.prefix}_"]]
        found = self.server.client.search_read("account.move", domain, list(fields), order="x_fc_source_invoice_id")
        return [tuple(record[f] for f in fields) for record in found]


def outcomes(receipts):
    return sorted((r.action, r.outcome) for r in receipts if r.action != "note")


def test_a_paid_invoice_goes_back_and_the_balances_are_as_before(server):
    """Unmatched, its payment cancelled, reversed on its own day; what is planned is what is booked."""
    story = Story(server, "paid")
    story.close(story.invoice(paid_minor=11_300))
    assert story.moves("payment_state") == [("paid",)]
    plan = story.plan()
    assert plan.counts() == {"cancel": 1, "leave": 1, "reverse": 1, "unmatch": 2}
    assert sum(e.balance_minor for e in plan.effect) == 0
    taken = {e.account: e.balance_minor for e in plan.effect}
    assert {account: -minor for account, minor in taken.items()} == {
        account: balance * 100 for account, balance in story.balances().items()
    }
    assert outcomes(story.undo()) == [
        ("undo_cancel", "done"),
        ("undo_reverse", "done"),
        ("undo_unmatch", "done"),
        ("undo_unmatch", "done"),
    ]
    assert story.balances() == {}
    assert story.moves("state", "payment_state") == [("posted", "reversed")]


def test_a_run_taken_back_twice_changes_nothing(server):
    """The second plan is empty, and says how each thing stands."""
    story = Story(server, "twice")
    story.close(story.invoice(paid_minor=11_300))
    story.undo()
    again = story.plan()
    assert again.is_empty
    assert {s.name.split("/")[0]: s.says.split(" by ")[0] for s in again.steps if s.kind != "partner"} == {
        "INV": "it was reversed",
        f"payment pi_{story.prefix}_in": "it is canceled already",
    }
    assert story.undo() == []


def test_drafts_are_deleted_and_a_later_run_makes_them_again(server):
    """Their external ids go with them."""
    story = Story(server, "draft")
    story.close(story.invoice(), mode="draft")
    assert outcomes(story.undo()) == [("undo_delete", "done")]
    assert story.moves("id") == []
    story.close(story.invoice(), run="r2")
    assert story.moves("state", "x_fc_run_id") == [("posted", f"{story.prefix}_r2")]


def test_only_the_run_that_is_named_goes_back(server):
    """What another run posted and paid stays as it is."""
    story = Story(server, "named")
    story.close(story.invoice("a", paid_minor=11_300), run="r1")
    before = story.balances()
    story.close(story.invoice("a", paid_minor=11_300), story.invoice("b", paid_minor=5_000), run="r2")
    story.undo("r2")
    assert story.balances() == before
    assert story.moves("payment_state") == [("paid",), ("reversed",)]


def test_a_run_that_only_paid_leaves_the_invoice_open_again(server):
    """The invoice itself was posted by the run before."""
    story = Story(server, "money")
    invoice = story.invoice()
    story.close(invoice, run="r1")
    before = story.balances()
    story.close(replace(invoice, payments=(a_payment(invoice, 11_300),)), run="r2")
    assert story.moves("payment_state") == [("paid",)]
    story.undo("r2")
    assert (story.moves("payment_state"), story.balances()) == ([("not_paid",)], before)


def test_a_credit_note_and_its_invoice_go_back_together(server):
    """The match first; then each is reversed."""
    story = Story(server, "note")
    invoice = story.invoice()
    note = a_note(invoice, f"{story.prefix}_note")
    story.close(invoice, note)
    assert story.moves("amount_residual")[0] == (Decimal("67.8"),)
    story.undo()
    assert story.balances() == {}
    assert story.moves("amount_residual") == [(0,), (0,)]


def test_money_out_and_credit_go_back_with_the_run_that_made_them(server):
    """A refund, a note turned into credit, a payment by credit and one that was too much: every balance is as before."""
    story = Story(server, "both_ways")
    paid, by_credit = story.invoice("paid"), story.invoice("by_credit")
    id = paid.source_invoice_id
    too_much = {
        "direction": "outbound",
        "route": "balance",
        "settles_kind": "payment",
        "settles_payment_id": f"pi_{id}",
    }
    paid = replace(paid, payments=(a_payment(paid, 15_000), a_payment(paid, 3_700, f"{id}:overpaid", **too_much)))
    by_credit = replace(by_credit, payments=(a_payment(by_credit, 11_300, f"{id}:balance", route="balance"),))
    note = a_note(paid, f"{story.prefix}_note", settles_corrected_minor=0)
    refunds = (paid_back(note, 2_520, f"re_{id}"), paid_back(note, 2_000, f"{id}:credit", "balance"))
    documents = (paid, by_credit, replace(note, payments=refunds))
    assert {r.outcome for r in story.close(*documents)} == {"done"}
    assert story.moves("payment_state") == [("paid",)] * 3
    plan = story.plan()
    assert plan.counts() == {"cancel": 5, "leave": 1, "reverse": 3, "unmatch": 8}
    assert {s.says for s in plan.of("cancel") if "paid back" in s.says} == {
        "paid back on 2026-10-12; what it settled is open again"
    }
    assert {r.outcome for r in story.undo()} == {"done"}
    assert story.balances() == {}
    assert story.moves("payment_state") == [("reversed",), ("paid",), ("reversed",)]  # a note's reversal reads so
    assert story.plan().is_empty


def test_a_run_that_only_paid_back_leaves_the_note_open_again(server):
    """The note itself was posted by the run before, and stays."""
    story = Story(server, "out")
    note = a_note(story.invoice(), f"{story.prefix}_note", settles_corrected_minor=0)
    story.close(note, run="r1")
    before = story.balances()
    story.close(replace(note, payments=(paid_back(note, 4_520, f"re_{story.prefix}"),)), run="r2")
    assert story.moves("payment_state") == [("paid",)]
    assert {r.outcome for r in story.undo("r2")} == {"done"}
    assert (story.moves("payment_state"), story.balances()) == ([("not_paid",)], before)


def test_a_forced_tax_goes_back_to_the_cent(server):
    """The reversal carries the source's tax, and not Odoo's own."""
    story = Story(server, "forced")
    story.close(story.invoice(amounts_minor=(1_005, 1_005, 1_005), tax_minor_by_code={"hst_13": 393}))
    assert story.moves("amount_tax") == [(Decimal("3.93"),)]
    assert ("undo_reverse", "done") in outcomes(story.undo())
    assert story.balances() == {}


def test_what_lies_behind_a_lock_date_is_reversed_in_the_open_period(server):
    """And the plan says so. The lock of 1999 harms no living book, and is taken back."""
    story = Story(server, "locked")
    day = date(1999, 6, 15)
    invoice = story.invoice(invoiced_on=day, due_on=day)
    story.close(replace(invoice, payments=(a_payment(invoice, 11_300, day=date(1999, 6, 20)),)))
    with server.locked("fiscalyear_lock_date", "1999-06-30"):
        plan = story.plan()
        assert [(s.kind, s.dated_on) for s in plan.of("reverse")] == [("payment", TODAY), ("invoice", TODAY)]
        assert all("which is locked" in s.says for s in plan.of("reverse"))
        assert {r.outcome for r in story.undo()} == {"done"}
        assert story.balances() == {}
        assert story.plan().is_empty
    assert story.moves("date", "payment_state") == [("1999-06-15", "reversed")]


def test_money_out_behind_a_lock_date_is_reversed_in_the_open_period(server):
    """Its entry and its note's, each by an entry of its own; nothing is left at the customer."""
    story = Story(server, "locked_out")
    day = date(1999, 6, 15)
    note = a_note(story.invoice(), f"{story.prefix}_note", settles_corrected_minor=0, invoiced_on=day, due_on=day)
    story.close(replace(note, payments=(replace(paid_back(note, 4_520, f"re_{story.prefix}"), paid_on=day),)))
    with server.locked("fiscalyear_lock_date", "1999-06-30"):
        assert [(s.kind, s.dated_on) for s in story.plan().of("reverse")] == [
            ("payment", TODAY),
            ("credit_note", TODAY),
        ]
        assert {r.outcome for r in story.undo()} == {"done"}
        assert story.balances() == {}
        assert story.plan().is_empty


def test_an_undo_that_was_cut_off_is_finished_and_never_doubled(server):
    """Stopped after the reversal was made and before it was posted."""
    story = Story(server, "cut")
    story.close(story.invoice())
    step = story.plan().of("reverse")[0]
    vals = {
        "reason": f"nexabooks takes back {story.prefix}_r1",
        "date": "2026-10-05",
        "journal_id": step.journal_id,
        "move_ids": [[6, 0, [step.odoo_id]]],
    }
    wizard = server.client.write_call("account.move.reversal", "create", vals_list=[vals])
    server.client.write_call("account.move.reversal", "refund_moves", ids=wizard)
    story.undo()
    assert story.balances() == {}
    assert server.client.search_count("account.move", [["reversed_entry_id", "=", step.odoo_id]]) == 1


def test_a_reversal_that_a_person_began_is_left_to_him(server):
    """Two reversals of one invoice would be one too many."""
    story = Story(server, "person")
    story.close(story.invoice())
    step = story.plan().of("reverse")[0]
    vals = {
        "reason": "by hand",
        "date": "2026-10-06",
        "journal_id": step.journal_id,
        "move_ids": [[6, 0, [step.odoo_id]]],
    }
    wizard = server.client.write_call("account.move.reversal", "create", vals_list=[vals])
    server.client.write_call("account.move.reversal", "refund_moves", ids=wizard)
    plan = story.plan()
    assert plan.is_empty
    assert any("a person began to reverse it" in s.says for s in plan.steps)


def test_a_credit_note_that_went_back_stays_matched_with_its_reversal(server):
    """A second look at the run finds nothing to do."""
    story = Story(server, "noteagain")
    invoice = story.invoice()
    more = {"kind": "credit_note", "corrects_source_invoice_id": invoice.source_invoice_id}
    story.close(invoice, story.invoice("note", amounts_minor=(4_000,), **more))
    story.undo()
    assert story.plan().is_empty
    assert story.moves("amount_residual") == [(0,), (0,)]
