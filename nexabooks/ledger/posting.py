"""Posting: drafts that equal their source are posted in batches, and read back.

`action_post` is all or nothing and names the record only sometimes, so a refused batch is halved (facts: odoo
"Posting"). Figures are compared right before and right after: a draft may have been changed in Odoo since the plan.
"""

from __future__ import annotations

from nexabooks.ledger.actions import Action
from nexabooks.ledger.batches import drive
from nexabooks.ledger.desired import Invoice, MoveKey
from nexabooks.ledger.drafts import read_batch
from nexabooks.ledger.evidence import NOTES_A_CALL, Note, note_action, write_notes
from nexabooks.ledger.journal import Outcome
from nexabooks.ledger.plan import figures_differ
from nexabooks.ledger.present import PresentMove
from nexabooks.ledger.run import Run


def post_drafts(run: Run, *, has_notes: bool) -> None:
    """Post the plan's drafts whose earlier steps held, and write the receipts. `has_notes`: their proof follows."""
    notes: list[Note] = []
    for batch in run.batches("posted", lambda action: action.verb == "post"):
        going = {}
        for action in batch:
            if action.key in run.stopped:
                said = "not posted: see the receipt of its draft"
                run.settle(action, "refused", said, odoo_model="account.move", odoo_id=action.odoo_id)
            else:
                going[action.key] = action
        posted = _post_batch(run, going, has_notes) if going else []
        notes += posted if has_notes else []
        if len(notes) >= NOTES_A_CALL:
            write_notes(run, notes)
            notes = []
    write_notes(run, notes)


def _post_batch(run: Run, actions: dict[MoveKey, Action], has_notes: bool) -> list[Note]:
    """Returns what is posted now, with its entry."""
    invoices = [run.invoices[key] for key in actions]
    held = read_batch(run, invoices)
    sound = []
    for invoice in invoices:
        move = held.get(invoice.key)
        if move is None:
            _settle(
                run,
                actions[invoice.key],
                "refused",
                "its draft is no longer in Odoo; the next run makes it again",
                None,
            )
        elif difference := figures_differ(invoice, move):
            _settle(run, actions[invoice.key], "refused", f"not posted: {difference}", move)
        elif move.state == "draft" and move.content_hash != invoice.content_hash:
            said = "its draft is unfinished or was made from other facts; the next run finishes it"
            _settle(run, actions[invoice.key], "refused", said, move)
        elif move.state == "cancel":
            _settle(run, actions[invoice.key], "refused", "its entry was cancelled in Odoo", move)
        else:
            sound.append(invoice)

    def send(batch: list[Invoice]) -> None:
        run.intend(actions[i.key] for i in batch)
        run.client.write_call("account.move", "action_post", ids=[held[i.key].move_id for i in batch])

    def still_to_do(batch: list[Invoice]) -> list[Invoice]:
        now = read_batch(run, batch)
        return [i for i in batch if i.key not in now or now[i.key].state == "draft"]

    already = [i for i in sound if held[i.key].state == "posted"]
    driven = drive([i for i in sound if i not in already], send, still_to_do, look_first=False)
    driven.already += already
    now = read_batch(run, sound)
    for invoice, trouble, said in driven.troubles:
        _settle(run, actions[invoice.key], trouble, said, now.get(invoice.key))
    if has_notes:  # before the receipts: from here on it is owed
        run.intend(note_action(i) for i in driven.settled if i.key in now)
    notes: list[Note] = []
    for invoice in driven.settled:
        outcome: Outcome = "already" if invoice in driven.already else "done"
        if move := now.get(invoice.key):
            _settle_posted(run, actions[invoice.key], outcome, invoice, move)
            notes.append((move.move_id, invoice))
        else:
            _settle(run, actions[invoice.key], "unclear", "it was posted, and Odoo does not show it", None)
    return notes


def _settle_posted(run: Run, action: Action, outcome: Outcome, invoice: Invoice, move: PresentMove) -> None:
    """A posted entry is never touched again; what is wrong with it is said in a receipt of its own."""
    _settle(run, action, outcome, f"posted as {move.name}", move)
    wrong = [figures_differ(invoice, move)]
    if move.booked_on != invoice.invoiced_on:
        wrong.append(
            f"it is booked on {move.booked_on} and not on {invoice.invoiced_on}: a lock date was set meanwhile"
        )
    said = "; ".join(w for w in wrong if w)
    if said:
        verify = Action("verify", *action.key, action.customer_id, "", action.total_minor, action.currency_code)
        _settle(run, verify, "refused", f"posted as {move.name}, for a person to correct: {said}", move)


def _settle(run: Run, action: Action, outcome: Outcome, says: str, move: PresentMove | None) -> None:
    run.settle(
        action,
        outcome,
        says,
        odoo_model="account.move",
        odoo_id=move.move_id if move else None,
        odoo_total_minor=move.total_minor if move else None,
    )
