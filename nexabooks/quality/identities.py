"""Sentences that must hold over the whole road, each a file with a query that returns the rows that break it.

    -- What was billed at the source is what the marts say, per currency and month.
    select ...

The first comment is the sentence. `-- severity: warn` on a line of its own makes it one that is only shown.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb

from nexabooks.quality.promises import files_in
from nexabooks.quality.results import SHOWN_KEYS, CheckResult, as_text, key_text
from nexabooks.stopping import closed_after


def run_identities(
    connection: duckdb.DuckDBPyConnection,
    identities_dir: Path,
    *,
    run_id: str,
    checked_at: datetime,
    site_dir: Path | None = None,
) -> list[CheckResult]:
    """Run each `*.sql` of `identities_dir` in the order of its name; one result a file, failing rows as text.

    A query that cannot run is a failed error result that says so, and the others go on. With `site_dir` the results
    stand on the page of this run. Raises SettingsError when there is no such folder or no file in it.
    """
    files = files_in(identities_dir, "*.sql")
    with closed_after(connection.cursor()) as cursor:
        results = [_checked(cursor, path, run_id, checked_at) for path in files]
    if site_dir is not None:
        from nexabooks.quality.site import write_results

        write_results(site_dir, "identities", results, run_id=run_id, checked_at=checked_at)
    return results


def _checked(cursor: duckdb.DuckDBPyConnection, path: Path, run_id: str, checked_at: datetime) -> CheckResult:
    query = path.read_text(encoding="utf-8")
    sentence, severity = _read_header(query)
    blank = CheckResult(
        run_id, checked_at, "identities", path.stem, sentence or path.stem, severity, True, 0, (), "It holds."
    )
    if not sentence:
        return _broken(blank, f"{path.name} does not begin with a comment that says what must hold")
    try:
        found = cursor.execute(query)
        names = [column[0] for column in found.description or []]
        broken = found.fetchall()
    except duckdb.Error as error:
        return _broken(blank, str(error).strip().split("\n")[0])
    if not broken:
        return blank
    shown = [dict(zip(names, row, strict=True)) for row in broken[:SHOWN_KEYS]]
    keys = tuple(key_text(row, ()) for row in shown)
    rows = tuple({name: as_text(value) for name, value in row.items()} for row in shown)
    count = "1 row breaks it" if len(broken) == 1 else f"{len(broken)} rows break it"
    return replace(
        blank, is_ok=False, unexpected_count=len(broken), failing_keys=keys, says=f"{count}: {keys[0]}.", rows=rows
    )


def _read_header(query: str) -> tuple[str, str]:
    """The sentence (the first comment lines) and the severity; comments after the severity are reasons, not shown."""
    said: list[str] = []
    for line in query.strip().splitlines():
        words = line.lstrip("- ").strip()
        named = re.fullmatch(r"severity: (error|warn)", words)
        if named or not line.startswith("--"):
            return " ".join(said), named[1] if named else "error"
        said.append(words)
    return " ".join(said), "error"


def _broken(blank: CheckResult, why: str) -> CheckResult:
    return replace(
        blank,
        is_ok=False,
        severity="error",
        unexpected_count=1,
        is_broken=True,
        says=f"It could not be checked: {why}.",
    )
