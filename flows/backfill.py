"""Backfill: the invoices of past days as drafts in Odoo, for a person to review."""

from __future__ import annotations

from datetime import date

from prefect import flow

from flows.naming import run_name
from tasks.breaks import remember_breaks
from tasks.build import build_models
from tasks.check import check_marts
from tasks.ingest import ingest
from tasks.ledger import apply_to_ledger, plan_ledger, read_back
from tasks.publish import publish_books
from tasks.report import CloseReport, finish
from tasks.run import require_days, run_of
from tasks.step import in_one_sentence


@flow(name="backfill", flow_run_name=run_name, log_prints=True)
@in_one_sentence
def backfill(first: date, end: date) -> CloseReport:
    """Draft the invoices dated from `first` up to `end` (not included). Never posts, whatever the settings say, and writes
    nothing to Odoo where they say dry_run."""
    require_days(first, end)
    with run_of("backfill", first, at_most="draft") as run:
        reads = [ingest(run, source, full=True) for source in run.settings.source_names]
        read_back(run)
        build_models(run)
        parked = check_marts(run)
        apply_to_ledger(run, plan_ledger(run, parked, first=first, end=end))
        read_back(run)
        build_models(run)
        check_marts(run)
        remember_breaks(run)
        publish_books(run)
        return finish(run, reads)
