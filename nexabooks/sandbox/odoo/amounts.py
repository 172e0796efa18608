"""Amounts: rounding, signs and rates, and the lines of an entry; what every accounting file here leans on."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from nexabooks.sandbox.odoo.env import Env
from nexabooks.sandbox.odoo.store import Row

CENT, ZERO, HUNDRED = Decimal("0.01"), Decimal(0), Decimal(100)


def rounded(amount: Decimal, step: Decimal) -> Decimal:
    """`amount` to the currency's step, half away from zero."""
    return (amount / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step


def currency_step(env: Env, currency_id: int) -> Decimal:
    """The smallest amount of a currency."""
    return Decimal(env.row("res.currency", currency_id)["rounding"])


def direction(move_type: str) -> int:
    """The sign of a product line's balance: sales and vendor credits stand on the credit side."""
    return -1 if move_type in ("out_invoice", "in_refund", "out_receipt") else 1


def document_rate(env: Env, move: Row, currency_id: int) -> Decimal:
    """Units of the currency for one of the company's: an invoice's own rate, else that of the day."""
    if currency_id == env.company["currency_id"]:
        return Decimal(1)
    if move["move_type"] != "entry" and move["invoice_currency_rate"]:
        return Decimal(move["invoice_currency_rate"])
    return env["res.currency"].rate(currency_id, move["date"])


def lines_of(env: Env, move_id: int) -> list[Row]:
    """The lines of an entry, as rows, in the order in which they were made."""
    lines = env["account.move.line"].table
    return [lines.rows[i] for i in lines.having("move_id", move_id)]
