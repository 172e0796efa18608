"""Relist: once a week, everything each source has is listed whole and compared with what was landed bit by bit."""

from __future__ import annotations

from datetime import date

from prefect import flow

from flows.naming import run_name
from tasks.breaks import remember_breaks
from tasks.build import build_models
from tasks.check import check_marts
from tasks.ingest import ingest
from tasks.publish import publish_books
from tasks.relisting import list_whole, name_missed
from tasks.report import CloseReport, finish
from tasks.run import run_of
from tasks.step import in_one_sentence


@flow(name="relist", flow_run_name=run_name, log_prints=True)
@in_one_sentence
def relist(day: date | None = None) -> CloseReport:
    """Find what incremental reading missed, and what is gone at its source: read on as a refresh does, then whole. Posts nothing."""
    with run_of("relist", day, at_most="dry_run", needs_ledger=False) as run:
        reads = [ingest(run, source) for source in (*run.settings.source_names, "ops")]
        lists = [list_whole(run, read) for read in reads]
        name_missed(run, lists)
        build_models(run)
        check_marts(run)
        remember_breaks(run)
        publish_books(run)
        return finish(run, [*reads, *(one.read for one in lists)])
