"""A posted credit note is matched with the invoice that it corrects, as far as it lowers that invoice."""

from __future__ import annotations

from nexabooks.ledger.actions import Action
from nexabooks.ledger.desired import Invoice, MoveKey
from nexabooks.ledger.drafts import read_batch
from nexabooks.ledger.matching import Pair, match_left_open, match_pairs
from nexabooks.ledger.run import Run
from nexabooks.money import format_minor


def match_credit_notes(run: Run) -> None:
    """Match the plan's credit notes, and write the receipts. Runs after the payments of the notes themselves and before
    those of invoices: each meets what is left."""
    for batch in run.batches(
        "credit notes matched", lambda action: action.verb == "match" and action.kind != "payment"
    ):
        going = []
        for action in batch:
            corrected = run.invoices.get(_corrected(run.invoices[action.key]))
            if corrected is None or {action.key, corrected.key} & run.stopped:
                said = "the credit note or its invoice is not posted; see their own receipts"
                run.settle(action, "refused", said, odoo_model="account.move", odoo_id=action.odoo_id)
            else:
                going.append(action)
        if going:
            _match(run, going)


def _corrected(note: Invoice) -> MoveKey:
    return MoveKey(note.source_system, note.corrects_source_invoice_id, "invoice")


def _match(run: Run, actions: list[Action]) -> None:
    notes = [run.invoices[action.key] for action in actions]
    both = [*notes, *(run.invoices[_corrected(note)] for note in notes)]
    held = read_batch(run, both)
    pairs: dict[MoveKey, Pair] = {}
    troubles: dict[MoveKey, str] = {}
    for action, note in zip(actions, notes, strict=True):
        mine, other = held.get(note.key), held.get(_corrected(note))
        if not mine or not other:
            troubles[note.key] = "the credit note or its invoice is no longer in Odoo"
        elif (both_left := min(mine.residual_minor, other.residual_minor)) > action.total_minor:
            left, most = (format_minor(a, note.currency_code) for a in (both_left, action.total_minor))
            troubles[note.key] = f"{left} would be matched and only {most} lower the invoice: see the note's payments"
        else:
            pairs[note.key] = (mine.move_id, other.move_id)
    run.intend(action for action in actions if action.key in pairs)
    said = match_pairs(run, list(pairs.values()))
    after = read_batch(run, both)
    unmoved = [
        pair
        for key, pair in pairs.items()
        if not said[pair] and key in after and after[key].residual_minor == held[key].residual_minor
    ]
    if unmoved:
        said.update(match_left_open(run, unmoved))
        after = read_batch(run, both)
    for action, note in zip(actions, notes, strict=True):
        trouble = troubles.get(note.key) or said[pairs[note.key]]
        move, before = after.get(note.key), held.get(note.key)
        run.settle(
            action,
            "refused" if trouble or not move else "done",
            trouble or (f"{move.name} matched with the invoice it corrects" if move else "it is no longer in Odoo"),
            odoo_model="account.move",
            odoo_id=move.move_id if move else None,
            odoo_total_minor=before.residual_minor - move.residual_minor if before and move else None,
        )
