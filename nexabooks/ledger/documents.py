"""The source's PDF on its posted entry, once.

`ir.attachment` takes `load`, and its external id carries the entry's own id: loaded again, by whoever, it is the same
attachment. What cannot be had is said in a receipt and stops nothing; the entry is posted, and the next run asks again.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from nexabooks.clients.odoo import OdooWriter, text_of
from nexabooks.errors import NexabooksError
from nexabooks.ledger.batches import drive
from nexabooks.ledger.desired import Invoice
from nexabooks.ledger.journal import Intent, Journal, Outcome, Receipt
from nexabooks.ledger.keys import pdf_key

FIELDS = ("id", "name", "res_model", "res_id", "type", "mimetype", "datas")
LOOKED_AT = 200  # entries a reading call
PDFS_A_CALL = 20
BYTES_A_CALL = 8 * 1024 * 1024  # base64 makes a third more of it, and a proxy in front of Odoo often takes 16 MB
ACTION = "attach"
WITHOUT = "it is posted without its PDF, and the next run asks again"


@dataclass(frozen=True)
class Pdf:
    """An invoice's PDF on its way to the posted entry `move_id`."""

    move_id: int
    invoice: Invoice
    body: bytes = field(default=b"", repr=False)


def attach_pdfs(
    wanted: Sequence[tuple[int, Invoice]],
    client: OdooWriter,
    journal: Journal,
    fetch: Callable[[str, str], bytes],
    *,
    run_id: str,
    now: Callable[[], datetime],
    check: Callable[[int], None] = lambda done: None,
) -> list[Receipt]:
    """Attach the PDF of each (entry's id, invoice) that has an address and no attachment yet, and say what became of it.

    `fetch(url, what)` gives the bytes or raises a NexabooksError, whose sentence goes into the receipt; `check(done)` is
    called before each batch. Raises as Odoo's client does when Odoo cannot even be read.
    """
    receipts: list[Receipt] = []
    kept = 0

    def settle(pdf: Pdf, outcome: Outcome, says: str) -> None:
        i = pdf.invoice
        receipts.append(
            Receipt(
                receipt_id=f"{run_id} {_action_key(i)}",
                run_id=run_id,
                action=ACTION,
                source_system=i.source_system,
                source_invoice_id=i.source_invoice_id,
                kind=i.kind,
                odoo_model="account.move",
                odoo_id=pdf.move_id,
                outcome=outcome,
                says=says,
                total_minor=i.total_minor,
                odoo_total_minor=None,
                currency_code=i.currency_code,
                at=now(),
            )
        )

    for start in range(0, len(wanted), LOOKED_AT):
        some = [Pdf(move_id, invoice) for move_id, invoice in wanted[start : start + LOOKED_AT] if invoice.pdf_url]
        missing = _missing(client, some)
        for pdf in some:
            if pdf not in missing:
                settle(pdf, "already", "its PDF is attached")
        fetched: list[Pdf] = []
        for pdf in missing:
            try:
                fetched.append(replace(pdf, body=fetch(pdf.invoice.pdf_url, str(pdf.invoice.key))))
            except NexabooksError as error:
                settle(pdf, "refused", f"{WITHOUT}: {error}")
            if len(fetched) == PDFS_A_CALL or sum(len(p.body) for p in fetched) >= BYTES_A_CALL:
                check(len(receipts))
                _send(fetched, client, journal, run_id, now, settle)
                fetched = []
        check(len(receipts))
        _send(fetched, client, journal, run_id, now, settle)
        journal.receipt(receipts[kept:])
        kept = len(receipts)
    return receipts


def _send(
    pdfs: list[Pdf],
    client: OdooWriter,
    journal: Journal,
    run_id: str,
    now: Callable[[], datetime],
    settle: Callable[[Pdf, Outcome, str], None],
) -> None:
    def send(batch: list[Pdf]) -> None:
        client.load("ir.attachment", FIELDS, [_row(pdf) for pdf in batch])

    journal.intent(_intents(pdfs, run_id, now()))
    driven = drive(pdfs, send, lambda batch: _missing(client, batch), size=PDFS_A_CALL, look_first=False)
    for pdf in driven.settled:
        settle(pdf, "done", f"its PDF of {len(pdf.body)} bytes is attached")
    for pdf, said in driven.refused:
        settle(pdf, "refused", f"{WITHOUT}: {said}")
    for pdf, said in driven.unclear:
        settle(pdf, "unclear", said)


def _missing(client: OdooWriter, pdfs: list[Pdf]) -> list[Pdf]:
    """Those whose entry carries no attachment of that name."""
    if not pdfs:
        return []
    domain = [["res_model", "=", "account.move"], ["res_id", "in", [pdf.move_id for pdf in pdfs]]]
    held = {(row["res_id"], text_of(row["name"])) for row in client.all_of("ir.attachment", domain, ["res_id", "name"])}
    return [pdf for pdf in pdfs if (pdf.move_id, _file_name(pdf.invoice)) not in held]


def _file_name(invoice: Invoice) -> str:
    """What the attachment is called in Odoo: source, kind and the source's own id."""
    return f"{invoice.source_system} {invoice.kind.replace('_', ' ')} {invoice.source_invoice_id}.pdf"


def _row(pdf: Pdf) -> list[str]:
    datas = base64.b64encode(pdf.body).decode()
    name = _file_name(pdf.invoice)
    return [pdf_key(pdf.move_id), name, "account.move", str(pdf.move_id), "binary", "application/pdf", datas]


def _action_key(invoice: Invoice) -> str:
    return f"{ACTION} {invoice.key}"


def _intents(pdfs: Iterable[Pdf], run_id: str, at: datetime) -> list[Intent]:
    return [
        Intent(
            run_id=run_id,
            action_key=_action_key(i),
            action=ACTION,
            source_system=i.source_system,
            source_invoice_id=i.source_invoice_id,
            kind=i.kind,
            says="its PDF",
            total_minor=i.total_minor,
            currency_code=i.currency_code,
            at=at,
        )
        for i in (pdf.invoice for pdf in pdfs)
    ]
