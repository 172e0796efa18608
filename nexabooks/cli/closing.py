"""`close-month`, `reopen-month`, `closed-months`: which months stand still, who said so, and with which figures."""

from __future__ import annotations

from dataclasses import asdict

from nexabooks.cli.console import console, heading, print_json, print_rows
from nexabooks.settings import load_settings


def close(month: str, *, by: str, note: str, as_json: bool) -> None:
    """Close a month with the figures of the published file, and show them."""
    from tasks.closing import close_month

    closed = close_month(load_settings(), month, by=by, note=note)
    if as_json:
        print_json(asdict(closed.decision) | {"totals": closed.totals(), "open_breaks": closed.open_breaks})
        return
    decision = closed.decision
    documents = {(f.source_system, f.source_invoice_id, f.kind) for f in closed.figures if f.is_counted}
    console.print(
        f"{month} is closed by {decision.decided_by}, with {len(documents)} invoices and credit notes as run "
        f"{decision.published_by} published them, and {len(closed.open_breaks)} open differences.",
        markup=False,
    )
    heading("What it holds, before tax")
    print_rows(closed.totals(), empty="nothing")
    console.print()
    console.print(
        "From the next run on finance.family_revenue keeps these figures; what changes is in finance.restatements.",
        markup=False,
    )


def reopen(month: str, *, by: str, why: str, as_json: bool) -> None:
    """Let a closed month's figures move again."""
    from tasks.closing import reopen_month

    decision = reopen_month(load_settings(), month, by=by, why=why)
    if as_json:
        print_json(asdict(decision))
        return
    console.print(
        f"{month} is open again, by {decision.decided_by}: {decision.note}. The closing stays in the ops store; from the "
        "next run on finance.family_revenue shows the figures of today.",
        markup=False,
    )


def show_months(*, as_json: bool) -> None:
    """Every month that was ever closed, and what holds."""
    from tasks.closing import month_decisions

    decisions = [asdict(decision) for decision in month_decisions(load_settings())]
    if as_json:
        print_json(decisions)
        return
    columns = ("month", "decision", "holds", "decided_by", "at", "open_break_count", "note", "published_by")
    print_rows(decisions, columns={name: name.replace("_", " ") for name in columns}, empty="no month was ever closed")
