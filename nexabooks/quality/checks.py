"""Check the promises of one scope and say what holds, what breaks it, and what follows.

report = run_checks(connection, Path("expectations"), run_id=…, checked_at=settings.now(), scope="marts")
if report.blocking: ...            # nothing is published, nothing is posted
for parked in report.parked_keys:  # these invoices wait, the others go on
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from nexabooks.errors import PermanentError
from nexabooks.quality.great import Checkpoints, breaking_rows
from nexabooks.quality.promises import INVOICE_KEY, SCOPES, Promise, Suite, Unreadable, read_suites
from nexabooks.quality.results import SHOWN_KEYS, CheckReport, CheckResult, ParkedInvoice, as_text, key_text
from nexabooks.stopping import closed_after

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult


def run_checks(
    connection_or_path: duckdb.DuckDBPyConnection | Path | str,
    expectations_dir: Path,
    *,
    run_id: str,
    checked_at: datetime,
    scope: str,
    site_dir: Path | None = None,
) -> CheckReport:
    """Check every expectation file of `scope` (staging, marts, published).

    An open connection is read through cursors of its own, so what it has not committed is not seen; a path is opened
    read-only. With `site_dir`, GX's Data Docs of this scope and the page over all scopes of this run are written there.
    A file, model or condition that cannot be checked is a failed result that says so; the others go on. Raises
    PermanentError for an unknown scope or a database that cannot be opened, SettingsError for a layer without a file.
    """
    started = time.monotonic()
    if scope not in SCOPES:
        raise PermanentError(f"There is no scope {scope} to check; there are {', '.join(SCOPES)}.")
    suites, unreadable = read_suites(expectations_dir, SCOPES[scope])
    results = [_unread(broken, run_id, checked_at) for broken in unreadable]
    parked: dict[tuple[str, str, str], ParkedInvoice] = {}
    with _connected(connection_or_path) as connection:
        columns = _columns_of_models(connection)
        checkpoints = Checkpoints(connection)
        for suite in suites:
            own = columns.get((suite.layer, suite.model), [])
            if not own:
                says = f"There is no model {suite.layer}.{suite.model} in this database"
                results.append(_unread(Unreadable(suite.layer, suite.model, says), run_id, checked_at))
                continue
            found = _check_one(checkpoints, connection, suite, own, run_id, checked_at)
            results += found
            for result, promise in zip(found, suite.promises, strict=True):
                if promise.parks and not result.is_ok and not result.is_broken:
                    _park(parked, connection, suite, promise)
    site_path = None
    if site_dir is not None:
        from nexabooks.quality.site import write_scope

        site_path = write_scope(site_dir, scope, results, checkpoints.context, run_id=run_id, checked_at=checked_at)
    return CheckReport(scope, tuple(results), tuple(parked.values()), site_path, time.monotonic() - started)


@contextmanager
def _connected(connection_or_path: duckdb.DuckDBPyConnection | Path | str) -> Iterator[duckdb.DuckDBPyConnection]:
    if isinstance(connection_or_path, duckdb.DuckDBPyConnection):
        with closed_after(connection_or_path.cursor()) as cursor:
            yield cursor
        return
    try:
        opened = duckdb.connect(str(connection_or_path), read_only=True)
    except duckdb.Error as error:
        words = " ".join(str(error).split())
        raise PermanentError(
            f"{connection_or_path} could not be opened to be checked: {words}. "
            "Another attempt may help once no other process writes it."
        ) from None
    with closed_after(opened):
        yield opened


def _columns_of_models(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    rows = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where database_name = current_database() order by table_oid, column_index"
    ).fetchall()
    for schema, table, column in rows:
        found.setdefault((schema, table), []).append(column)
    return found


def _check_one(
    checkpoints: Checkpoints,
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    columns: list[str],
    run_id: str,
    checked_at: datetime,
) -> list[CheckResult]:
    """A result for each promise of one model, in the order of the file."""
    obstacles = [_obstacle(connection, suite, promise, columns) for promise in suite.promises]
    checkable = [(number, suite.promises[number]) for number, obstacle in enumerate(obstacles) if not obstacle]
    answers = {}
    if checkable:
        answers = checkpoints.run(suite, checkable, columns, run_id=run_id, checked_at=checked_at)
    results = []
    for number, promise in enumerate(suite.promises):
        blank = CheckResult(
            run_id, checked_at, suite.layer, suite.model, promise.says, promise.severity, True, 0, (), "",
            parks=promise.parks, protects=promise.protects,
        )  # fmt: skip
        if obstacles[number]:
            results.append(_broken(blank, obstacles[number]))
        else:
            results.append(_answered(blank, answers[number], suite, promise))
    return results


def _obstacle(connection: duckdb.DuckDBPyConnection, suite: Suite, promise: Promise, columns: list[str]) -> str:
    """Why `promise` cannot be checked at all, or ''."""
    needed = [*suite.key, *promise.columns, *(INVOICE_KEY if promise.parks else ())]
    missing = [column for column in dict.fromkeys(needed) if column not in columns]
    if missing:
        return f"{suite.model} has no column {', '.join(missing)}"
    if promise.where:
        try:
            connection.execute(f"explain {breaking_rows(suite, promise, _table(suite), suite.key)}")
        except duckdb.Error as error:
            return f"its condition is not SQL that runs on this model: {_first_line(error)}"
    return ""


def _answered(blank: CheckResult, answer: ExpectationValidationResult, suite: Suite, promise: Promise) -> CheckResult:
    """GX's answer in the house's words."""
    raised = _raised(answer.exception_info)
    if raised:
        return _broken(blank, raised)
    if answer.success:
        return replace(blank, says="It holds.")
    if promise.sort == "row_count":
        count = answer.result["observed_value"]
        says = "There is 1 row." if count == 1 else f"There are {count} rows."
        return replace(blank, is_ok=False, unexpected_count=1, says=says)
    if promise.sort in ("holds", "key", "not_null"):
        count, rows = answer.result["observed_value"], answer.result["details"]["unexpected_rows"]
    else:
        count, rows = answer.result["unexpected_count"], answer.result.get("partial_unexpected_index_list") or []
    shown = list({key_text(row, suite.key): row for row in rows}.items())[:SHOWN_KEYS]
    keys = tuple(key for key, _ in shown)
    texts = tuple({name: as_text(value) for name, value in row.items()} for _, row in shown)
    return replace(
        blank, is_ok=False, unexpected_count=count, failing_keys=keys, says=_sentence(count, keys), rows=texts
    )


def _sentence(count: int, keys: tuple[str, ...]) -> str:
    rows = "1 row breaks it" if count == 1 else f"{count} rows break it"
    more = f" and {count - 1} more" if keys and count > 1 else ""
    return f"{rows}{': ' + keys[0] if keys else ''}{more}."


def _raised(info: Any) -> str:
    """The first error inside GX's exception info, which is one mapping or a mapping of them; '' when there is none."""
    each = [info] if "raised_exception" in (info or {}) else list((info or {}).values())
    return next((" ".join(str(e["exception_message"]).split()) for e in each if e.get("raised_exception")), "")


def _broken(blank: CheckResult, why: str) -> CheckResult:
    """A check that cannot be made is an error, whatever its severity: a promise nobody looked at is not kept."""
    return replace(blank, is_ok=False, severity="error", is_broken=True, says=f"It could not be checked: {why}.")


def _unread(broken: Unreadable, run_id: str, checked_at: datetime) -> CheckResult:
    return CheckResult(
        run_id, checked_at, broken.layer, broken.model, "its promises can be checked", "error", False, 1, (),
        f"{broken.says}.", is_broken=True,
    )  # fmt: skip


def _park(
    parked: dict[tuple[str, str, str], ParkedInvoice],
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    promise: Promise,
) -> None:
    """Every invoice that breaks the promise, not only the first twenty; several reasons are told together."""
    query = breaking_rows(suite, promise, _table(suite), INVOICE_KEY).replace("select ", "select distinct ", 1)
    for source_system, source_invoice_id, kind in connection.execute(f"{query} order by all").fetchall():
        key = (source_system, source_invoice_id, kind)
        earlier = f"{parked[key].says}; " if key in parked else "a check failed: "
        parked[key] = ParkedInvoice(*key, earlier + promise.says)


def _table(suite: Suite) -> str:
    return f'"{suite.layer}"."{suite.model}"'


def _first_line(error: duckdb.Error) -> str:
    return str(error).strip().split("\n")[0]
