"""`plan`, `approve`, `allow`, `resolve`: what would be done in Odoo, shown before it is done, and what a person decides."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from nexabooks.cli.asking import published
from nexabooks.cli.console import console, heading, print_json, print_rows, progress
from nexabooks.errors import PermanentError, SettingsError
from nexabooks.ops import open_ops
from nexabooks.settings import LedgerMode, load_settings

if TYPE_CHECKING:
    from nexabooks.ledger import Plan

OPEN = "open"  # a decision that takes an earlier one back; fct_breaks knows it by this word
# In the order in which a person wants to know: what will be written, what waits, what needs him.
SHOWN = (
    "create",
    "update",
    "post",
    "pay",
    "match",
    "partner_create",
    "partner_update",
    "correct",
    "park",
    "refuse",
    "report",
    "hold",
)


def show_plan(*, as_json: bool, mode: str = "") -> None:
    """Plan from the warehouse as it stands and from Odoo as it is now; an invoice that a quality check names waits. The
    plan is kept, so that it can be approved. `mode`: another one than the settings name, such as `post` to see what
    posting would do. Raises SettingsError for a mode that does not exist."""
    plan, page = planned(_mode(mode), quiet=as_json)
    if as_json:
        print_json(plan.to_dict() | {"page": str(page)})
        return
    from nexabooks.ledger.plan_words import VERB_SAYS

    for verb in SHOWN:
        rows = [row for row in plan.rows() if row["verb"] == verb]
        if rows:
            heading(f"{VERB_SAYS[verb].capitalize()}: {len(rows)}")
            columns = {n: word for n, word in COLUMNS.items() if n != "was_minor" or verb == "correct"}
            print_rows([_for_people(row) for row in rows], columns=columns)
    heading("Totals per family, before tax")
    print_rows(
        plan.to_dict()["family_totals"],
        columns={"service_family": "family", "account_code": "account", "line_count": "lines", "net_minor": "net"},
        empty="nothing new",
    )
    console.print()
    console.print(f"Plan {plan.hash}, mode {plan.mode}. Nothing was written to Odoo. As a page: {page}", markup=False)
    for trip in plan.trips:
        if not trip.is_allowed:
            console.print(
                f"Brake {trip.brake} holds {len(trip.holds)}: {trip.says}. To let it go once: "
                f"nexabooks allow {trip.trip_key} --by NAME --why WHY",
                markup=False,
            )
    if plan.has_work:
        with_braked = ", with what the brakes hold" if plan.braked else ""
        with_braked += ", with the corrections proposed" if plan.of("correct") else ""
        console.print(
            f"To write exactly this{with_braked}: nexabooks approve {plan.hash} --by NAME, then "
            f"nexabooks run post-approved --plan {plan.hash}",
            markup=False,
        )


def planned(mode: LedgerMode | None = None, *, quiet: bool) -> tuple[Plan, Path]:
    """A plan of the warehouse as it stands, kept, and where its page lies. Raises PermanentError before the first run."""
    from tasks.check import check_marts
    from tasks.ledger import plan_ledger, require_built
    from tasks.plans import page_of
    from tasks.run import run_of

    with progress("Planning", quiet=quiet), run_of("plan", mode=mode) as run:
        require_built(run)
        plan = plan_ledger(run, check_marts(run))
        return plan, page_of(run.settings, plan.hash)


def _mode(word: str) -> LedgerMode | None:
    modes: tuple[LedgerMode, ...] = get_args(LedgerMode)
    found = next((mode for mode in modes if mode == word), None)
    if word and not found:
        raise SettingsError(f"There is no mode {word!r}; there are {', '.join(modes)}.")
    return found


COLUMNS = {
    "source_system": "source",
    "record": "record",
    "invoice_number": "number",
    "customer_name": "customer",
    "dated_on": "date",
    "was_minor": "posted",
    "total_minor": "total",
    "accounts": "accounts",
    "taxes": "taxes",
    "reason": "why",
}


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "record": row["payment_id"] or row["source_invoice_id"],
        "total_minor": row["total_minor"] if row["verb"] == "correct" else row["total_minor"] or None,
        "accounts": ", ".join(row["account_codes"]),
        "taxes": ", ".join(row["tax_codes"]),
    }


def approve_plan(plan_hash: str, *, by: str, note: str, as_json: bool = False) -> None:
    """Write down who approved the plan and why. The approval runs out after NEXABOOKS_APPROVAL_EXPIRY_DAYS."""
    if not by.strip():
        raise PermanentError("An approval names who approves: --by NAME. Nothing was approved.")
    settings = load_settings()
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        approval = ops.approve(plan_hash, by=by, note=note, valid_for=timedelta(days=settings.approval_expiry_days))
    if as_json:
        print_json(asdict(approval))
        return
    until = f" It holds until {approval.expires_at:%Y-%m-%d %H:%M} UTC." if approval.expires_at else ""
    console.print(
        f"Approved by {approval.approved_by} at {approval.at:%Y-%m-%d %H:%M} UTC: plan {approval.plan_hash}.{until}",
        markup=False,
    )


def allow_brake(trip_key: str, *, by: str, why: str, as_json: bool = False) -> None:
    """Let a tripped brake of the last plan go, once: exactly what it held there, and nothing that comes later."""
    settings = load_settings()
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        saved = ops.latest_plan()
        trips = [trip for trip in saved.plan.get("trips", ()) if not trip["is_allowed"]] if saved else []
        found = [t for t in trips if t["trip_key"] == trip_key] or [
            t for t in trips if t["trip_key"].startswith(trip_key)
        ]
        if len(found) != 1:
            tripped = ", ".join(trip["trip_key"] for trip in trips) or "none"
            raise PermanentError(
                f"The last plan trips no single brake {trip_key}; it trips: {tripped}. Nothing was allowed; make a plan with "
                "`nexabooks plan` and take the name that it shows."
            )
        allowed = ops.allow(found[0]["trip_key"], by=by, why=why)
    if as_json:
        print_json(asdict(allowed) | {"holds": found[0]["holds"]})
        return
    console.print(
        f"Allowed once by {allowed.allowed_by}: {allowed.trip_key}, {len(found[0]['holds'])} invoices and credit notes. The "
        "next run writes them, unless they change first.",
        markup=False,
    )


def resolve_break(break_key: str, *, resolution: str, by: str, why: str, as_json: bool = False) -> None:
    """Write down what a person decided about a difference as it is now; the next run shows it in finance.breaks. `open` takes
    an earlier decision back.

    The first characters of a key are enough if they are one difference's."""
    settings = load_settings()
    if not by.strip() or not resolution.strip():
        raise PermanentError("A decision names who decides and what: --by NAME --as RESOLUTION. Nothing was resolved.")
    facts = ("source_minor", "ledger_minor", "currency_code", "first_seen_on")
    breaks = published(settings, f"select break_key, class, says, {', '.join(facts)} from finance.breaks")
    found = [row for row in breaks if row["break_key"] == break_key] or [
        row for row in breaks if row["break_key"].startswith(break_key)
    ]
    if len(found) != 1:
        raise PermanentError(
            f'There is no single difference {break_key} in finance.breaks. Look at `nexabooks query "select break_key, says '
            'from finance.breaks"` and take a key from there; nothing was resolved.'
        )
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        decided = ops.resolve(
            found[0]["break_key"],
            break_class=found[0]["class"],
            resolution=resolution,
            by=by,
            why=why,
            **{name: found[0][name] for name in facts},
        )
    if as_json:
        print_json(asdict(decided))
        return
    what = "opened {} again" if resolution == OPEN else f"resolved {{}} as {decided.resolution}"
    console.print(f"{decided.resolved_by} {what.format(decided.break_key)}: {decided.why}", markup=False)
