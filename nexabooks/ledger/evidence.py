"""The proof on each posted entry: a note with its source, what was verified there, the run, and a link to the source's page.

`mail.message` takes `load`, so a batch of notes is one call and each has an external id: `message_post` takes one entry
a call, which for 300 invoices would be more calls than all the rest. Odoo keeps a note single by that id and lets nobody
but an administrator load it a second time, so after a refusal those that are there are looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from nexabooks.clients.odoo import text_of
from nexabooks.ledger.actions import Action
from nexabooks.ledger.batches import drive
from nexabooks.ledger.desired import Invoice, MoveKey
from nexabooks.ledger.journal import Outcome
from nexabooks.ledger.keys import note_key
from nexabooks.ledger.run import Run
from nexabooks.money import format_minor

FIELDS = ("id", "model", "res_id", "body", "message_type", "subtype_id/id")
NOTES_A_CALL = 200  # a note is light: measured at about 40 ms
MARK = "Posted by nexabooks"

Note = tuple[int, Invoice]  # the entry it stands on, and what was posted


def write_owed_notes(run: Run) -> None:
    """A note on the entries that a run posted and was cut off before noting."""
    found = [(_settle_cut_off(run, key), key) for key in sorted(run.owed_notes)]
    write_notes(run, [(move_id, run.invoices[key]) for move_id, key in found if move_id])


def write_notes(run: Run, notes: Sequence[Note]) -> None:
    """A note on each of these entries, once. A posted invoice without a note is posted; its note has its own receipt."""
    run.owed_notes -= {invoice.key for _, invoice in notes}

    def send(batch: list[Note]) -> None:
        run.client.load("mail.message", FIELDS, [_row(run, note) for note in batch])

    def still_to_do(batch: list[Note]) -> list[Note]:
        domain = [
            ["model", "=", "account.move"],
            ["res_id", "in", [move_id for move_id, _ in batch]],
            ["message_type", "=", "comment"],
        ]
        held = run.client.all_of("mail.message", domain, ["res_id", "body"])
        noted = {m["res_id"] for m in held if MARK in text_of(m["body"])}
        return [note for note in batch if note[0] not in noted]

    run.intend(note_action(invoice) for _, invoice in notes)
    driven = drive(notes, send, still_to_do, size=NOTES_A_CALL, look_first=False)
    for note in driven.done:
        _settle(run, note, "done", "its proof stands on it")
    for note in driven.already:
        _settle(run, note, "already", "its proof stands on it")
    for note, outcome, says in driven.troubles:
        _settle(run, note, outcome, f"it is posted and got no note: {says}")
    run.write_down()


def note_action(invoice: Invoice) -> Action:
    """The step of noting, as intents and receipts name it; it is no row of a plan."""
    return Action("note", *invoice.key, invoice.customer_id, "its proof", invoice.total_minor, invoice.currency_code)


def _settle(run: Run, note: Note, outcome: Outcome, says: str) -> None:
    move_id, invoice = note
    run.settle(note_action(invoice), outcome, says, odoo_model="account.move", odoo_id=move_id)


def _settle_cut_off(run: Run, key: MoveKey) -> int | None:
    """What a run that was cut off between posting and noting left: the entry to note, None when it has none. The figures
    that it would prove must still be those of the entry."""
    invoice, move = run.invoices.get(key), run.plan.present.moves.get(key)
    gone = run.plan.present.taken_back.get(key)
    if invoice is None:
        return None
    if move and move.state == "posted":
        post = replace(note_action(invoice), verb="post")
        run.settle(
            post,
            "already",
            f"posted as {move.name} by a run that was cut off",
            odoo_model="account.move",
            odoo_id=move.move_id,
            odoo_total_minor=move.total_minor,
        )
        if move.content_hash == invoice.content_hash:
            return move.move_id
        _settle(run, (move.move_id, invoice), "already", "its source changed before its proof was noted")
    elif gone:
        _settle(run, (gone[-1].move_id, invoice), "already", "it was reversed before its proof was noted")
    return None


def _row(run: Run, note: Note) -> list[str]:
    move_id, invoice = note
    body = _note_of(invoice, run.plan.run_id)
    name = note_key(invoice.source_system, invoice.kind, invoice.source_invoice_id, run.revision_of(invoice.key))
    return [name, "account.move", str(move_id), body, "comment", "mail.mt_note"]


def _note_of(invoice: Invoice, run_id: str) -> str:
    """The note as HTML; whatever comes from a source is escaped."""

    def amount(minor: int) -> str:
        return format_minor(minor, invoice.currency_code)

    kind = invoice.kind.replace("_", " ")
    taxes = ", ".join(f"{code} {amount(minor)}" for code, minor in sorted(invoice.tax_minor_by_code.items()))
    facts = [
        f"Source: {escape(invoice.source_system)} {kind} {_link(invoice)}, number {escape(invoice.invoice_number)}",
        f"Verified there: {amount(invoice.subtotal_minor)} and tax {amount(invoice.tax_minor)}"
        f"{f' ({escape(taxes)})' if taxes else ''} make {amount(invoice.total_minor)}, dated {invoice.invoiced_on}",
        f"Facts as written: {escape(invoice.content_hash)}",
    ]
    if invoice.nexacloud_invoice_id:
        facts.insert(1, f"NexaCloud invoice {escape(invoice.nexacloud_invoice_id)}")
    items = "".join(f"<li>{fact}</li>" for fact in facts)
    return f"<p>{MARK}, run {escape(run_id)}.</p><ul>{items}</ul>"


def _link(invoice: Invoice) -> str:
    """The source's id with its page, and its PDF, where the source gives them. The PDF's address carries its own key and
    runs out (docs/decisions/0023), so it stands here and nowhere else."""
    shown = escape(invoice.source_invoice_id)
    page = f'<a href="{escape(invoice.source_url)}">{shown}</a>' if _is_web(invoice.source_url) else shown
    return f'{page} (<a href="{escape(invoice.pdf_url)}">PDF</a>)' if _is_web(invoice.pdf_url) else page


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))
