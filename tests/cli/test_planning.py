"""From a plan to the books by a person's yes: shown, approved, changed meanwhile, braked, let go. In the order of a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import orjson
import pytest

from flows.post_approved import post_approved
from nexabooks.cli.asking import published
from nexabooks.cli.planning import allow_brake, approve_plan, resolve_break, show_plan
from nexabooks.clients.odoo import open_odoo
from nexabooks.errors import LedgerRefused, PermanentError, SettingsError, TransientError
from nexabooks.ledger import Finding, blocking, check
from nexabooks.ledger.actions import NOT_APPROVED
from nexabooks.ops import open_ops
from nexabooks.settings import load_settings
from nexabooks.warehouse import open_warehouse
from tasks.ledger import LEDGER_LEASE, apply_to_ledger, approved_plan, plan_ledger, read_desired
from tasks.run import listener, run_of


def plan(mode: str = "post") -> dict:
    """The plan as it is kept; the checks of the marts, which hold in the story, are left out for the sake of time."""
    with run_of("plan", mode=mode) as run:
        return plan_ledger(run).to_dict()


def verbs(document: dict, *names: str) -> set[str]:
    return {row["invoice_number"] for row in document["actions"] if row["verb"] in names}


def posted(box) -> int:
    return box.odoo.totals()["documents"].get("posted", 0)


def heard(call) -> list[str]:
    """What a run says while `call` runs."""
    said: list[str] = []
    token = listener.set(said.append)
    try:
        call()
    finally:
        listener.reset(token)
    return said


def test_a_plan_is_shown_and_writes_nothing(box, capsysbinary):
    """23 invoices of the story would be posted; a page lies under the plan's hash."""
    show_plan(as_json=True, mode="post")
    document = orjson.loads(capsysbinary.readouterr().out)
    assert len(verbs(document, "post")) == 23
    assert posted(box) == 0
    page = load_settings().plans_dir / f"{document['hash']}.html"
    assert document["hash"] in page.read_text()
    row = next(row for row in document["actions"] if row["verb"] == "create")
    assert all(
        row[name] for name in ("dated_on", "due_on", "account_codes", "invoice_number", "customer_name", "reason")
    )


def test_people_read_the_plan_in_their_words(box, capsys, monkeypatch):
    """Those of the page; whose each row is, reasons, amounts, accounts, and the two commands that follow."""
    monkeypatch.setattr("tasks.check.check_marts", lambda _: [])
    customers = {row["customer_name"] for row in plan()["actions"] if row["verb"] == "create"}
    show_plan(as_json=False, mode="post")
    said = capsys.readouterr().out
    assert "Totals per family" in said
    assert "\nNot confirmed by its source: " in said
    made = said.partition("\nMake draft: 23\n")[2].partition("\n\n")[0]
    assert "customer" in made.splitlines()[0]
    assert all(customer in made for customer in customers)
    assert "nexabooks approve 1-" in said
    with pytest.raises(SettingsError, match="maybe"):
        show_plan(as_json=False, mode="maybe")


def test_the_first_line_of_a_run_says_the_modes(box, monkeypatch):
    """The run's own, and for whom a stricter one holds."""
    monkeypatch.setenv("NEXABOOKS_LEDGER_MODES", "lago=draft")

    def empty_run() -> None:
        with run_of("plan", mode="post"):
            pass

    assert "Ledger mode: post" in heard(empty_run)[0]
    assert "but draft for lago" in heard(empty_run)[0]


def test_a_mode_for_something_that_does_not_exist_stops_the_plan(box, monkeypatch):
    """A typing mistake would hold nothing back."""
    monkeypatch.setenv("NEXABOOKS_LEDGER_MODES", "lagoo=draft")
    with pytest.raises(SettingsError, match="lagoo"):
        plan()


def test_a_stricter_source_is_drafted_and_the_others_are_posted(box, monkeypatch):
    """The strictest that applies wins, row by row."""
    monkeypatch.setenv("NEXABOOKS_LEDGER_MODES", "lago=draft")
    document = plan()
    sources = {(row["source_system"], row["verb"]) for row in document["actions"] if row["verb"] in ("create", "post")}
    assert sources == {("stripe", "create"), ("stripe", "post"), ("lago", "create")}


def test_an_odoo_that_is_not_ready_is_said_before_anything_is_written(box, monkeypatch):
    """One sentence, and no receipt, no draft."""
    found = [Finding("tax hst_13", False, "is archived"), Finding("sales journal", False, "there is none", True)]
    monkeypatch.setattr("tasks.ledger.check", lambda *_: found)
    with run_of("plan", mode="post") as run:
        made = plan_ledger(run)
        with pytest.raises(LedgerRefused, match="nothing was written: sales journal: there is none"):
            apply_to_ledger(run, made)
    with open_ops(load_settings().ops_store_url) as ops:
        assert ops.receipt_count() == 0


def test_one_process_writes_to_the_ledger_at_a_time(box):
    """Whoever holds the lease is named; nothing is written beside him."""
    settings = load_settings()
    with run_of("plan", mode="post") as run, open_ops(settings.ops_store_url) as ops:
        made = plan_ledger(run)
        with (
            ops.lease(LEDGER_LEASE, holder="another machine"),
            pytest.raises(TransientError, match="another machine"),
        ):
            apply_to_ledger(run, made)
    assert posted(box) == 0


def test_a_process_that_lost_its_lease_stops_before_the_next_batch(box, monkeypatch):
    """What it sent stands; the other process goes on."""
    settings = load_settings()

    def lose(self) -> None:
        raise TransientError("it ran out")

    monkeypatch.setattr("nexabooks.ops.Lease.check", lose)
    with run_of("plan", mode="draft") as run:
        made = plan_ledger(run)
        with pytest.raises(TransientError, match="ran out"):
            apply_to_ledger(run, made)
    assert posted(box) == 0
    with open_ops(settings.ops_store_url) as ops:
        assert {receipt["action"] for receipt in ops.receipts_after(0, 999)} == {"partner_create"}


def test_an_approval_runs_out(box, monkeypatch, capsysbinary):
    """A yes of long ago is no yes; until when it holds is in its answer."""
    document = plan()
    capsysbinary.readouterr()
    approve_plan(document["hash"], by="A. Accountant", note="", as_json=True)
    answered = orjson.loads(capsysbinary.readouterr().out)
    assert (answered["plan_hash"], answered["approved_by"]) == (document["hash"], "A. Accountant")
    assert datetime.fromisoformat(answered["expires_at"]) == load_settings().now() + timedelta(days=14)
    later = load_settings().now() + timedelta(days=15)
    monkeypatch.setenv("NEXABOOKS_CLOCK", later.isoformat())
    with run_of("post_approved", mode="post") as run, pytest.raises(PermanentError, match="ran out"):
        approved_plan(run, document["hash"])


def test_a_source_that_is_held_back_since_the_approval_is_not_posted(box, monkeypatch):
    """NEXABOOKS_LEDGER_MODES as it is when the plan is carried out holds back in an approved plan too."""
    document = plan()
    approve_plan(document["hash"], by="A. Accountant", note="")
    monkeypatch.setenv("NEXABOOKS_LEDGER_MODES", "lago=draft")
    with run_of("post_approved", mode="post") as run:
        carried_out = approved_plan(run, document["hash"])
    assert {(a.source_system, a.verb) for a in carried_out.actions if a.verb in ("create", "post")} == {
        ("stripe", "create"),
        ("stripe", "post"),
        ("lago", "create"),
    }


def test_a_plan_that_waits_is_reminded_of_after_three_days(box, monkeypatch):
    """Not before, and not after it ran out."""
    settings = load_settings()
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        ops.ask_approval("flow 1", "1-abc", valid_for=timedelta(days=14))

    def replan() -> None:
        with run_of("plan", mode="post") as run:
            plan_ledger(run)

    for days, is_said in ((2, False), (3, True), (14, False)):
        monkeypatch.setenv("NEXABOOKS_CLOCK", (settings.now() + timedelta(days=days)).isoformat())
        assert any("plan 1-abc has waited" in sentence for sentence in heard(replan)) is is_said


def test_a_brake_parks_what_is_unusual_and_a_person_lets_it_go_once(box, monkeypatch, capsysbinary):
    """The largest invoice waits, the others would go; after the allowance it is in the plan."""
    everything = plan()
    largest = max((row for row in everything["actions"] if row["verb"] == "post"), key=lambda row: row["total_minor"])
    monkeypatch.setenv("NEXABOOKS_BRAKE_INVOICE_AMOUNT", str(largest["total_minor"] // 100 - 1))
    braked = plan()
    (trip,) = [t for t in braked["trips"] if largest["source_invoice_id"] in t["trip_key"]]
    assert largest["invoice_number"] in verbs(braked, "park")
    assert verbs(braked, "post") == verbs(everything, "post") - verbs(braked, "park")
    monkeypatch.setenv("NEXABOOKS_BRAKE_INVOICE_AMOUNT", "0")
    plan()
    monkeypatch.setenv("NEXABOOKS_BRAKE_INVOICE_AMOUNT", str(largest["total_minor"] // 100 - 1))
    assert plan()["hash"] == braked["hash"]  # an earlier plan comes back: it is the last one again
    with pytest.raises(PermanentError, match="no single brake"):
        allow_brake("customer_amount", by="A. Accountant", why="because")
    capsysbinary.readouterr()
    allow_brake(trip["trip_key"][:-3], by="A. Accountant", why="agreed with the customer", as_json=True)
    answered = orjson.loads(capsysbinary.readouterr().out)
    assert (answered["trip_key"], answered["allowed_by"]) == (trip["trip_key"], "A. Accountant")
    assert largest["invoice_number"] in verbs(plan(), "post")


def test_what_changed_in_odoo_since_the_approval_is_left_out_and_the_rest_is_posted(box, monkeypatch):
    """Braked or not, an approved plan is posted as it was shown; the invoice that somebody drafted meanwhile waits."""
    monkeypatch.setenv("NEXABOOKS_BRAKE_CUSTOMER_INVOICES", "1")
    document = plan()
    assert document["braked"]
    approve_plan(document["hash"], by="A. Accountant", note="looked at all of it")
    changed = next(row for row in document["actions"] if row["verb"] == "park")
    monkeypatch.delenv("NEXABOOKS_BRAKE_CUSTOMER_INVOICES")
    draft_one(changed["source_invoice_id"])
    said = heard(lambda: post_approved.fn(document["hash"]))
    assert posted(box) == 22
    assert any(NOT_APPROVED in sentence and changed["source_invoice_id"] in sentence for sentence in said)
    rest = plan()
    assert verbs(rest, "post") == {changed["invoice_number"]}


def draft_one(source_invoice_id: str) -> None:
    """As if another run had made this one draft."""
    with run_of("plan", mode="draft") as run:
        made = plan_ledger(run)
        wanted = {a.customer_id for a in made.actions if a.source_invoice_id == source_invoice_id}
        some = [a for a in made.actions if a.source_invoice_id in {source_invoice_id, *wanted}]
        apply_to_ledger(run, made.only(a.fingerprint for a in some))


def test_without_a_server_nobody_can_be_asked(box):
    """The command line names an approved plan instead."""
    with pytest.raises(PermanentError, match="post-approved --plan"):
        post_approved.fn()


def test_a_difference_is_resolved_by_its_key(box, capsysbinary):
    """Class and amounts come from the published break; a key that is none is refused, and `open` takes the decision back."""
    facts = ("source_minor", "ledger_minor", "currency_code", "first_seen_on")
    (first, *_) = published(
        load_settings(), f"select break_key, class, {', '.join(facts)} from finance.breaks order by break_key"
    )
    with pytest.raises(PermanentError, match="no single difference"):
        resolve_break("no such key", resolution="accepted", by="A. Accountant", why="because")
    with pytest.raises(PermanentError, match="names who decides"):
        resolve_break(first["break_key"], resolution="accepted", by=" ", why="because")
    resolve_break(first["break_key"], resolution="accepted", by="A. Accountant", why="known since May")
    assert b"resolved" in capsysbinary.readouterr().out
    resolve_break(first["break_key"], resolution="accepted", by="A. Accountant", why="known since May", as_json=True)
    answered = orjson.loads(capsysbinary.readouterr().out)
    assert (answered["break_key"], answered["why"]) == (first["break_key"], "known since May")
    with open_ops(load_settings().ops_store_url) as ops:
        (decided,) = ops.resolutions()
    assert (decided.break_class, decided.resolution) == (first["class"], "accepted")
    assert {name: getattr(decided, name) for name in facts} == {name: first[name] for name in facts}
    resolve_break(first["break_key"], resolution="open", by="A. Accountant", why="it is another one")
    with open_ops(load_settings().ops_store_url) as ops:
        assert [found.resolution for found in ops.resolutions()] == ["open"]
    assert f"opened {first['break_key']} again: it is another one" in " ".join(
        capsysbinary.readouterr().out.decode().split()
    )


def test_the_posting_user_of_a_world_that_is_set_up_is_ready(box):
    """The check before each apply finds nothing that blocks."""
    settings = load_settings()
    with open_warehouse(settings.warehouse_path) as db:
        desired = read_desired(db, (), None, None)
    with open_odoo(settings, "write") as client:
        assert blocking(check(client, desired)) == []


def test_a_correction_that_was_cut_off_is_finished_by_the_same_command(box, monkeypatch, ledger_only):
    """Approvals, intents and the page are the ops store's: the second run posts the new entry, a third one nothing."""
    rows = box.odoo.books.env()["account.move"].table.rows.values()
    entry = next(r for r in rows if r["state"] == "posted" and r["move_type"] == "out_invoice")
    entry["ref"] = "another number"  # as a person may write it in Odoo
    document = plan()
    (row,) = [row for row in document["actions"] if row["verb"] == "correct"]
    approve_plan(document["hash"], by="A. Accountant", note="the number was overwritten")

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("nexabooks.ledger.apply.write_drafts", dies)
        post_approved.fn(document["hash"])
    assert revisions(box, row["source_invoice_id"]) == {"": "posted"}
    (trip,) = [t for t in plan()["trips"] if t["brake"] == "taken_back"]
    assert "was cut off, and nexabooks run post-approved with the same plan finishes it" in trip["says"]
    said = heard(lambda: post_approved.fn(document["hash"]))
    assert any("it is finished now" in sentence for sentence in said)
    post_approved.fn(document["hash"])
    assert revisions(box, row["source_invoice_id"]) == {"": "posted", "2": "posted"}


def revisions(box, source_invoice_id: str) -> dict[str, str]:
    """The state of each posting of an invoice."""
    rows = box.odoo.books.env()["account.move"].table.rows.values()
    return {r["x_fc_revision"] or "": r["state"] for r in rows if r["x_fc_source_invoice_id"] == source_invoice_id}
