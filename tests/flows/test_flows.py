"""Each flow once under Prefect: it runs to its end, its streams and models are tasks, its artifacts are there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey, FlowRunFilter, FlowRunFilterId

from flows.backfill import backfill
from flows.daily_close import daily_close
from flows.post_approved import post_approved
from flows.refresh import refresh
from flows.relist import relist
from nexabooks.errors import PermanentError
from nexabooks.settings import load_settings
from tasks.step import in_one_sentence, step

ROOT = Path(__file__).parents[2]


def ledger(report) -> dict[str, int]:
    return {row["ledger_state"]: row["entry_count"] for row in report.blocks["ledger"]}


def test_refresh_publishes_and_posts_nothing(box):
    """Finance reads, the ledger is untouched."""
    report = refresh()
    assert report.unread == ()
    assert report.mode == "dry_run"  # although the settings say post
    assert load_settings().published_path.exists()
    assert box.odoo.totals()["documents"].get("posted", 0) == 0


def test_a_backfill_in_dry_run_writes_nothing_to_odoo(box, monkeypatch):
    """A backfill may make drafts at most: the stricter mode of the settings holds. Said of the books, so without a server."""
    monkeypatch.setenv("NEXABOOKS_LEDGER_MODE", "dry_run")
    before = box.odoo.totals()
    report = backfill.fn(date(2026, 3, 1), date(2026, 4, 1))
    assert report.mode == "dry_run"
    assert report.ledger_changes == 0
    assert box.odoo.totals() == before


def test_backfill_makes_drafts_of_its_days_and_posts_nothing(box):
    """March 2026 as drafts, although the settings say post."""
    report = backfill(date(2026, 3, 1), date(2026, 4, 1))
    assert report.mode == "draft"
    assert {step["outcome"] for step in report.steps} == {"done"}
    assert ledger(report)["draft"] > 0
    assert box.odoo.totals()["documents"].get("posted", 0) == 0


def test_an_unapproved_plan_is_not_posted(box):
    """What nobody approved, nobody posts; it is refused before a source is asked."""
    box.stripe.faults.calls.clear()
    with pytest.raises(PermanentError, match="not approved"):
        post_approved("0123456789abcdef")
    assert box.stripe.faults.calls == []


def test_daily_close_posts_what_is_verified_and_shows_every_step_as_a_task(box):
    """23 invoices; each stream and each model is a task of the run; three artifacts stand beside it."""
    report = daily_close(date(2026, 6, 2))
    assert ledger(report)["posted"] == 23
    with get_client(sync_client=True) as client:
        run = next(r for r in client.read_flow_runs() if r.name == "daily_close 2026-06-02")
        names = {
            task.name
            for page in range(0, 800, 200)
            for task in client.read_task_runs(
                flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])), limit=200, offset=page
            )
        }
        found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(exists_=True)))
    assert run.state is not None
    assert run.state.is_completed()
    assert {
        "read stripe",
        "stripe invoices",
        "nexacloud users",
        "build the models",
        "apply to Odoo",
        "publish",
    } <= names
    assert any(name.startswith("build fct_invoices") for name in names)
    artifacts = {artifact.key: str(artifact.data) for artifact in found if artifact.flow_run_id == run.id}
    assert {"ledger-summary", "open-breaks", "run-summary"} == set(artifacts)
    assert re.search(r"\| stripe \| [1-9]\d* \| \d+ \|", artifacts["run-summary"])
    assert "post done 23" in artifacts["run-summary"]
    assert artifacts["open-breaks"].index("says") < artifacts["open-breaks"].index("break_key")


def test_relist_of_an_unchanged_world_changes_nothing(box):
    """The full comparison finds what the incremental reading found."""
    report = relist()
    assert report.mode == "dry_run"
    changed = {row["source"]: row["changed_count"] for row in report.blocks["sources"]}
    assert {"nexacloud", "stripe", "lago", "vtiger"} <= set(changed)
    assert set(changed.values()) == {0}
    assert report.blocks["relisted"] == []


def test_what_incremental_reading_missed_is_a_warning_everywhere_and_no_failed_run(box):
    """In the report, in the artifact, in the published file and among its checks; and no record is counted twice."""
    world = box.world
    changed = next(invoice for invoice in world.invoices if invoice.source == "stripe" and invoice.status == "void")
    others = tuple(invoice for invoice in world.invoices if invoice is not changed)
    box.show(replace(world, invoices=(*others, replace(changed, number="NXC-9999"))))
    try:
        report = relist(date(2026, 6, 7))
    finally:
        box.show(world)
    (found,) = report.as_json()["blocks"]["relisted"]
    assert (found["source"], found["table_name"], found["kind"]) == ("stripe", "invoices", "changed")
    assert (found["is_missed"], found["record_count"], found["record_keys"]) == (True, 1, [changed.id])
    assert (report.exit_code, report.unread) == (0, ())
    with get_client(sync_client=True) as client:
        run = next(r for r in client.read_flow_runs() if r.name == "relist 2026-06-07")
        artifacts = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["run-summary"])),
            flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])),
        )
    assert run.state is not None
    assert run.state.is_completed()
    assert found["says"] in str(artifacts[0].data)
    with duckdb.connect(str(load_settings().published_path), read_only=True) as published:
        kept = published.execute("select run_id, record_keys from finance.relist_findings where is_missed").fetchall()
    assert kept == [(report.run_id, f'["{changed.id}"]')]
    assert "identities.15_incremental_reading_misses_nothing" in [row["model"] for row in report.blocks["broken"]]
    read = {row["source"]: row["read_count"] for row in report.blocks["sources"]}
    assert read["vtiger"] == 25  # 3 contracts, 7 cases, 4 accounts, 5 contacts, 6 links: each of them once


def test_every_deployment_names_a_flow_that_exists_and_shares_the_pool():
    """prefect.yaml's entry points are in module form and import; all writers are in one pool."""
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    flows = {f.name: f for f in (refresh, daily_close, relist, backfill, post_approved)}
    assert {d["entrypoint"].rsplit(".", 1)[1] for d in deployments} == set(flows)
    for deployment in deployments:
        name = deployment["entrypoint"].rsplit(".", 1)[1]
        assert deployment["entrypoint"] == f"flows.{name}.{name}"
        assert deployment["work_pool"] == {"name": "nexabooks"}


went_on: list[object] = []


@step("refuse")
def refuse() -> list[str]:
    raise PermanentError("The key was refused.")


@flow
@in_one_sentence
def refusing() -> None:
    went_on.append(refuse())


def test_a_flow_does_not_go_on_after_a_step_that_failed(prefect_server):
    """A step that fails under Prefect stops its flow, as it does elsewhere: nothing may be posted after a failed check."""
    with pytest.raises(PermanentError, match="The key was refused"):
        refusing()
    assert went_on == []
