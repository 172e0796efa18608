"""What stands in the way of one record never stops the others, and each step has its receipt, batch by batch."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from nexabooks.clients.odoo import open_odoo
from nexabooks.ledger import MemoryJournal, apply_plan, make_plan, read_present
from nexabooks.ledger.batches import BATCH_SIZE
from nexabooks.ledger.desired import Partner
from nexabooks.ledger.evidence import NOTES_A_CALL
from tests.ledger.conftest import close, move, outcomes, plan_again, settings_of
from tests.ledger.makers import ACME, a_note, an_invoice, applied, desired_of, now


def test_one_bad_record_never_stops_the_others(client, accountant, odoo):
    """A currency that a person deactivates between plan and apply refuses its own invoice only."""
    desired = desired_of(*(an_invoice(f"in_{n}") for n in range(7)))
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r1")
    bad = client.search_read("account.account", [["code", "=", "NCR.OTHER"]], ["id"])[0]["id"]
    broken = replace(desired.invoices[3], lines=(replace(desired.invoices[3].lines[0], service_family="other"),))
    invoices = (*desired.invoices[:3], broken, *desired.invoices[4:])
    plan = make_plan(replace(desired, invoices=invoices), plan.present, mode="post", run_id="r1")
    accountant.write_call("account.account", "write", ids=[bad], vals={"active": False})
    receipts = applied(plan, client)
    refused = [(r.action, r.source_invoice_id) for r in receipts if r.outcome == "refused"]
    assert refused == [("post", "in_3")]
    assert "archived" in next(r.says for r in receipts if r.outcome == "refused")
    assert odoo.totals()["documents"] == {"posted": 6, "draft": 1}


def test_a_lock_date_set_after_the_plan_is_found_after_posting(client, accountant):
    """Odoo moves the entry silently; the receipt says so, and the next plan reports it."""
    desired = desired_of(an_invoice())
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r1")
    accountant.write_call("res.company", "write", ids=[1], vals={"sale_lock_date": "2026-10-31"})
    receipts = applied(plan, client)
    verify = [r for r in receipts if r.action == "verify"]
    assert [(r.outcome, "not on 2026-10-05" in r.says) for r in verify] == [("refused", True)]
    assert [a.verb for a in plan_again(client, desired).actions] == ["report"]


def test_an_invoice_in_a_locked_period_is_parked_and_comes_back(client, accountant):
    """By itself, when the period is opened."""
    accountant.write_call("res.company", "write", ids=[1], vals={"fiscalyear_lock_date": "2026-10-31"})
    desired = desired_of(an_invoice())
    assert close(client, desired) == []
    accountant.write_call("res.company", "write", ids=[1], vals={"fiscalyear_lock_date": False})
    assert ("post", "in_1", "done") in outcomes(close(client, desired, run_id="r2"))


def test_a_user_who_may_not_make_customers_is_told_in_words(odoo, client):
    """The invoices of known customers go on."""
    close(client, desired_of(an_invoice()))
    new = Partner("cust_2", "Beta Ltd")
    desired = desired_of(
        an_invoice(), an_invoice("in_2"), an_invoice("in_3", customer_id="cust_2"), partners=(ACME, new)
    )
    with open_odoo(settings_of(odoo, odoo.billing_key), "write") as billing:
        receipts = close(billing, desired, run_id="r2")
    assert ("partner_create", "cust_2", "refused") in outcomes(receipts)
    assert "Contact / Creation" in receipts[0].says
    assert ("create", "in_3", "refused") in outcomes(receipts)
    assert ("post", "in_2", "done") in outcomes(receipts)
    assert odoo.totals()["documents"] == {"posted": 2}


def test_every_intent_has_its_receipt(client):
    """What was meant is written before it is sent; what became of it, after reading back."""
    journal = MemoryJournal()
    desired = desired_of(an_invoice(paid_minor=11_300))
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r1")
    counts = apply_plan(plan, client, journal, now=now)
    assert {f"{run} {key}" for run, key in journal.intents} == set(journal.receipts)
    assert counts == Counter((r.action, r.outcome) for r in journal.receipts.values())
    assert {r.at for r in journal.receipts.values()} == {now()}


def test_receipts_are_handed_over_batch_by_batch(client):
    """And kept by the journal alone: no more of them wait than a batch and its notes have."""
    sizes = []

    class Counting(MemoryJournal):
        def receipt(self, receipts):
            sizes.append(len(receipts))
            super().receipt(receipts)

    desired = desired_of(*(an_invoice(f"in_{n}", paid_minor=11_300) for n in range(450)))
    applied(make_plan(desired, read_present(client, desired), mode="post", run_id="r1"), client, Counting())
    assert sum(sizes) == 1 + 4 * 450
    assert max(sizes) <= BATCH_SIZE + NOTES_A_CALL


def test_three_hundred_invoices_take_few_calls(client, odoo):
    """Made, posted and paid in batches: 1,500 calls one by one, at most 60 here, and no pair is matched alone."""
    desired = desired_of(*(an_invoice(f"in_{n}", paid_minor=11_300) for n in range(300)))
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r1")
    odoo.faults.calls.clear()
    apply_plan(plan, client, MemoryJournal(), now=now)
    assert len(odoo.faults.calls) <= 60
    assert not any("reconcile" in call for call in odoo.faults.calls)
    assert odoo.totals()["payment_states"] == {"paid": 300}
    assert odoo.totals()["orphan_payments"] == []


class Deaf:
    """An Odoo that answers a load of matchings well and does not match: as one whose field means something else would."""

    def __init__(self, client) -> None:
        self._client = client

    def __getattr__(self, name: str):
        return getattr(self._client, name)

    def load(self, model, fields, rows):
        if "reconciled_lines_ids/.id" in fields:
            return [int(row[0]) for row in rows]
        return self._client.load(model, fields, rows)


def test_what_a_load_left_open_is_matched_one_by_one(client, odoo):
    """Payments and credit notes: what counts is what Odoo holds afterwards."""
    credited = an_invoice("in_3")
    note = a_note(credited, amounts_minor=(1_000,))
    desired = desired_of(an_invoice("in_1", paid_minor=11_300), an_invoice("in_2", paid_minor=5_000), credited, note)
    assert {r.outcome for r in close(Deaf(client), desired)} == {"done"}
    assert odoo.totals()["orphan_payments"] == []
    assert move(client, "in_2", "payment_state") == ["partial"]
    assert move(client, "cn_1", "payment_state") == ["paid"]


class Forgetful:
    """A client in whose Odoo somebody deletes every draft right after it was made."""

    def __init__(self, client) -> None:
        self._client = client

    def __getattr__(self, name: str):
        return getattr(self._client, name)

    def load(self, model, fields, rows):
        ids = self._client.load(model, fields, rows)
        if model == "account.move":
            self._client.write_call("account.move", "unlink", ids=ids)
        return ids


def test_a_draft_that_somebody_deletes_meanwhile_is_unclear_and_made_again(client):
    """The run goes on, and the next one heals it."""
    desired = desired_of(an_invoice(paid_minor=11_300))
    receipts = close(Forgetful(client), desired)
    assert ("create", "in_1", "unclear") in outcomes(receipts)
    assert ("pay", "in_1", "refused") in outcomes(receipts)
    assert ("pay", "in_1", "done") in outcomes(close(client, desired, run_id="r2"))
