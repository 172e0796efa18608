"""Refresh: read, build, check, publish. Posts nothing; every 15 minutes."""

from __future__ import annotations

from datetime import date

from prefect import flow

from flows.naming import run_name
from tasks.breaks import remember_breaks
from tasks.build import build_models
from tasks.check import check_marts
from tasks.ingest import ingest
from tasks.publish import publish_books
from tasks.report import CloseReport, finish
from tasks.run import run_of
from tasks.step import in_one_sentence


@flow(name="refresh", flow_run_name=run_name, log_prints=True)
@in_one_sentence
def refresh(day: date | None = None) -> CloseReport:
    """Bring what finance reads up to date; the ledger is not touched."""
    with run_of("refresh", day, at_most="dry_run", needs_ledger=False) as run:
        reads = [ingest(run, source) for source in (*run.settings.source_names, "ops")]
        build_models(run)
        check_marts(run)
        remember_breaks(run)
        publish_books(run)
        return finish(run, reads)
