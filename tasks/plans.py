"""A plan is kept: under its hash in the ops store, as a page below the home folder, and in the memory of who must approve."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from nexabooks.ledger import Plan
from nexabooks.ledger.plan_diff import plan_diff
from nexabooks.ledger.plan_page import plan_page
from nexabooks.ops import open_ops
from nexabooks.settings import Settings
from tasks.run import Run


def keep_plan(run: Run, plan: Plan) -> None:
    """Save the plan under its hash, and as a page that says what is different from the plan before."""
    settings = run.settings
    document = plan.to_dict()
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        last = ops.latest_plan()
        ops.save_plan(plan.hash, run.run_id, document)
    if last and last.plan_hash == plan.hash and page_of(settings, plan.hash).exists():
        return  # its page says already what was new when it was made
    changes = plan_diff(last.plan if last else None, document)
    settings.plans_dir.mkdir(parents=True, exist_ok=True)
    page_of(settings, plan.hash).write_text(plan_page(document, changes, made_at=settings.now()), encoding="utf-8")


def page_of(settings: Settings, plan_hash: str) -> Path:
    """Where the page of a plan lies."""
    return settings.plans_dir / f"{plan_hash}.html"


def remind(run: Run) -> None:
    """Say which plans have waited for an approval longer than the setting allows without a word."""
    since = run.settings.now() - timedelta(days=run.settings.approval_reminder_days)
    with open_ops(run.settings.ops_store_url, now=run.settings.now) as ops:
        waiting = [request for request in ops.waiting_requests() if request.at <= since]
    for request in waiting:
        run.say(
            f"reminder: plan {request.plan_hash} has waited for an approval since {request.at:%Y-%m-%d %H:%M} UTC and runs "
            f"out at {request.expires_at:%Y-%m-%d %H:%M} UTC. Approve it in the Prefect UI, where its run is suspended."
        )
