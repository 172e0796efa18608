"""`query` and `status`: questions to the published file, read-only, so that nobody waits for a writer."""

from __future__ import annotations

import csv as csv_writer
import sys
from dataclasses import asdict
from typing import Any

import duckdb

from nexabooks.cli.console import console, heading, print_json, print_rows
from nexabooks.errors import PermanentError
from nexabooks.settings import Settings, load_settings
from nexabooks.warehouse import open_warehouse

STATUS_QUESTIONS: dict[str, str] = {
    "publication": "select run_id, published_at, is_stale, stale_since, stale_reason from finance.publication",
    "runs": "select flow, day, mode, outcome, started_at, message from finance.runs order by started_at desc limit 5",
    "freshness": """
        select source, min(last_landed_at) as oldest_landing, max(last_attempt_at) as last_attempt,
               string_agg(distinct state, ', ') as state, max(says) filter (where state <> 'fresh') as says
        from finance.freshness group by source order by source""",
    "ledger": """
        select ledger_state, currency_code, count(*) as invoice_count, sum(total_minor) as total_minor
        from finance.ledger_check where ledger_state <> 'none' group by all order by ledger_state""",
    "breaks": """
        select class, says, first_seen_on, age_days from finance.breaks
        where coalesce(resolution, '') = '' order by first_seen_on, break_key""",
}


def published(settings: Settings, sql: str) -> list[dict[str, Any]]:
    """Rows of the published file. Raises PermanentError when there is none yet, or the SQL is refused."""
    if not settings.published_path.exists():
        raise PermanentError(
            f"There is no published file at {settings.published_path} yet. Run `nexabooks run daily-close`, or `make demo` "
            "and then NEXABOOKS_HOME=var/demo."
        )
    if not sql.strip(" \t\r\n;"):
        raise PermanentError('There is no question. Ask one, such as "select * from finance.family_revenue".')
    with open_warehouse(settings.published_path, read_only=True) as db:
        try:
            return db.rows(sql)
        except duckdb.Error as error:
            raise PermanentError(
                f"The published file refused the question: {_words(error)} Another attempt with it will not help."
            ) from None


def _words(error: duckdb.Error) -> str:
    """What DuckDB says, without the picture of the question's line that follows."""
    said = " ".join(str(error).partition("\nLINE ")[0].split())
    return said if said.endswith((".", "!", "?")) else f"{said}."


def show_query(sql: str, *, as_json: bool, as_csv: bool) -> None:
    """The answer to one SQL question."""
    rows = published(load_settings(), sql)
    if as_json:
        print_json(rows)
    elif as_csv:
        writer = csv_writer.DictWriter(sys.stdout, fieldnames=list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)
    else:
        print_rows(rows, columns={name: name for name in rows[0]} if rows else None, empty="no rows")


def show_status(*, as_json: bool) -> None:
    """How the books stand, from the published file; and from the ops store which plans wait for an approval."""
    from tasks.plans import waiting_plans

    settings = load_settings()
    answers = {name: published(settings, sql) for name, sql in STATUS_QUESTIONS.items()}
    waiting = waiting_plans(settings)
    if as_json:
        print_json(answers | {"waiting_plans": [asdict(plan) for plan in waiting]})
        return
    publication = answers.pop("publication")[0]
    console.print(
        f"Published {publication['published_at']:%Y-%m-%d %H:%M} UTC by {publication['run_id']}.", markup=False
    )
    if publication["is_stale"]:
        console.print(
            f"STALE since {publication['stale_since']:%Y-%m-%d %H:%M} UTC: {publication['stale_reason']}", markup=False
        )
    titles = {"runs": "Last runs", "freshness": "Sources", "ledger": "Ledger", "breaks": "Waiting for a person"}
    for name, rows in answers.items():
        heading(titles[name])
        print_rows(rows)
    for plan in waiting:
        console.print(f"  {plan.sentence()}", markup=False)
