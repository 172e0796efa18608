"""Give finance a new file: built aside, checked, renamed into place."""

from __future__ import annotations

from typing import Any

from nexabooks.errors import QualityFailed
from nexabooks.quality import run_checks
from nexabooks.warehouse import Published, open_warehouse, publish, wording_of
from tasks.run import Run, record_end
from tasks.step import step


@step("publish")
def publish_books(run: Run) -> Published:
    """Copy schema `finance` into the published file. Raises QualityFailed when the new file breaks a promise; the old one stays."""
    settings, at = run.settings, run.settings.now()

    run.say_detail("Publishing.")

    def check(candidate: Any) -> None:
        report = run_checks(
            candidate,
            settings.expectations_dir,
            run_id=run.run_id,
            checked_at=at,
            scope="published",
            site_dir=settings.home / "quality",
        )
        run.say(report.sentence())
        if report.blocking:
            raise QualityFailed(f"{report.sentence()} The file was not published; readers keep the last good one.")

    record_end(run)  # the file tells of the run that made it
    with open_warehouse(settings.warehouse_path) as db:
        published = publish(
            db,
            settings.published_path,
            run_id=run.run_id,
            published_at=at,
            check=check,
            wording=wording_of(settings.sql_dir / "models" / "marts" / "finance"),
        )
    run.unpublished.clear()
    run.say(
        f"published: {sum(published.row_counts.values()):,} rows in {len(published.row_counts)} tables, {settings.published_path}."
    )
    return published
