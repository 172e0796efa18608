"""The proof on each posted entry: a note with its source, what was verified there, the run, and a link to the source's page.

`mail.message` takes `load`, so a batch of notes is one call and each has an external id: `message_post` takes one entry
a call, which for 300 invoices would be more calls than all the rest. Odoo keeps a note single by that id and lets nobody
but an administrator load it a second time, so after a refusal those that are there are looked up.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape

from nexabooks.clients.odoo import text_of
from nexabooks.ledger.batches import drive
from nexabooks.ledger.desired import Invoice, MoveKey
from nexabooks.ledger.keys import note_key
from nexabooks.ledger.run import Run
from nexabooks.money import format_minor

FIELDS = ("id", "model", "res_id", "body", "message_type", "subtype_id/id")
NOTES_A_CALL = 200  # a note is light: measured at about 40 ms
MARK = "Posted by nexabooks"

Note = tuple[int, Invoice]  # the entry it stands on, and what was posted


def write_evidence(run: Run) -> None:
    """A note on every entry that this run posted, once. What could not be noted is said in the receipt of the posting,
    which stays what it is: a posted invoice without a note is posted."""
    posted = {
        MoveKey(r.source_system, r.source_invoice_id, r.kind): r.odoo_id
        for r in run.receipts
        if r.action == "post" and r.outcome in ("done", "already") and r.odoo_id
    }
    notes = [(move_id, run.invoices[key]) for key, move_id in posted.items()]

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

    driven = drive(notes, send, still_to_do, size=NOTES_A_CALL, look_first=False)
    troubles = {invoice.key: said for (_, invoice), said in (*driven.refused, *driven.unclear)}
    for n, receipt in enumerate(run.receipts):
        key = MoveKey(receipt.source_system, receipt.source_invoice_id, receipt.kind)
        if receipt.action == "post" and key in troubles:
            run.receipts[n] = replace(receipt, says=f"{receipt.says}; it got no note: {troubles[key]}")
            run.journal.receipt([run.receipts[n]])


def _row(run: Run, note: Note) -> list[str]:
    move_id, invoice = note
    body = note_of(invoice, run.plan.run_id)
    return [note_key(*invoice.key), "account.move", str(move_id), body, "comment", "mail.mt_note"]


def note_of(invoice: Invoice, run_id: str) -> str:
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
