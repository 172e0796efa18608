"""How Odoo answers a day, an amount and a kind: what goes through here is a date, whole minor units or our word on the other
side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from nexabooks.clients.odoo import text_of
from nexabooks.money import to_minor, units_per_major

MOVE_TYPES = {"invoice": "out_invoice", "credit_note": "out_refund"}


def day_of(value: Any) -> date | None:
    """A date field as Odoo answers it (text, or False)."""
    return date.fromisoformat(value) if value else None


def kind_of(record: Mapping[str, Any]) -> str:
    """The kind at the source of an entry of ours. One that a person gave our ids without it has the kind that its type says."""
    return text_of(record["x_fc_kind"]) or (
        "credit_note" if record["move_type"] == MOVE_TYPES["credit_note"] else "invoice"
    )


def minor_of(value: Any, currency_code: str) -> int:
    """An amount field as Odoo answers it, in minor units. Odoo counts in binary, so digits below a millionth of the
    minor unit are its noise; anything coarser is refused by to_minor."""
    noise = Decimal(1) / units_per_major(currency_code) / 1_000_000
    amount = Decimal(value)
    clean = amount.quantize(Decimal(1) / units_per_major(currency_code))
    return to_minor(clean if abs(clean - amount) < noise else amount, currency_code)
