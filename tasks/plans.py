"""A plan is kept: under its hash in the ops store, as a page below the home folder, and in the memory of who must approve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from nexabooks.ledger import Plan
from nexabooks.ledger.actions import WRITING
from nexabooks.ledger.plan_diff import plan_diff
from nexabooks.ledger.plan_page import plan_page
from nexabooks.ops import OpsStore, SavedPlan, open_ops
from nexabooks.settings import Settings
from tasks.run import Run

# The runs that make a plan to be looked at; every other run carries out what it plans, but for what needs a person's yes.
LOOKING = "plan-"


@dataclass(frozen=True, slots=True)
class WaitingPlan:
    """A plan that would write something and that nobody approved: how many of its steps wait, and since when."""

    plan_hash: str
    step_count: int
    since: datetime
    says: str

    def sentence(self) -> str:
        """For a person, with what to do."""
        return (
            f"plan {self.plan_hash[:12]}: {self.step_count} steps have waited for an approval since "
            f"{self.since:%Y-%m-%d %H:%M} UTC; {self.says}"
        )


def waiting_plans(settings: Settings) -> list[WaitingPlan]:
    """The plans that wait for a person's yes, oldest first: those of flow runs that are suspended for it, the last one that was
    made to be looked at, and what the last run could not carry out by itself (corrections, and what a brake holds).

    A step that was carried out since does not wait; a plan is out of mind after NEXABOOKS_APPROVAL_EXPIRY_DAYS.
    """
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        asked = {request.plan_hash: request for request in ops.waiting_requests()}
        saved = [ops.plan(plan_hash) for plan_hash in asked] + [ops.latest_plan(of_runs=LOOKING), ops.latest_plan()]
        found = {}
        for plan in saved:
            if plan and plan.plan_hash not in found and _is_unanswered(ops, plan, settings):
                says = "answer its run in the Prefect UI" if plan.plan_hash in asked else _advice(settings, plan)
                found[plan.plan_hash] = WaitingPlan(plan.plan_hash, _steps_left(ops, plan), plan.at, says)
    return sorted((plan for plan in found.values() if plan.step_count), key=lambda plan: plan.since)


def _is_unanswered(ops: OpsStore, plan: SavedPlan, settings: Settings) -> bool:
    approval = ops.approval_of(plan.plan_hash)
    is_young = plan.at + timedelta(days=settings.approval_expiry_days) > settings.now()
    return is_young and not (approval and approval.holds_at(settings.now()))


def _steps_left(ops: OpsStore, plan: SavedPlan) -> int:
    wanted = {"correct", *(WRITING if plan.run_id.startswith(LOOKING) else ())}
    done = ops.done_since(plan.at)
    left = [
        action
        for action in plan.plan.get("actions", ())
        if action["verb"] in wanted
        and (action["verb"], action["source_system"], action["source_invoice_id"], action["kind"]) not in done
    ]
    return len(left) + len(plan.plan.get("braked", ()))


def _advice(settings: Settings, plan: SavedPlan) -> str:
    return f"look at {page_of(settings, plan.plan_hash)}, then `nexabooks approve {plan.plan_hash[:12]} --by NAME`"


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
