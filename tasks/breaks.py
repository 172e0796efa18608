"""Since when a difference waits is remembered outside the warehouse, which may be rebuilt at any time."""

from __future__ import annotations

from nexabooks.ops import open_ops
from nexabooks.warehouse import open_warehouse
from tasks.ingest import SourceRead, ingest
from tasks.run import Run
from tasks.step import step


@step("remember the breaks")
def remember_breaks(run: Run) -> SourceRead:
    """Note every open break and every restatement with the day it was first seen; one that is no longer there ends, and begins
    anew when it returns. Land what the ops store knows now."""
    with open_warehouse(run.settings.warehouse_path) as db:
        seen = {
            row["break_key"]: row["first_seen_on"]
            for row in db.rows(
                "select break_key, first_seen_on from marts.fct_breaks "
                "union all select restatement_key, first_seen_on from marts.fct_restatements"
            )
        }
    with open_ops(run.settings.ops_store_url, now=run.settings.now) as ops:
        ops.note_sightings(seen)
    return ingest(run, "ops")
