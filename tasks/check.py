"""Hold the data against its promises; an error on a mart stops the run before anything is posted or published."""

from __future__ import annotations

from nexabooks.errors import QualityFailed
from nexabooks.quality import ParkedInvoice, in_a_sentence, run_checks, run_identities
from nexabooks.warehouse import mark_stale, open_warehouse, record_quality
from tasks.run import Run
from tasks.step import step


@step("check the marts")
def check_marts(run: Run) -> list[ParkedInvoice]:
    """Check staging, marts and the identities; the results become rows and a page. Returns the invoices that must wait.

    Raises QualityFailed when an error is not confined to single invoices; the published file is then marked stale.
    """
    at, settings = run.settings.now(), run.settings
    site_dir = settings.home / "quality"
    run.say_detail("Holding the data against its promises.")
    with open_warehouse(settings.warehouse_path) as db:
        reports = [
            run_checks(
                db.con, settings.expectations_dir, run_id=run.run_id, checked_at=at, scope=scope, site_dir=site_dir
            )
            for scope in ("staging", "marts")
        ]
        identities = run_identities(
            db.con, settings.expectations_dir / "identities", run_id=run.run_id, checked_at=at, site_dir=site_dir
        )
        results = [*(result for report in reports for result in report.results), *identities]
        record_quality(db, [result.row() for result in results], run_id=run.run_id)
    sentence = in_a_sentence("quality", results)
    run.say(sentence)
    if any(result.is_blocking for result in results):
        mark_stale(settings.published_path, reason=sentence, at=at)
        run.unpublished.clear()  # readers know it by now, in fewer words than the error's
        raise QualityFailed(
            f"{sentence} Nothing was posted or published after this; readers keep the last good file, marked stale. "
            f"See {site_dir / 'index.html'}."
        )
    return [parked for report in reports for parked in report.parked_keys]
