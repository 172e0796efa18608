"""`plan` and `approve`: what would be done in Odoo, shown before it is done, and a person's yes to exactly that."""

from __future__ import annotations

from nexabooks.cli.console import console, heading, print_json, print_rows, progress
from nexabooks.errors import PermanentError
from nexabooks.ops import open_ops
from nexabooks.settings import load_settings

# In the order in which a person wants to know: what will be written, what waits, what needs him.
SHOWN = (
    "create",
    "update",
    "post",
    "pay",
    "match",
    "partner_create",
    "partner_update",
    "park",
    "refuse",
    "report",
    "hold",
)


def show_plan(*, as_json: bool) -> None:
    """Plan from the warehouse as it stands and from Odoo as it is now. The plan is kept, so that it can be approved."""
    from tasks.ledger import plan_ledger
    from tasks.run import run_of

    with progress("Planning", quiet=as_json), run_of("plan") as run:
        plan = plan_ledger(run)
    if as_json:
        print_json(plan.to_dict())
        return
    for verb in SHOWN:
        actions = plan.of(verb)
        if actions:
            heading(f"{verb.replace('_', ' ')}: {len(actions)}")
            print_rows(
                [
                    {"source": a.source_system, "record": a.payment_id or a.source_invoice_id, "total_minor": a.total_minor or None,
                     "currency_code": a.currency_code, "reason": a.reason}
                    for a in actions
                ],
                columns={"source": "source", "record": "record", "total_minor": "total", "reason": "why"},
            )  # fmt: skip
    heading("Totals per family, before tax")
    print_rows(
        [
            {"service_family": t.service_family, "line_count": t.line_count, "net_minor": t.net_minor, "currency_code": t.currency_code}
            for t in plan.family_totals()
        ],
        columns={"service_family": "family", "line_count": "lines", "net_minor": "net"},
        empty="nothing new",
    )  # fmt: skip
    console.print()
    console.print(f"Plan {plan.hash}, mode {plan.mode}. Nothing was written to Odoo.", markup=False)
    if not plan.is_empty:
        console.print(
            f"To post exactly this: nexabooks approve {plan.hash} --by NAME, then nexabooks run post-approved --plan {plan.hash}",
            markup=False,
        )


def approve_plan(plan_hash: str, *, by: str, note: str) -> None:
    """Write down who approved the plan and why."""
    if not by.strip():
        raise PermanentError("An approval names who approves: --by NAME. Nothing was approved.")
    settings = load_settings()
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        approval = ops.approve(plan_hash, by=by, note=note)
    console.print(
        f"Approved by {approval.approved_by} at {approval.at:%Y-%m-%d %H:%M} UTC: plan {approval.plan_hash}.",
        markup=False,
    )
