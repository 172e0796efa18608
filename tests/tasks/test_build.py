"""A run builds twice, before and after it wrote to the ledger, and both times from the same SQL."""

from __future__ import annotations

from tasks.build import project_of
from tests.warehouse.projects import write_project


def test_what_somebody_edits_while_a_run_goes_on_waits_for_the_next_run(tmp_path):
    """The invoices that a close posts and those that it reconciles come of the same models."""
    folder = write_project(tmp_path)
    model = folder / "models/staging/stg_nexacloud__users.sql"
    before = project_of("run 1", folder).node(model.stem).raw_sql
    model.write_text(f"-- edited\n{before}", encoding="utf-8")
    assert project_of("run 1", folder).node(model.stem).raw_sql == before
    assert project_of("run 2", folder).node(model.stem).raw_sql.startswith("-- edited")
