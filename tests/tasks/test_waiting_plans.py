"""Which plans wait for a person's yes, with how many steps, and since when: the same in status, report and artifact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from nexabooks.cli import asking
from nexabooks.cli.screen import show_report
from nexabooks.ledger.journal import Receipt
from nexabooks.ops import open_ops
from nexabooks.settings import load_settings
from tasks import artifacts
from tasks.plans import waiting_plans
from tasks.report import QUESTIONS, CloseReport

NOW = datetime(2026, 6, 2, 6, tzinfo=UTC)
MADE = "plan-2026-06-02-1"
CLOSE = "daily_close-2026-06-02-1"


def step(verb: str, invoice_id: str = "in_1", kind: str = "invoice") -> dict:
    return {"verb": verb, "source_system": "stripe", "source_invoice_id": invoice_id, "kind": kind}


def document(*actions: dict, braked: int = 0) -> dict:
    return {"mode": "post", "actions": list(actions), "braked": [str(n) for n in range(braked)], "trips": []}


@pytest.fixture
def ops(monkeypatch, tmp_path):
    """The ops store of an installation in which nothing else is, and whose clock stands still."""
    monkeypatch.setenv("NEXABOOKS_HOME", str(tmp_path))
    monkeypatch.setenv("NEXABOOKS_CLOCK", NOW.isoformat())
    settings = load_settings()
    with open_ops(settings.ops_store_url, now=settings.now) as store:
        yield store


def waiting() -> list[tuple[str, int, datetime]]:
    return [(plan.plan_hash, plan.step_count, plan.since) for plan in waiting_plans(load_settings())]


def test_a_plan_that_was_made_to_be_looked_at_waits_with_all_its_steps(ops):
    """What it writes, what a brake holds and what it proposes; not what it keeps, parks or reports."""
    ops.save_plan("abc", MADE, document(*map(step, ("create", "post", "correct", "keep", "park", "report")), braked=2))
    assert waiting() == [("abc", 5, NOW)]


def test_what_a_run_carries_out_by_itself_does_not_wait(ops):
    """Only its corrections and what its brakes hold do."""
    ops.save_plan("abc", CLOSE, document(step("post"), step("correct", "in_2"), braked=1))
    assert waiting() == [("abc", 2, NOW)]
    ops.save_plan("def", CLOSE, document(step("post")))
    assert waiting() == []


def test_a_plan_waits_on_while_runs_of_a_stricter_mode_come_after_it(ops):
    """A person asked what posting would do; the close that follows makes drafts and does not answer it."""
    ops.save_plan("asked", MADE, document(step("post")))
    ops.save_plan("drafts", CLOSE, document(step("create", "in_9")))
    assert waiting() == [("asked", 1, NOW)]


def test_what_waits_goes_on_waiting_when_a_run_is_taken_back(ops):
    """The way back is a plan of its own, and no answer to the corrections of the last run."""
    ops.save_plan("abc", CLOSE, document(step("correct")))
    ops.save_plan("back", "undo-2026-06-02-1", {"mode": "undo", "actions": []})
    assert waiting() == [("abc", 1, NOW)]


def test_a_step_that_was_carried_out_since_waits_no_more(ops):
    """By whatever run."""
    ops.save_plan("abc", MADE, document(step("post"), step("post", "in_2")))
    receipt = Receipt(
        f"{CLOSE} post stripe invoice in_1", CLOSE, "post", "stripe", "in_1", "invoice", "account.move", 7, "done", "posted", 1, 1,
        "CAD", NOW,
    )  # fmt: skip
    ops.journal(CLOSE).receipt([receipt])
    assert waiting() == [("abc", 1, NOW)]


def test_an_approved_plan_waits_again_when_its_approval_ran_out(ops, monkeypatch):
    """And a plan that is older than an approval may be is out of mind."""
    ops.save_plan("abc", MADE, document(step("post")))
    ops.approve("abc", by="Ann", valid_for=timedelta(days=1))
    assert waiting() == []
    monkeypatch.setenv("NEXABOOKS_CLOCK", (NOW + timedelta(days=2)).isoformat())
    assert waiting() == [("abc", 1, NOW)]
    monkeypatch.setenv("NEXABOOKS_CLOCK", (NOW + timedelta(days=14)).isoformat())
    assert waiting() == []


def test_a_flow_run_that_is_suspended_is_answered_where_it_was_asked(ops):
    """Its plan is counted once, also when it is the last one."""
    ops.save_plan("abc", MADE, document(step("post")))
    ops.ask_approval("flow run 1", "abc", valid_for=timedelta(days=14))
    (plan,) = waiting_plans(load_settings())
    assert plan.sentence() == (
        "plan abc: 1 steps have waited for an approval since 2026-06-02 06:00 UTC; answer its run in the Prefect UI"
    )


def test_status_says_it_to_a_person_and_to_a_program(ops, monkeypatch, capsysbinary):
    """Beside what the published file says."""
    ops.save_plan("abc", MADE, document(step("post")))
    publication = {"run_id": "r", "published_at": NOW, "is_stale": False, "stale_since": None, "stale_reason": None}
    monkeypatch.setattr(asking, "published", lambda _, sql, *__: [publication] if "finance.publication" in sql else [])
    asking.show_status(as_json=True)
    (told,) = orjson.loads(capsysbinary.readouterr().out)["waiting_plans"]
    assert (told["plan_hash"], told["step_count"]) == ("abc", 1)
    asking.show_status(as_json=False)
    assert b"plan abc: 1 steps have waited" in b" ".join(capsysbinary.readouterr().out.split())


def test_the_screen_and_the_artifact_of_a_run_say_it(monkeypatch, capsysbinary):
    """Each sentence of the report."""
    blocks = {name: [] for name in QUESTIONS}
    report = CloseReport("r", "daily_close", "2026-06-02", "draft", blocks, waiting=["plan abc: 1 steps have waited"])
    show_report(report)
    assert b"plan abc: 1 steps have waited" in capsysbinary.readouterr().out
    kept: list[str] = []
    monkeypatch.setattr(artifacts, "in_prefect", lambda: True)
    monkeypatch.setattr(artifacts, "create_table_artifact", lambda **_: None)
    monkeypatch.setattr(artifacts, "create_markdown_artifact", lambda markdown, **_: kept.append(markdown))
    artifacts.keep_artifacts(report)
    assert "\n- waits for a person: plan abc: 1 steps have waited" in kept[0]
