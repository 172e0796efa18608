"""`undo`: the way back of one run, shown before it is taken; applied only by name, and only as it was shown."""

from __future__ import annotations

import socket
import uuid
from dataclasses import asdict

from nexabooks.cli.console import console, heading, print_json, print_rows
from nexabooks.clients.odoo import OdooWriter, open_odoo
from nexabooks.errors import EXIT_OK, EXIT_PERSON, PermanentError, SettingsError
from nexabooks.ledger import Receipt, UndoPlan, apply_undo, plan_undo
from nexabooks.money import format_minor
from nexabooks.ops import open_ops
from nexabooks.ops.store import UNDO, OpsStore
from nexabooks.settings import load_settings
from nexabooks.windows import accounting_day


def undo(run_id: str, *, apply: bool, by: str, note: str, as_json: bool) -> int:
    """Show how the run `run_id` would be taken back and keep that plan; with `apply`, take it back as it was shown."""
    plan, receipts, undo_id = take_back(run_id, apply=apply, by=by, note=note)
    _show(plan, receipts, undo_id=undo_id, as_json=as_json)
    return EXIT_PERSON if any(r.outcome in ("refused", "unclear") for r in receipts) else EXIT_OK


def take_back(run_id: str, *, apply: bool, by: str = "", note: str = "") -> tuple[UndoPlan, list[Receipt], str]:
    """(the plan, its receipts, the name of this undo). Without `apply` nothing is written but the plan itself.

    Raises SettingsError without a name, PermanentError for a run that did nothing, and for a plan that nobody was shown
    yet or that is another one by now.
    """
    from tasks.ledger import LEDGER_LEASE
    from tasks.run import LEASE_S, WAREHOUSE_LEASE

    if apply and not by.strip():
        raise SettingsError("Taking a run back needs the name of whoever says so: --by NAME. Nothing was touched.")
    settings = load_settings()
    day = accounting_day(settings.now(), settings.company_time_zone)
    undo_id = f"{UNDO}{day}-{uuid.uuid4().hex[:8]}"
    holder = f"{undo_id} on {socket.gethostname()}"
    with (
        open_ops(settings.ops_store_url, now=settings.now) as ops,
        ops.lease(WAREHOUSE_LEASE, holder=holder, ttl_s=LEASE_S),
        ops.lease(LEDGER_LEASE, holder=holder, ttl_s=LEASE_S),
        open_odoo(settings, "write" if apply else "read") as client,
    ):
        plan = plan_undo(client, ops.journal(run_id).receipts(), run_id=run_id, today=day)
        if not plan.steps:
            raise PermanentError(
                f"Nothing of a run {run_id} is known, neither in the ops store nor in Odoo. "
                "`nexabooks status` names the runs; another attempt with this name will not help."
            )
        receipts: list[Receipt] = []
        if apply and not plan.is_empty:
            _approve(ops, plan, by=by, note=note)
            assert isinstance(client, OdooWriter)
            receipts = apply_undo(plan, client, ops.journal(undo_id), undo_id=undo_id, now=settings.now)
        if not plan.is_empty:
            ops.save_plan(plan.hash, undo_id, plan.to_dict())
    return plan, receipts, undo_id


def _approve(ops: OpsStore, plan: UndoPlan, *, by: str, note: str) -> None:
    if not ops.plan(plan.hash):
        raise PermanentError(
            f"This way back of {plan.run_id} was not shown yet, or the books changed since. Look at it with "
            f"`nexabooks undo {plan.run_id}`, then apply. Nothing was touched."
        )
    ops.approve(plan.hash, by=by, note=note or f"take back {plan.run_id}")


def _show(plan: UndoPlan, receipts: list[Receipt], *, undo_id: str, as_json: bool) -> None:
    if as_json:
        print_json({**plan.to_dict(), "undo_id": undo_id, "receipts": [asdict(r) for r in receipts]})
        return
    if receipts:
        heading(f"{plan.run_id} was taken back, as run {undo_id}")
        print_rows([{"step": r.action, "outcome": r.outcome, "says": r.says} for r in receipts])
        return
    heading(f"To take {plan.run_id} back. Nothing was written")
    print_rows(
        [
            {
                "step": s.verb,
                "what": s.name,
                "amount": format_minor(s.total_minor, s.currency_code) if s.currency_code else "",
                "says": s.says,
            }
            for s in plan.steps
        ]
    )
    if plan.is_empty:
        console.print("  There is nothing to take back.", markup=False)
        return
    heading("What that books, account by account: the opposite of what the run brought")
    print_rows(
        [{"account": e.account, "balance": format_minor(e.balance_minor, plan.currency_code)} for e in plan.effect],
        empty="nothing: drafts carry no balance",
    )
    console.print(f"  `nexabooks undo {plan.run_id} --apply --by NAME` takes it back exactly so.", markup=False)
