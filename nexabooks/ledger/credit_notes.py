"""A posted credit note is matched with the invoice that it corrects, as far as both have something left."""

from __future__ import annotations

from nexabooks.ledger.desired import Invoice, MoveKey
from nexabooks.ledger.drafts import read_batch
from nexabooks.ledger.matching import match_left_open, match_pairs
from nexabooks.ledger.plan import Action
from nexabooks.ledger.run import Run


def match_credit_notes(run: Run) -> None:
    """Match the plan's credit notes, and write the receipts. Runs before payments: a payment meets what is left."""
    actions = []
    for action in run.plan.of("match"):
        corrected = run.invoices.get(_corrected(run.invoices[action.key]))
        if corrected is None or {action.key, corrected.key} & run.stopped:
            said = "the credit note or its invoice is not posted; see their own receipts"
            run.settle(action, "refused", said, odoo_model="account.move", odoo_id=action.odoo_id)
        else:
            actions.append(action)
    for batch in run.batches("credit notes matched", actions):
        _match(run, batch)


def _corrected(note: Invoice) -> MoveKey:
    return MoveKey(note.source_system, note.corrects_source_invoice_id, "invoice")


def _match(run: Run, actions: list[Action]) -> None:
    notes = [run.invoices[action.key] for action in actions]
    both = [*notes, *(run.invoices[_corrected(note)] for note in notes)]
    held = read_batch(run, both)
    pairs = {
        note.key: (held[note.key].move_id, held[_corrected(note)].move_id)
        for note in notes
        if note.key in held and _corrected(note) in held
    }
    run.intend(actions)
    said = match_pairs(run, list(pairs.values()))
    after = read_batch(run, both)
    unmoved = [
        pairs[n.key]
        for n in notes
        if n.key in pairs
        and not said[pairs[n.key]]
        and n.key in after
        and after[n.key].residual_minor == held[n.key].residual_minor
    ]
    if unmoved:
        said.update(match_left_open(run, unmoved))
        after = read_batch(run, both)
    for action, note in zip(actions, notes, strict=True):
        trouble = said[pairs[note.key]] if note.key in pairs else "the credit note or its invoice is no longer in Odoo"
        move = after.get(note.key)
        run.settle(
            action,
            "refused" if trouble or not move else "done",
            trouble or (f"{move.name} matched with the invoice it corrects" if move else "it is no longer in Odoo"),
            odoo_model="account.move",
            odoo_id=move.move_id if move else None,
            odoo_total_minor=move.total_minor if move else None,
        )
