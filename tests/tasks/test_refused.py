"""A step that Odoo refused, or of which nobody knows, ends its run as something to act on; the books say it until it came about."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from types import SimpleNamespace

import pytest

from flows.daily_close import daily_close
from nexabooks.cli.asking import published
from nexabooks.cli.examining import apply_odoo_setup
from nexabooks.clients.odoo import OdooWriter
from nexabooks.errors import LedgerRefused, PermanentError, TransientError
from nexabooks.sandbox.making import item, utc
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.sandbox.traps_making import of_stripe
from nexabooks.sandbox.traps_people import PLAIN
from nexabooks.sandbox.world import World
from nexabooks.settings import load_settings
from tasks.ledger import unsettled
from tasks.report import CloseReport, finish

INVOICES = tuple(of_stripe(name, [item("Managed Odoo", 10000)]) for name in ("good", "bad"))
BAD = INVOICES[1].id
WORDS = "Odoo refused account.move/action_post: The account is archived. Another attempt will not help."
REPORT = CloseReport("run-1", "daily_close", "2026-06-02", "post", {})


@pytest.fixture
def box(tmp_path, monkeypatch, ledger_only):
    world = World("refused", utc("2026-06-02T10:00"), users=(PLAIN,), invoices=INVOICES)
    with Sandbox(world, tmp_path / "world") as box:
        for name, value in (box.environment() | {"NEXABOOKS_HOME": str(tmp_path / "home")}).items():
            monkeypatch.setenv(name, value)
        apply_odoo_setup()
        yield box


def refusing(write_call):
    """Odoo as it posts every entry but one."""

    def call(self, model, method, **arguments):
        if method == "action_post":
            held = self.search_read(model, [["id", "in", arguments["ids"]]], ["x_fc_source_invoice_id"])
            if any(row["x_fc_source_invoice_id"] == BAD for row in held):
                raise LedgerRefused(WORDS, source="odoo")
        return write_call(self, model, method, **arguments)

    return call


def ask(sql: str) -> list[dict]:
    return published(load_settings(), sql)


def test_a_refused_posting_is_shown_until_it_came_about(box, monkeypatch):
    """Exit code 1, a run that is incomplete and names the record, a difference with Odoo's words; all gone when it is posted."""
    with monkeypatch.context() as patch:
        patch.setattr(OdooWriter, "write_call", refusing(OdooWriter.write_call))
        report = daily_close.fn()
    assert report.exit_code == 1
    (run,) = ask("select outcome, message from finance.runs")
    assert run["outcome"] == "incomplete"
    assert run["message"].startswith(f"2 steps in Odoo are refused: post of invoice {BAD}: {WORDS[:-1]}; pay of")
    (row,) = ask("select says, source_invoice_id from finance.breaks where class = 'refused'")
    assert row["source_invoice_id"] == BAD
    assert row["says"].endswith(WORDS)
    again = daily_close.fn()
    assert (again.exit_code, again.unsettled) == (0, ())
    assert ask("select class from finance.breaks where class = 'refused'") == []


@pytest.mark.parametrize(
    ("report", "exit_code"),
    [
        pytest.param(REPORT, 0, id="all done"),
        pytest.param(replace(REPORT, unread=("no answer",)), 75, id="a source that may answer later"),
        pytest.param(replace(REPORT, unread=("no right",), may_retry=False), 1, id="a source that will not"),
        pytest.param(replace(REPORT, steps=[{"action": "post", "outcome": "unclear", "count": 1}]), 75, id="unclear"),
        pytest.param(
            replace(REPORT, unread=("no answer",), steps=[{"action": "post", "outcome": "refused", "count": 1}]),
            1,
            id="refused, whatever else may be tried again",
        ),
        pytest.param(replace(REPORT, steps=[{"action": "attach", "outcome": "refused", "count": 1}]), 0, id="a PDF"),
    ],
)
def test_a_person_who_must_act_goes_before_another_attempt(report, exit_code):
    """A scheduler that reads 75 tries again and tells nobody."""
    assert report.exit_code == exit_code


@pytest.mark.parametrize(("outcome", "kind"), [("refused", PermanentError), ("unclear", TransientError)])
def test_under_prefect_a_step_that_did_not_come_about_fails_the_run(monkeypatch, outcome, kind):
    """With the sentence; what may be tried again is an error that may be tried again. All is done all the same."""
    report = replace(REPORT, steps=[{"action": "post", "outcome": outcome, "count": 1}], unsettled=("Odoo said no.",))
    monkeypatch.setattr("tasks.report.report_close", lambda *_: report)
    run = SimpleNamespace(flow="daily_close", finished=Event())
    assert finish(run, []) is report
    monkeypatch.setattr("tasks.report.in_prefect", lambda: True)
    with pytest.raises(kind, match=r"and published\. Odoo said no\. Run daily_close again"):
        finish(run, [])
    assert run.finished.is_set()


def test_the_first_few_are_named_and_the_rest_counted():
    """One sentence for each outcome, however many steps came out so."""
    receipts = [
        {"action": "pay", "kind": "credit_note", "source_invoice_id": f"cn_{n}", "says": "No.", "outcome": "refused"}
        for n in range(5)
    ]
    receipts.append(receipts[0] | {"outcome": "unclear", "says": "no answer"})
    refused, unclear = unsettled(receipts)
    assert refused.startswith("5 steps in Odoo are refused: pay of credit note cn_0: No; pay of")
    assert "cn_2: No; and 2 more. A person must act" in refused
    assert unclear.startswith("1 step in Odoo is unclear: pay of credit note cn_0: no answer. Nobody knows")
