"""How Odoo answers a day and an amount: what goes through here is a date or whole minor units on the other side."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from nexabooks.money import to_minor, units_per_major


def day_of(value: Any) -> date | None:
    """A date field as Odoo answers it (text, or False)."""
    return date.fromisoformat(value) if value else None


def minor_of(value: Any, currency_code: str) -> int:
    """An amount field as Odoo answers it, in minor units. Odoo counts in binary, so digits below a millionth of the
    minor unit are its noise; anything coarser is refused by to_minor."""
    noise = Decimal(1) / units_per_major(currency_code) / 1_000_000
    amount = Decimal(value)
    clean = amount.quantize(Decimal(1) / units_per_major(currency_code))
    return to_minor(clean if abs(clean - amount) < noise else amount, currency_code)
