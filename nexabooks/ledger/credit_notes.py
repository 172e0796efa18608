"""A posted credit note is matched with the invoice that it corrects, as far as both have something left."""

from __future__ import annotations

from nexabooks.ledger.desired import MoveKey
from nexabooks.ledger.drafts import read_batch
from nexabooks.ledger.matching import match_pair, open_lines
from nexabooks.ledger.run import Run


def match_credit_notes(run: Run) -> None:
    """Match the plan's credit notes, and write the receipts. Runs before payments: a payment meets what is left."""
    for action in run.plan.of("match"):
        note = run.invoices[action.key]
        corrected = run.invoices.get(MoveKey(note.source_system, note.corrects_source_invoice_id, "invoice"))
        if corrected is None or {note.key, corrected.key} & run.stopped:
            said = "the credit note or its invoice is not posted; see their own receipts"
            run.settle(action, "refused", said, odoo_model="account.move", odoo_id=action.odoo_id)
            continue
        held = read_batch(run, [note, corrected])
        ids = [held[i.key].move_id for i in (note, corrected)]
        run.intend([action])
        said = match_pair(run, ids[0], ids[1], open_lines(run, ids))
        after = read_batch(run, [note, corrected])[note.key]
        run.settle(
            action,
            "refused" if said else "done",
            said or f"{after.name} matched with the invoice it corrects",
            odoo_model="account.move",
            odoo_id=after.move_id,
            odoo_total_minor=after.total_minor,
        )
