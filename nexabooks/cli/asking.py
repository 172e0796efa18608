"""`query` and `status`: questions to the published file, read-only, so that nobody waits for a writer."""

from __future__ import annotations

import csv as csv_writer
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from itertools import count
from typing import Any

from nexabooks.cli.console import cell, console, heading, in_words, print_json, print_rows
from nexabooks.errors import PermanentError
from nexabooks.settings import Settings, load_settings
from nexabooks.warehouse import Warehouse, open_published
from nexabooks.warehouse.project_yaml import read_yaml

REFRESH_EVERY = timedelta(minutes=15)  # the schedule of refresh in prefect.yaml
# A daily close holds the refreshes up for as long as it takes; after so many that did not come, nobody is running them.
MISSED_REFRESHES = 4

STATUS_QUESTIONS: dict[str, str] = {
    "publication": "select run_id, published_at, is_stale, stale_since, stale_reason from finance.publication",
    # The newest of each flow, which a refresh every quarter of an hour does not push out, and what did not end well in the day
    # before the newest run. A run that started later was recorded later, also where a pretend clock stands still.
    "runs": """
        select run_id, flow, day, mode, outcome, started_at, message from finance.runs
        qualify row_number() over (partition by flow order by started_at desc, rowid desc) = 1
            or (
                outcome not in ('done', 'running')
                and started_at > (select max(started_at) from finance.runs) - interval 1 day
                and row_number() over (partition by outcome in ('done', 'running') order by started_at desc, rowid desc) <= 20
            )
        order by started_at desc, rowid desc""",
    # An empty stream is no news while its source was read: the worst of the streams speaks for the source. The file's own words
    # are as old as the file; what was landed before `?` is stale by now.
    "freshness": """
        select source, min(last_landed_at) as oldest_landing, max(last_attempt_at) as last_attempt,
               case when bool_or(state = 'broken') then 'broken' when bool_or(state = 'stale') then 'stale'
                    when bool_or(last_landed_at < ?) then 'stale' when bool_or(state = 'fresh') then 'fresh' else 'empty' end as state,
               string_agg(stream || ': ' || says, '; ' order by stream) filter (where state in ('broken', 'stale')) as says
        from finance.freshness group by source order by source""",
    "ledger": """
        select ledger_state, currency_code, count(*) as entry_count,
               sum(case kind when 'credit_note' then -total_minor else total_minor end) as total_minor
        from finance.ledger_check where ledger_state <> 'none' group by all order by ledger_state""",
    "breaks": """
        select class, says, first_seen_on, age_days from finance.breaks
        where coalesce(resolution, '') = '' order by first_seen_on, break_key""",
}
# What a person sees of each, in this order; the JSON has all of it.
STATUS_SCREEN: dict[str, tuple[str, dict[str, str]]] = {
    "runs": (
        "Last runs",
        {"run_id": "run", "mode": "mode", "outcome": "outcome", "started_at": "started"},
    ),
    "freshness": (
        "Sources",
        {
            "source": "source",
            "state": "state",
            "oldest_landing": "all read",
            "last_attempt": "last tried",
            "says": "says",
        },
    ),
    "ledger": ("Ledger", {"ledger_state": "state", "entry_count": "entries", "total_minor": "with tax"}),
    "breaks": (
        "Waiting for a person",
        {"class": "what", "first_seen_on": "since", "age_days": "days", "says": "says"},
    ),
}


def published(settings: Settings, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Rows of the published file. Raises PermanentError when there is none yet, or the SQL is refused."""
    with _reading(settings, sql) as db:
        return db.rows(sql, parameters or None)


@contextmanager
def _reading(settings: Settings, sql: str) -> Iterator[Warehouse]:
    """The published file for one question."""
    if not settings.published_path.exists():
        raise PermanentError(
            f"There is no published file at {settings.published_path} yet. Run `nexabooks run daily-close`, or `make demo` "
            "and then NEXABOOKS_HOME=var/demo."
        )
    if not sql.strip(" \t\r\n;"):
        raise PermanentError('There is no question. Ask one, such as "select * from finance.family_revenue".')
    with open_published(settings.published_path) as db:
        yield db


def show_query(sql: str, *, as_json: bool, as_csv: bool) -> None:
    """The answer to one SQL question, with every column that it asks for: also two of one name."""
    settings = load_settings()
    with _reading(settings, sql) as db:
        names, rows = db.table(sql)
    if as_json:
        # An object holds a name once. Numbered and not refused: one question has the same answer in all three formats.
        print_json([dict(zip(_numbered(names), row, strict=True)) for row in rows])
    elif as_csv:
        csv_writer.writer(sys.stdout).writerows([names, *rows])
    else:
        _print_answer(names, rows)


def _numbered(names: list[str]) -> list[str]:
    """The names, each once: the second of one name has _2 behind it, or the next number that nobody has."""
    once: list[str] = []
    for name in names:
        numbers = (f"{name}_{n}" for n in count(2))
        once.append(name if name not in once else next(one for one in numbers if one not in {*once, *names}))
    return once


def _print_answer(names: list[str], rows: list[tuple[Any, ...]]) -> None:
    """The answer for people. Minor units are money where the row has one currency, and their columns leave the unit out of
    the name; of two currencies in a row nobody knows which is whose, and they stay as they are."""
    currencies = [
        {str(value) for name, value in zip(names, row, strict=True) if name == "currency_code" and value}
        for row in rows
    ]
    is_money = any(currencies) and all(len(known) <= 1 for known in currencies)
    cells = [
        {
            str(at): cell({"currency_code": "".join(known) if is_money else "", name: value}, name)
            for at, (name, value) in enumerate(zip(names, row, strict=True))
        }
        for row, known in zip(rows, currencies, strict=True)
    ]
    labels = {str(at): name.removesuffix("_minor") if is_money else name for at, name in enumerate(names)}
    print_rows(cells, columns=labels, empty="no rows")


def _in_words(age: timedelta) -> str:
    """Minutes up to two hours, hours up to two days, then days."""
    unit, word = next(
        (unit, word)
        for unit, word, most in (
            (timedelta(minutes=1), "minute", timedelta(hours=2)),
            (timedelta(hours=1), "hour", timedelta(days=2)),
            (timedelta(days=1), "day", timedelta.max),
        )
        if age < most
    )
    count = age // unit
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def show_status(*, as_json: bool) -> None:
    """How the books stand, from the published file, with its age by the clock of now; and from the ops store which plans wait
    for an approval."""
    from tasks.plans import waiting_plans

    settings = load_settings()
    now = settings.now()
    stale_after = timedelta(minutes=read_yaml(settings.sql_dir / "dbt_project.yml")["vars"]["stale_after_minutes"])
    answers = {
        name: published(settings, sql, [now - stale_after] if "?" in sql else [])
        for name, sql in STATUS_QUESTIONS.items()
    }
    publication = answers["publication"][0]
    age = max(now - publication["published_at"], timedelta())
    publication["age_minutes"] = int(age / timedelta(minutes=1))
    waiting = waiting_plans(settings)
    if as_json:
        print_json(answers | {"waiting_plans": [asdict(plan) for plan in waiting]})
        return
    del answers["publication"]
    console.print(
        f"Published {publication['published_at']:%Y-%m-%d %H:%M} UTC, {_in_words(age)} ago, by {publication['run_id']}.",
        markup=False,
    )
    if age > REFRESH_EVERY * MISSED_REFRESHES:
        console.print(
            f"No run has published for {_in_words(age)}, and refresh is scheduled every "
            f"{_in_words(REFRESH_EVERY)}: see whether the scheduler and its worker are up. Nothing below is younger than that.",
            markup=False,
        )
    if publication["is_stale"]:
        console.print(
            f"STALE since {publication['stale_since']:%Y-%m-%d %H:%M} UTC: {publication['stale_reason']}", markup=False
        )
    for name, rows in answers.items():
        title, columns = STATUS_SCREEN[name]
        heading(title)
        print_rows(in_words(rows, *(n for n in ("ledger_state", "class") if n in columns)), columns=columns)
        for row in rows:
            if row.get("message"):
                console.print(f"  {row['run_id']}: {row['message']}", markup=False)
    for plan in waiting:
        console.print(f"  {plan.sentence()}", markup=False)
    console.print()
    console.print(
        "Take a run back: nexabooks undo RUN. Settle a difference: nexabooks resolve KEY, with the key from nexabooks query "
        '"select break_key, says from finance.breaks".',
        markup=False,
    )
