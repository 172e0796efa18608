"""The plan as one page for an accountant: what will be written, what waits and why, what is new since the last plan.

Self-contained: no script, no font, no picture from elsewhere; it prints, and it can be sent by mail and kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jinja2 import Environment, StrictUndefined

from nexabooks.ledger.actions import WRITING
from nexabooks.ledger.modes import Modes
from nexabooks.ledger.plan_diff import Change
from nexabooks.ledger.plan_style import TEMPLATE
from nexabooks.ledger.plan_words import STEP_SAYS, VERB_SAYS, WAITING_SAYS
from nexabooks.money import format_minor

MOST_ROWS = 3_000  # of one table; a browser stays quick, and `nexabooks plan --json` has them all


def plan_page(plan: Mapping[str, Any], changes: Sequence[Change] | None, *, made_at: datetime) -> str:
    """The page, as HTML. `plan` is `Plan.to_dict()`; `changes` since the last plan (None = there was none); `made_at` is
    shown in UTC."""
    rows: list[dict[str, Any]] = plan["actions"]
    writing = sorted((row for row in rows if row["verb"] in WRITING), key=_in_reading_order)
    waiting = []
    for verb, title, says in WAITING_SAYS:
        some = sorted((row for row in rows if row["verb"] == verb), key=_in_reading_order)
        if some:
            reasons = Counter(row["reason"] for row in some).most_common(8) if len(some) > 8 else []
            waiting.append({"title": title, "verb": verb, "says": says, "rows": some, "reasons": reasons})
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["money"] = _money
    environment.globals["most_rows"] = MOST_ROWS
    return environment.from_string(TEMPLATE).render(
        plan=plan,
        mode_says=Modes(plan["modes"]).says(plan["mode"]),
        made_at=f"{made_at:%Y-%m-%d %H:%M} UTC",
        tiles=_tiles(plan),
        writing=_without_repeats(writing),
        waiting=waiting,
        kept=plan["counts"].get("keep", 0),
        changes=changes,
        step_says=_step,
    )


def _step(row: Mapping[str, Any]) -> str:
    """The step in words; of a payment, which way its money goes and by which route."""
    if row["kind"] == "payment" and row["verb"] == "match":
        return "match refund"
    if row["kind"] == "payment":
        return f"money {'out' if row.get('direction') == 'outbound' else 'in'}, {row.get('route') or 'stripe'}"
    return VERB_SAYS[row["verb"]]


def _money(amount_minor: int | None, currency_code: str) -> str:
    return format_minor(amount_minor, currency_code) if amount_minor is not None and currency_code else ""


def _tiles(plan: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(label, figure, style) of what a person asks first."""
    counts = plan["counts"]

    def of(*verbs: str) -> int:
        return sum(counts.get(verb, 0) for verb in verbs)

    brought = [
        (f"into the books, {code}", format_minor(total, code), "") for code, total in plan["totals_minor"].items()
    ]
    figures = [
        ("drafts", of("create", "update"), ""),
        ("posted", of("post"), ""),
        ("payments", of("pay"), ""),
        ("waiting", of("park"), "warn"),
        ("refused", of("refuse"), "bad"),
        ("corrections proposed", of("correct"), "warn"),
        ("for a person", of("report"), "bad"),
        ("not confirmed", of("hold"), ""),
    ]
    return [*brought, *((label, f"{n:,}", style if n else "none") for label, n, style in figures)]


def _in_reading_order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Customers first, then by invoice, each with its steps in the order in which they are taken."""
    is_partner = row["kind"] == "partner"
    verb = list(STEP_SAYS).index(row["verb"]) if row["verb"] in STEP_SAYS else 0
    return (
        not is_partner,
        row["invoice_number"],
        row["source_system"],
        row["source_invoice_id"],
        verb,
        row["payment_id"],
    )


def _without_repeats(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`is_same`: a further step of the record above, whose figures are not shown twice, so that nobody adds them twice."""
    shown = []
    before: tuple[str, ...] = ()
    for row in rows:
        name = (row["source_system"], row["source_invoice_id"], row["kind"], row["payment_id"])
        shown.append({**row, "is_same": name == before})
        before = name
    return shown
