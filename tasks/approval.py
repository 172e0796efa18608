"""Asking a person for a yes: the form in the Prefect UI, the reminder, and the end of the waiting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.context import FlowRunContext
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput

from nexabooks.errors import PermanentError
from nexabooks.ledger import Plan
from nexabooks.ledger.plan_words import VERB_SAYS
from nexabooks.ops import open_ops
from nexabooks.settings import Settings, load_settings
from tasks.artifacts import readable
from tasks.check import check_marts
from tasks.ledger import plan_ledger, require_built
from tasks.plans import page_of
from tasks.run import Run, run_of

ROWS_SHOWN = 500  # an artifact is read in a browser; the page and `nexabooks plan --json` have every row


class Approval(RunInput):
    """The form: who looked at the plan, what he says to it, and yes or no."""

    plan_hash: str
    approved_by: str
    note: str = ""
    is_approved: bool = False


def ask_for_approval() -> str:
    """The hash of a plan that a person approved in the Prefect UI.

    The first time: makes a plan of what `post` would do, shows it as artifacts and suspends this flow run, which frees its
    process. Resumed, the same flow run comes here again and goes on with the plan that was shown. Raises PermanentError
    outside Prefect, when there is nothing to approve, when the person says no, or names nobody.
    """
    settings, request_id = load_settings(), _flow_run_id()
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        request = ops.request(request_id)
    plan_hash = request.plan_hash if request else show_plan(settings, request_id)
    valid_for = timedelta(days=settings.approval_expiry_days)
    form = Approval.with_initial_data(description=_description(settings, plan_hash), plan_hash=plan_hash)
    answer = suspend_flow_run(wait_for_input=form, timeout=int(valid_for.total_seconds()), key="approval")
    if not answer.is_approved or not answer.approved_by.strip():
        raise PermanentError(
            f"The plan {plan_hash} was not approved: {answer.note or 'no name, or no yes, was given'}. Nothing was posted."
        )
    if answer.plan_hash != plan_hash:
        raise PermanentError(
            f"The form names the plan {answer.plan_hash}, and {plan_hash} was shown. Nothing was posted; start the flow again."
        )
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        ops.approve(plan_hash, by=answer.approved_by, note=answer.note, valid_for=valid_for)
    return plan_hash


def _flow_run_id() -> str:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None or context.flow_run.deployment_id is None:
        raise PermanentError(
            "Nobody can be asked here: only a run of the deployment post-approved can wait for an answer. Start that one, or "
            "name an approved plan, with `nexabooks run post-approved --plan HASH`. Nothing was posted."
        )
    return str(context.flow_run.id)


def show_plan(settings: Settings, request_id: str) -> str:
    """Plan what `post` would do, keep it as artifacts, and write down that `request_id` waits for a yes; the plan's hash."""
    with run_of("plan", mode="post") as run:
        require_built(run)
        plan = plan_ledger(run, check_marts(run))
        _keep_plan_artifacts(run, plan)
    if not plan.has_work:
        raise PermanentError("There is nothing to approve: Odoo holds what the sources confirm. Nothing was posted.")
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        ops.ask_approval(request_id, plan.hash, valid_for=timedelta(days=settings.approval_expiry_days))
    return plan.hash


def _keep_plan_artifacts(run: Run, plan: Plan) -> None:
    """The plan in the Prefect UI: what a person decides on, as tables."""
    rows: list[dict[str, Any]] = [
        {"step": VERB_SAYS[row["verb"]]}
        | {name: row[name] for name in ("invoice_number", "customer_name", "dated_on", "total_minor", "currency_code", "reason")}
        for row in plan.rows()
        if row["verb"] != "keep"
    ]  # fmt: skip
    more = f" {len(rows) - ROWS_SHOWN} more rows are on the page." if len(rows) > ROWS_SHOWN else ""
    create_table_artifact(
        key="plan-steps",
        table=[readable(row) for row in rows[:ROWS_SHOWN]],
        description=f"Plan {plan.hash}: one row a step, and what waits with its reason.{more}",
    )
    families = [
        f"| {t['service_family']} | {t['account_code']} | {readable(t)['net']} |"
        for t in plan.to_dict()["family_totals"]
    ]
    brakes = [f"- **{trip.brake}**: {trip.says}; held: {len(trip.holds)}" for trip in plan.trips]
    create_markdown_artifact(
        key="plan-summary",
        markdown="\n".join(
            [f"# Plan {plan.hash}", f"The whole page: `{page_of(run.settings, plan.hash)}`", "",
             "| family | account | before tax |", "|---|---|---|", *families, "", *brakes]
        ),
        description="What comes into the books, and which brakes hold something back.",
    )  # fmt: skip


def _description(settings: Settings, plan_hash: str) -> str:
    return (
        f"Plan `{plan_hash}` would be posted to Odoo. Look at the artifacts `plan-summary` and `plan-steps` of this run, or "
        f"at the page `{page_of(settings, plan_hash)}`. Set is_approved, and say who you are. What changes until then is "
        f"left out. After {settings.approval_expiry_days} days this question runs out."
    )
