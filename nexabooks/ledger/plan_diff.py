"""What a plan has more, less and different from the one before: by record, so that a person reads only what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nexabooks.ledger.plan_words import VERB_SAYS, WAITING_SAYS

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One record that stands otherwise in this plan than in the last. `was`, `now`: its steps in words, '' when it was not
    in that plan. Amounts are totals in minor units, None when it was not in that plan."""

    what: Literal["new", "changed", "gone"]
    record: str
    invoice_number: str
    customer_name: str
    was: str
    now: str
    was_minor: int | None
    now_minor: int | None
    currency_code: str


def plan_diff(last: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[Change] | None:
    """The records whose steps, amount or reason differ between two saved plans (`Plan.to_dict`), in the order of the new
    plan, those that are gone at the end. None when there is no last plan to compare with."""
    if last is None:
        return None
    before, after = _by_record(last["actions"]), _by_record(now["actions"])
    changes = []
    for name, rows in after.items():
        old = before.get(name)
        if old is None:
            changes.append(_change("new", None, rows))
        elif _facts(old) != _facts(rows):
            changes.append(_change("changed", old, rows))
    return changes + [_change("gone", rows, None) for name, rows in before.items() if name not in after]


def _by_record(rows: list[Row]) -> dict[tuple[str, ...], list[Row]]:
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        name = (row["source_system"], row["source_invoice_id"], row["kind"], row["payment_id"])
        found.setdefault(name, []).append(row)
    return found


def _facts(rows: list[Row]) -> list[tuple[Any, ...]]:
    names = ("verb", "reason", "total_minor", "currency_code", "facts_hash", "account_codes", "tax_codes", "dated_on")
    return [tuple(_plain(row.get(name)) for name in names) for row in rows]


def _plain(value: Any) -> Any:
    """A saved plan comes back from JSON, with lists for tuples and text for days."""
    if isinstance(value, (list, tuple)):
        return tuple(value)
    return None if value is None else str(value)


def _change(what: Literal["new", "changed", "gone"], old: list[Row] | None, new: list[Row] | None) -> Change:
    row = (new or old or [{}])[-1]
    return Change(
        what=what,
        record=row["payment_id"] or row["source_invoice_id"],
        invoice_number=row.get("invoice_number", ""),
        customer_name=row.get("customer_name", ""),
        was=_steps(old),
        now=_steps(new),
        was_minor=old[-1]["total_minor"] if old else None,
        now_minor=new[-1]["total_minor"] if new else None,
        currency_code=row["currency_code"],
    )


def _steps(rows: list[Row] | None) -> str:
    """The verbs in words, and the reason where it is the whole of what is to be said (a record that only waits has one row)."""
    if not rows:
        return ""
    verbs = ", ".join(VERB_SAYS[row["verb"]] for row in rows)
    waits = len(rows) == 1 and rows[0]["verb"] in [verb for verb, _, _ in WAITING_SAYS]
    return f"{verbs}: {rows[0]['reason']}" if waits else verbs
