"""A correction that was cut off between its reversal and its new entry: what is left of it goes on under the same approval.

Pure. The reversed entry is put back in thought: if the plan would then propose the very row that was approved, nothing
it was bound to has changed since, and the steps that post the invoice anew are the rest of what a person approved. Whose
reversal it is, Odoo says by its reason and the journal by the intent of the run that made it; a reversal by hand or by
taking a run back is none of these, and waits behind the brake `taken_back` (docs/decisions/0021).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from nexabooks.ledger.actions import Plan, reverse_key
from nexabooks.ledger.desired import MoveKey
from nexabooks.ledger.plan import make_plan
from nexabooks.ledger.present import PresentMove

Meant = Collection[tuple[str, str]]  # (run, name of the step within it): the reversals that were about to be sent


def rest_of_corrections(plan: Plan, approved: Collection[str], meant: Meant) -> set[str]:
    """The fingerprints of those steps of `plan`, made without brakes, that finish approved corrections. `approved`: the
    fingerprints of the plan that a person approved; `meant`: the reversals of which the journal holds an intent."""
    reversed_moves: dict[MoveKey, PresentMove] = {}
    for action in plan.of("create", "update", "post"):
        before = plan.present.taken_back.get(action.key)
        if before and (before[-1].corrected_by, reverse_key(before[-1].move_id)) in meant:
            reversed_moves[action.key] = before[-1]
    proposals = _as_before(plan, reversed_moves).of("correct")
    going = {action.key for action in proposals if action.fingerprint in approved}
    return {a.fingerprint for a in plan.of("create", "update", "post") if a.key in going}


def _as_before(plan: Plan, reversed_moves: dict[MoveKey, PresentMove]) -> Plan:
    """What would be planned for these invoices if their reversals, and what was begun since, were not in the books."""
    back = {key: plan.present.taken_back[key][:-1] for key in reversed_moves}
    present = replace(
        plan.present,
        moves={key: replace(move, corrected_by="") for key, move in reversed_moves.items()},
        taken_back={key: moves for key, moves in back.items() if moves},
    )
    invoices = tuple(invoice for invoice in plan.desired.invoices if invoice.key in reversed_moves)
    desired = replace(plan.desired, invoices=invoices)
    return make_plan(desired, present, mode=plan.mode, run_id=plan.run_id, modes=plan.modes)
