"""What Odoo holds already under no source's id: an invoice that a person entered, or a loader before nexabooks.

Odoo posts a second entry with the same customer, number, day and amount without a word (facts: odoo "ref"), so such a twin
is looked for before an invoice is made or posted (docs/decisions/0030).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nexabooks.clients.odoo import OdooReader, text_of
from nexabooks.ledger.desired import Invoice, MoveKey
from nexabooks.ledger.odoo_values import MOVE_TYPES, day_of, minor_of
from nexabooks.money import format_minor

FIELDS = (
    "id",
    "name",
    "state",
    "payment_state",
    "move_type",
    "ref",
    "invoice_date",
    "amount_total",
    "currency_id",
)
REFS_A_CALL = 500


@dataclass(frozen=True, slots=True)
class Twin:
    """An entry of nobody's with an invoice's number and its day or its amount."""

    entry_id: int
    name: str
    state: str  # draft, posted
    payment_state: str
    invoiced_on: date | None
    total_minor: int
    currency_code: str


def read_twins(client: OdooReader, invoices: Iterable[Invoice]) -> dict[MoveKey, Twin]:
    """Of the invoices that have one, the twin; the oldest of several. One call for five hundred numbers."""
    by_ref: dict[str, list[Invoice]] = defaultdict(list)
    for invoice in invoices:
        if invoice.invoice_number:
            by_ref[invoice.invoice_number].append(invoice)
    twins: dict[MoveKey, Twin] = {}
    for record in _nobodys(client, sorted(by_ref)):
        twin = _twin(record)
        for invoice in by_ref[text_of(record["ref"])]:
            if record["move_type"] == MOVE_TYPES[invoice.kind] and (
                _same_day(invoice, twin) or _same_amount(invoice, twin)
            ):
                twins.setdefault(invoice.key, twin)
    return twins


def _nobodys(client: OdooReader, refs: Sequence[str]) -> list[Mapping[str, Any]]:
    """The customer invoices and credit notes with these references and no id of ours, less those that count no more."""
    here = [
        ["company_id", "=", client.company_id],
        ["x_fc_source_invoice_id", "=", False],
        ["move_type", "in", list(MOVE_TYPES.values())],
        ["state", "!=", "cancel"],
        ["payment_state", "!=", "reversed"],
    ]
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(refs), REFS_A_CALL):
        found += client.all_of("account.move", [*here, ["ref", "in", refs[start : start + REFS_A_CALL]]], FIELDS)
    return found


def _twin(record: Mapping[str, Any]) -> Twin:
    currency_code = record["currency_id"][1]
    return Twin(
        entry_id=record["id"],
        name=text_of(record["name"]),
        state=record["state"],
        payment_state=text_of(record["payment_state"]),
        invoiced_on=day_of(record["invoice_date"]),
        total_minor=minor_of(record["amount_total"], currency_code),
        currency_code=currency_code,
    )


def _same_day(invoice: Invoice, twin: Twin) -> bool:
    return twin.invoiced_on == invoice.invoiced_on


def _same_amount(invoice: Invoice, twin: Twin) -> bool:
    return (twin.total_minor, twin.currency_code) == (invoice.total_minor, invoice.currency_code)


def twin_says(invoice: Invoice, twin: Twin, *, has_draft: bool) -> str:
    """Why the invoice waits for a person, and what he may do. `has_draft`: nexabooks holds a draft of it.

    Only a twin that is posted, equal and unpaid, without a draft of ours beside it, is offered to be taken over by our ids:
    else the invoice would have two entries, or its money would be booked a second time.
    """
    is_posted, is_day, is_amount = twin.state == "posted", _same_day(invoice, twin), _same_amount(invoice, twin)
    what = f"{twin.name if is_posted else 'a draft'} (entry {twin.entry_id})"
    if not is_amount:
        same = f"number and day, over {format_minor(twin.total_minor, twin.currency_code)},"
    elif not is_day:
        same = f"number and amount, of {twin.invoiced_on or 'no day'},"
    else:
        same = "number, day and amount"
    act = "Cancel or reverse that entry" if is_posted else "Delete that draft"
    if is_posted and is_day and is_amount and twin.payment_state == "not_paid" and not has_draft:
        ids = f"{invoice.source_system} and {invoice.source_invoice_id}"
        act += f", or let it count by writing {ids} into its x_fc_source_system and x_fc_source_invoice_id"
    said = f"Odoo seems to hold it already: {what} has the same {same} and no source's id"
    return f"{said}. {act}; if it is another document, change its reference"
