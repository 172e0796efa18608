"""The daily close: from four sources to Odoo, read back, reconciled and published."""

from __future__ import annotations

from datetime import date

from prefect import flow

from flows.naming import run_name
from tasks.breaks import remember_breaks
from tasks.build import build_models
from tasks.check import check_marts
from tasks.documents import attach_documents
from tasks.ingest import ingest
from tasks.ledger import apply_to_ledger, plan_ledger, read_back
from tasks.publish import publish_books
from tasks.report import CloseReport, finish
from tasks.run import run_of
from tasks.step import in_one_sentence


@flow(name="daily_close", flow_run_name=run_name, log_prints=True)
@in_one_sentence
def daily_close(day: date | None = None) -> CloseReport:
    """Bring all that is verified from the sources into Odoo, whatever its day, and prove it.

    `day` (today, when not given) names the run and dates its reversals; it selects nothing.
    """
    with run_of("daily_close", day) as run:
        reads = [ingest(run, source) for source in run.settings.source_names]
        read_back(run)
        build_models(run)
        parked = check_marts(run)
        plan = plan_ledger(run, parked)
        apply_to_ledger(run, plan)
        attach_documents(run, plan)
        read_back(run)
        build_models(run)
        check_marts(run)
        remember_breaks(run)
        publish_books(run)
        return finish(run, reads)
