"""The reversals of approved corrections, by the same steps that take a run back. New entries are drafts like any other."""

from __future__ import annotations

from datetime import date
from typing import Any

from nexabooks.clients.odoo import id_of, text_of
from nexabooks.ledger.actions import Action
from nexabooks.ledger.books import LOCK_DATES
from nexabooks.ledger.desired import MoveKey
from nexabooks.ledger.odoo_values import minor_of
from nexabooks.ledger.reversal_reasons import correction_reason, is_ours
from nexabooks.ledger.run import Run
from nexabooks.ledger.undo import Periods, UndoStep
from nexabooks.ledger.undo_apply import TakingBack
from nexabooks.ledger.undo_looking import matched_lines, read_many, reversals_of

FIELDS = ("name", "state", "date", "journal_id", "currency_id", "amount_total")


def reverse_entries(run: Run, partner_ids: dict[str, int], today: date) -> None:
    """Unmatch and reverse the entries that the plan says, and write the receipts. Runs before the drafts, under the lease
    of all writers: no key keeps a reversal single, so one that a cut-off run began is looked for and finished.

    What is not reversed is not posted anew either."""
    actions = {action.odoo_id: action for action in run.plan.of("reverse") if action.odoo_id}
    if not actions:
        return
    steps = _steps(run, actions, partner_ids, Periods(run.client, today))
    back = TakingBack(
        steps, correction_reason(run.plan.run_id), run.client, run.journal, run.plan.run_id, run.now, prefix=""
    )
    back.unmatch()
    back.reverse()
    for receipt in back.receipts:
        run.counts[receipt.action, receipt.outcome] += 1
        if receipt.action == "reverse":
            key = MoveKey(receipt.source_system, receipt.source_invoice_id, receipt.kind)
            if receipt.outcome in ("done", "already"):
                run.took_back(key)
            else:
                run.stopped.add(key)
    run.end_batch("reversed", len(steps), len(steps))


def _steps(run: Run, actions: dict[int, Action], partner_ids: dict[str, int], periods: Periods) -> list[UndoStep]:
    """Those that may go; the others get their receipt here."""
    ids = list(actions)
    held = read_many(run.client, "account.move", ids, FIELDS)
    begun = reversals_of(run.client, ids)
    making = {action.key: action for action in run.plan.of("create")}
    steps = []
    for id, action in actions.items():
        row = held.get(id)
        by_others = [r for r in begun.get(id, []) if not is_ours(r)]
        if row is None or row["state"] != "posted":
            said = "not reversed: it is no longer posted"
        elif by_others:
            names = ", ".join(text_of(r["name"]) or "a draft" for r in by_others)
            said = f"not reversed: somebody began to reverse it in Odoo ({names}); finish it there"
        elif action.key in making and making[action.key].customer_id not in partner_ids:
            said = "not reversed: the customer of its new entry could not be made; see the customer's own receipt"
        else:
            steps.append(_step(action, row, periods))
            continue
        run.settle(action, "refused", said, odoo_model="account.move", odoo_id=id)
    matched = matched_lines(run.client, [step.odoo_id for step in steps])
    says = "what it was matched with is open again"
    return [*(_unmatch(step, says) for step in steps if step.odoo_id in matched), *steps]


def _step(action: Action, row: dict[str, Any], periods: Periods) -> UndoStep:
    code = row["currency_id"][1]
    dated_on, says = periods.reversal(date.fromisoformat(row["date"]), LOCK_DATES)
    return UndoStep(
        "reverse",
        *action.key,
        odoo_model="account.move",
        odoo_id=row["id"],
        entry_id=row["id"],
        name=text_of(row["name"]),
        says=says,
        total_minor=minor_of(row["amount_total"], code),
        currency_code=code,
        journal_id=periods.reversal_journal(id_of(row["journal_id"])),
        dated_on=dated_on,
    )


def _unmatch(step: UndoStep, says: str) -> UndoStep:
    return UndoStep(
        "unmatch",
        step.source_system,
        step.source_invoice_id,
        step.kind,
        "account.move",
        step.odoo_id,
        step.entry_id,
        step.name,
        says,
    )
