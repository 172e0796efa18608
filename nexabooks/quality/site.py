"""The data-quality site: one folder, made anew each run, that needs no network.

<site_dir>/index.html           the page over every scope of this run (page.py)
<site_dir>/<scope>/             Great Expectations' Data Docs of that scope
<site_dir>/<scope>.json         its results, from which the page is made when the next scope has been checked
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from nexabooks.quality.data_docs import build_data_docs
from nexabooks.quality.page import CHAPTERS, render
from nexabooks.quality.results import CheckResult

if TYPE_CHECKING:
    from nexabooks.quality.gx_in_memory import Context


def write_scope(
    site_dir: Path,
    scope: str,
    results: Sequence[CheckResult],
    context: Context,
    *,
    run_id: str,
    checked_at: datetime,
) -> Path:
    """Put one scope's Data Docs and results into the site; the path of its first page."""
    site_dir.mkdir(parents=True, exist_ok=True)
    pages = build_data_docs(context, site_dir / scope)
    docs = {suite: f"{scope}/{page}" for suite, page in pages.items()}
    return write_results(site_dir, scope, results, run_id=run_id, checked_at=checked_at, docs=docs)


def write_results(
    site_dir: Path,
    scope: str,
    results: Sequence[CheckResult],
    *,
    run_id: str,
    checked_at: datetime,
    docs: dict[str, str] | None = None,
) -> Path:
    """Put one scope's results into the site and make the page over all scopes of `run_id`; the path of that page."""
    site_dir.mkdir(parents=True, exist_ok=True)
    kept = {"run_id": run_id, "docs": docs or {}, "results": [asdict(result) for result in results]}
    _write(site_dir / f"{scope}.json", orjson.dumps(kept))
    chapters: dict[str, list[CheckResult]] = {}
    pages: dict[str, str] = {}
    for name in CHAPTERS:
        path = site_dir / f"{name}.json"
        found = orjson.loads(path.read_bytes()) if path.exists() else {}
        if found.get("run_id") == run_id:
            chapters[name] = [_result(fields) for fields in found["results"]]
            pages.update(found["docs"])
    page = site_dir / "index.html"
    _write(page, render(chapters, pages, run_id=run_id, checked_at=checked_at).encode())
    return page


def _result(fields: dict[str, Any]) -> CheckResult:
    moment = datetime.fromisoformat(fields["checked_at"])
    return CheckResult(**{**fields, "checked_at": moment, "failing_keys": tuple(fields["failing_keys"])})


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a reader never meets half a page."""
    aside = path.with_suffix(".new")
    aside.write_bytes(content)
    os.replace(aside, path)
