"""Close a month: the figures of the published file are kept in the ops store, where nothing moves them any more.

What finance saw is what is kept: the file that it reads is asked, not the warehouse, which may be in the middle of a build.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from nexabooks.errors import PermanentError
from nexabooks.ops import ClosedFigure, MonthDecision, open_ops
from nexabooks.settings import Settings
from nexabooks.warehouse import Warehouse, open_published
from nexabooks.windows import accounting_day

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")

FIGURES = """
    select source_system, source_invoice_id, kind, invoice_number, service_family, coalesce(currency_code, '') as currency_code,
           verdict, is_counted, invoiced_minor, credited_minor, paid_minor
    from finance.revenue_documents where month = ? order by all"""
# A break names its invoice, or several after a comma; one that names none (a source that does not answer) is of every month.
OPEN_BREAKS = """
    with names as (
        select break_key, class, unnest(string_split(source_invoice_id, ',')) as source_invoice_id
        from finance.breaks where coalesce(resolution, '') = ''
    )
    select distinct names.break_key, names.class
    from names left join finance.revenue_documents as documents using (source_invoice_id)
    where documents.month is null or documents.month = ? order by all"""
BROKEN_PROMISES = """
    select model, expectation, unexpected_count, failing_keys
    from finance.quality where severity = 'error' and not is_ok order by all"""
LAST_READ = "select source, min(last_landed_at) as at, count(*) - count(last_landed_at) as never from finance.freshness group by source"


@dataclass(frozen=True, slots=True)
class Closed:
    """A month as it was just closed: the decision, its figures, and the open differences it was closed with."""

    decision: MonthDecision
    figures: tuple[ClosedFigure, ...]
    open_breaks: tuple[str, ...]

    def totals(self) -> list[dict[str, Any]]:
        """By family and currency, what counts, in whole minor units."""
        sums: dict[tuple[str, str], dict[str, Any]] = {}
        for figure in self.figures:
            if figure.is_counted:
                row = sums.setdefault(
                    (figure.currency_code, figure.service_family),
                    {"invoiced_minor": 0, "credited_minor": 0, "net_minor": 0, "paid_minor": 0},
                )
                row["invoiced_minor"] += figure.invoiced_minor
                row["credited_minor"] += figure.credited_minor
                row["net_minor"] += figure.invoiced_minor - figure.credited_minor
                row["paid_minor"] += figure.paid_minor
        return [{"service_family": family, "currency_code": code} | row for (code, family), row in sorted(sums.items())]


def close_month(settings: Settings, month: str, *, by: str, note: str) -> Closed:
    """Keep the figures of `month` (2026-05) as they stand in the published file. The next run shows it as closed.

    Raises PermanentError, in words, when the month is not over in the company's time zone, the file is stale, older than the
    month's end or was made from sources last read before it, an error-level promise is broken by the month, differences are
    open and `note` does not say why the month may be closed with them, nobody is named, or it is closed already.
    """
    after = day_after(month)
    refuse_if(accounting_day(settings.now(), settings.company_time_zone) < after, month, _not_over(settings, after))
    if not settings.published_path.exists():
        raise PermanentError(f"{month} was not closed: there is no published file at {settings.published_path} yet.")
    with open_published(settings.published_path) as db:
        publication = db.rows("select run_id, published_at, is_stale, stale_reason from finance.publication")[0]
        for reason in _reasons_against(db, settings, month, after, publication):
            refuse_if(True, month, reason)
        open_breaks = tuple(row["break_key"] for row in db.rows(OPEN_BREAKS, [month]))
        figures = tuple(ClosedFigure(**row) for row in db.rows(FIGURES, [month]))
    refuse_if(
        bool(open_breaks) and not note.strip(),
        month,
        f"{len(open_breaks)} differences of it are open in finance.breaks ({in_short(open_breaks)}). Resolve them, or say "
        "with --note why it may be closed with them",
    )
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        decision = ops.months().close(
            month,
            figures,
            by=by,
            note=note,
            time_zone=settings.company_time_zone,
            published_by=publication["run_id"],
            published_at=publication["published_at"],
            open_break_count=len(open_breaks),
        )
    return Closed(decision, figures, open_breaks)


def reopen_month(settings: Settings, month: str, *, by: str, why: str) -> MonthDecision:
    """Let the figures of a closed month move again; the next run shows them. Raises PermanentError when it is not closed."""
    day_after(month)
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        return ops.months().reopen(month, by=by, why=why)


def month_decisions(settings: Settings) -> list[MonthDecision]:
    """Every closing and reopening, month by month, oldest first."""
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        return ops.months().history()


def day_after(month: str) -> date:
    """The first day after `month`. Raises PermanentError for a word that is no month."""
    if not _MONTH.fullmatch(month):
        raise PermanentError(f"{month!r} is no month; it is written like 2026-05. Nothing was changed.")
    year, number = int(month[:4]), int(month[5:])
    return date(year + number // 12, number % 12 + 1, 1)


def refuse_if(holds: bool, month: str, reason: str) -> None:
    """Raise PermanentError, which says that `month` was not closed and why, where `holds`."""
    if holds:
        raise PermanentError(f"{month} was not closed: {reason}.", record=month)


def _not_over(settings: Settings, after: date) -> str:
    return f"it is over at the start of {after} in {settings.company_time_zone}, and not before"


def _reasons_against(
    db: Warehouse, settings: Settings, month: str, after: date, publication: dict[str, Any]
) -> list[str]:
    """Why the published file cannot be what a month is closed with; empty when it can."""

    def is_before_the_end(moment: datetime | None) -> bool:
        return moment is None or accounting_day(moment, settings.company_time_zone) < after

    if publication["is_stale"]:
        return [f"the published file is stale: {publication['stale_reason']}"]
    if is_before_the_end(publication["published_at"]):
        return [
            f"the published file was made at {publication['published_at']:%Y-%m-%d %H:%M} UTC, before the month was over in "
            f"{settings.company_time_zone}. Run `nexabooks run daily-close` or `refresh` first"
        ]
    unread = [
        row["source"]
        for row in db.rows(LAST_READ)
        if row["source"] in settings.source_names and (row["never"] or is_before_the_end(row["at"]))
    ]
    if unread:
        return [f"{', '.join(sorted(unread))} was not read whole since the month was over; finance.freshness says why"]
    broken = [row for row in db.rows(BROKEN_PROMISES) if _is_of_month(db, row, month)]
    if broken:
        said = in_short([f"{row['model']}: {row['expectation']}" for row in broken])
        return [f"{len(broken)} promises of level error are broken by it ({said}); finance.quality names the rows"]
    return []


def _is_of_month(db: Warehouse, broken: dict[str, Any], month: str) -> bool:
    """Whether the rows that break a promise may be of `month`: they are unless each is named and is of another month."""
    keys = json.loads(broken["failing_keys"] or "[]")
    if not keys or len(keys) < broken["unexpected_count"]:
        return True
    for key in keys:
        document = str(key).split("|")[:3]
        if len(document) < 3:
            return True
        rows = db.rows(
            "select distinct month from finance.revenue_documents where source_system = ? and source_invoice_id = ? and kind = ?",
            document,
        )
        if not rows or any(row["month"] in (None, month) for row in rows):
            return True
    return False


def in_short(names: Sequence[str], shown: int = 3) -> str:
    """The first of them, and how many more."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return f"{', '.join(names[:shown])}{more}"
