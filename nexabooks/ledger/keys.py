"""The names that Odoo's database keeps unique: external ids, made from the source's own ids.

(module, name) has a unique index in ir.model.data, and `load` is how a billing user may use it (facts: odoo
"Idempotency keys compared"). A name may hold no space, and a dot divides module and name, so only letters, digits,
`_` and `-` are used; an id with anything else, or a very long one, keeps a readable start and gets a digest.

What was posted and reversed since keeps its name, so the next posting of the same record has a revision in it
(docs/decisions/0021).
"""

from __future__ import annotations

import hashlib
import re

MODULE = "nexabooks"

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")
_DIGESTED = re.compile(r"--[0-9a-f]{24}$|_r[0-9]+$")  # endings that only this file gives


def safe(text: str) -> str:
    """`text` as part of an external id; two different texts never give the same part."""
    if _PLAIN.fullmatch(text) and not _DIGESTED.search(text):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:24]
    return f"{re.sub('[^A-Za-z0-9_-]', '-', text)[:40]}--{digest}"


def partner_key(customer_id: str) -> str:
    """The external id in Odoo of a customer, by the warehouse's `customer_id`."""
    return f"{MODULE}.partner_{safe(customer_id)}"


def move_key(source_system: str, kind: str, source_invoice_id: str, revision: int = 1) -> str:
    """The external id of a document's entry. `revision`: 1 for the first, higher where a reversed one is posted again."""
    return f"{MODULE}.move_{safe(source_system)}_{kind}_{safe(source_invoice_id)}{_again(revision)}"


def note_key(source_system: str, kind: str, source_invoice_id: str, revision: int = 1) -> str:
    """The external id of the note with its proof on that entry."""
    return f"{MODULE}.note_{safe(source_system)}_{kind}_{safe(source_invoice_id)}{_again(revision)}"


def pdf_key(move_id: int) -> str:
    """By the entry and not by the invoice: an invoice that is booked again has its PDF on the new entry too."""
    return f"{MODULE}.pdf_{move_id}"


def line_key(source_system: str, kind: str, source_invoice_id: str, position: int, revision: int = 1) -> str:
    """The external id of one line of that entry, by the line's `position` in the source's document."""
    return f"{MODULE}.line_{safe(source_system)}_{kind}_{safe(source_invoice_id)}{_again(revision)}_{position}"


def payment_key(source_system: str, payment_id: str, source_invoice_id: str, revision: int = 1) -> str:
    """One payment may settle several invoices (Lago), so the invoice is part of the name."""
    record = safe(payment_id + "|" + source_invoice_id)
    return f"{MODULE}.payment_{safe(source_system)}_{record}{_again(revision)}"


def _again(revision: int) -> str:
    """Nothing for the first posting of a record, `_r2` for the second."""
    return f"_r{revision}" if revision > 1 else ""
