"""The names that Odoo's database keeps unique: external ids, made from the source's own ids.

(module, name) has a unique index in ir.model.data, and `load` is how a billing user may use it (facts: odoo
"Idempotency keys compared"). A name may hold no space, and a dot divides module and name, so only letters, digits,
`_` and `-` are used; an id with anything else, or a very long one, keeps a readable start and gets a digest.
"""

from __future__ import annotations

import hashlib
import re

MODULE = "nexabooks"

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")
_DIGESTED = re.compile(r"--[0-9a-f]{24}$")


def safe(text: str) -> str:
    """`text` as part of an external id; two different texts never give the same part."""
    if _PLAIN.fullmatch(text) and not _DIGESTED.search(text):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:24]
    return f"{re.sub('[^A-Za-z0-9_-]', '-', text)[:40]}--{digest}"


def partner_key(customer_id: str) -> str:
    return f"{MODULE}.partner_{safe(customer_id)}"


def move_key(source_system: str, kind: str, source_invoice_id: str) -> str:
    return f"{MODULE}.move_{safe(source_system)}_{kind}_{safe(source_invoice_id)}"


def note_key(source_system: str, kind: str, source_invoice_id: str) -> str:
    return f"{MODULE}.note_{safe(source_system)}_{kind}_{safe(source_invoice_id)}"


def pdf_key(move_id: int) -> str:
    """By the entry and not by the invoice: an invoice that is booked again has its PDF on the new entry too."""
    return f"{MODULE}.pdf_{move_id}"


def line_key(source_system: str, kind: str, source_invoice_id: str, position: int) -> str:
    return f"{MODULE}.line_{safe(source_system)}_{kind}_{safe(source_invoice_id)}_{position}"


def payment_key(source_system: str, payment_id: str, source_invoice_id: str) -> str:
    """One payment may settle several invoices (Lago), so the invoice is part of the name."""
    return f"{MODULE}.payment_{safe(source_system)}_{safe(payment_id + '|' + source_invoice_id)}"
