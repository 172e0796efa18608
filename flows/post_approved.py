"""Post what a person approved: exactly the plan he was shown, less what has changed since."""

from __future__ import annotations

from prefect import flow

from flows.naming import run_name
from tasks.approval import ask_for_approval
from tasks.breaks import remember_breaks
from tasks.build import build_models
from tasks.check import check_marts
from tasks.documents import attach_documents
from tasks.ingest import ingest
from tasks.ledger import apply_to_ledger, approval_in_force, approved_plan, read_back
from tasks.publish import publish_books
from tasks.report import CloseReport, finish
from tasks.run import run_of
from tasks.step import in_one_sentence


@flow(name="post_approved", flow_run_name=run_name, log_prints=True)
@in_one_sentence
def post_approved(plan_hash: str = "") -> CloseReport:
    """Carry out the approved plan `plan_hash`; without one, show a plan and wait for a person's yes.

    The sources are read again first: a step whose invoice or entry changed since the plan was shown is left out and named.
    """
    plan_hash = plan_hash or ask_for_approval()
    with run_of("post_approved", mode="post") as run:
        approval_in_force(run, plan_hash)  # what nobody approved is refused before anything is read
        reads = [ingest(run, source) for source in run.settings.source_names]
        read_back(run)
        build_models(run)
        parked = check_marts(run)
        plan = approved_plan(run, plan_hash, parked)
        apply_to_ledger(run, plan)
        attach_documents(run, plan)
        read_back(run)
        build_models(run)
        check_marts(run)
        remember_breaks(run)
        publish_books(run)
        return finish(run, reads)
