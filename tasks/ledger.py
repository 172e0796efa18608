"""From the outbound models to Odoo and back: where the warehouse, the ledger and the ops store meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from nexabooks.clients.odoo import open_odoo
from nexabooks.errors import PermanentError
from nexabooks.ledger import OUTBOUND_TABLES, Desired, Plan, apply_plan, desired_from, make_plan, read_present
from nexabooks.money import format_minor
from nexabooks.ops import open_ops
from nexabooks.quality import ParkedInvoice
from nexabooks.warehouse import Warehouse, open_warehouse
from tasks.ingest import SourceRead, ingest
from tasks.run import Run
from tasks.step import step


@step("plan the ledger")
def plan_ledger(
    run: Run, parked: Sequence[ParkedInvoice] = (), *, first: date | None = None, end: date | None = None
) -> Plan:
    """What to do in Odoo so that it holds what the sources confirm; kept in the ops store, where it can be approved.

    `parked`: invoices that a quality check named; they wait. With `first` and `end`, only invoices dated in between
    (end not included). Reads Odoo; writes nothing there.
    """
    with open_warehouse(run.settings.warehouse_path) as db:
        desired = read_desired(db, parked, first, end)
    with open_odoo(run.settings) as client:
        plan = make_plan(desired, read_present(client, desired), mode=run.mode, run_id=run.run_id)
    with open_ops(run.settings.ops_store_url, now=run.settings.now) as ops:
        ops.save_plan(plan.hash, run.run_id, plan.to_dict())
    counts = ", ".join(f"{verb} {count}" for verb, count in plan.counts().items())
    totals = ", ".join(format_minor(total, code) for code, total in plan.totals_minor().items()) or "nothing"
    run.say(f"plan {plan.hash}: {counts or 'nothing to do'}. It brings {totals} into the books.")
    return plan


def read_desired(db: Warehouse, parked: Sequence[ParkedInvoice], first: date | None, end: date | None) -> Desired:
    """The outbound models as values, less the days outside the span, with the parked ones marked."""
    tables = {name: db.rows(f"select * from outbound.out_odoo__{name}") for name in OUTBOUND_TABLES}
    reasons = {(p.source_system, p.source_invoice_id, p.kind): p.says for p in parked}
    invoices = []
    for row in tables["invoices"]:
        if (first and row["invoiced_on"] < first) or (end and row["invoiced_on"] >= end):
            continue
        says = reasons.get((row["source_system"], row["source_invoice_id"], row["kind"]))
        invoices.append(row | {"is_postable": False, "park_reason": says} if says and row["is_postable"] else row)
    return desired_from(tables | {"invoices": invoices})


@step("apply to Odoo")
def apply_to_ledger(run: Run, plan: Plan) -> list[dict[str, Any]]:
    """Carry the plan out as far as its mode allows; the receipts, one a step. A plan with nothing to write calls nothing."""
    if plan.mode == "dry_run" or plan.is_empty:
        run.say("Odoo: nothing to write." if plan.is_empty else "Odoo: dry run, nothing was written.")
        return []

    def said(step_name: str, done: int, total: int) -> None:
        run.say_detail(f"Odoo: {step_name}, {done} of {total}.")

    with open_odoo(run.settings, "write") as client, open_ops(run.settings.ops_store_url, now=run.settings.now) as ops:
        receipts = apply_plan(plan, client, ops.journal(run.run_id), now=run.settings.now, progress=said)
    outcomes = Counter((receipt.action, receipt.outcome) for receipt in receipts)
    run.say(
        "Odoo: "
        + ", ".join(f"{action} {outcome} {count}" for (action, outcome), count in sorted(outcomes.items()))
        + "."
    )
    return [asdict(receipt) for receipt in receipts]


def approved_plan(run: Run, plan_hash: str) -> Plan:
    """Those steps of the approved plan that a plan made now would still take; the others changed since and are left out.

    Raises PermanentError when nobody approved the plan.
    """
    with open_ops(run.settings.ops_store_url, now=run.settings.now) as ops:
        saved = ops.plan(plan_hash)
        if not saved or not ops.approval_of(saved.plan_hash):
            raise PermanentError(
                f"The plan {plan_hash} is not approved. Look at it with `nexabooks plan`, then "
                "`nexabooks approve <hash> --by <name>`; nothing was posted."
            )
    fingerprints = {action["fingerprint"] for action in saved.plan["actions"]}
    now = plan_ledger(run)
    kept = now.only(fingerprints)
    left_out = sum(a.is_writing for a in now.actions) - sum(a.is_writing for a in kept.actions)
    if left_out:
        run.say(f"{left_out} steps are not in the approved plan, or changed since; they wait for a new approval.")
    return kept


def read_back(run: Run) -> list[SourceRead]:
    """Land what Odoo holds of ours and what the ops store knows, so that drift is a row in a model."""
    return [ingest(run, "odoo"), ingest(run, "ops")]
