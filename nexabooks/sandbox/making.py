"""Small helpers that make records of a World: ids that look like the real ones, lines with their taxes, whole invoices.

Ids are hashes of a name, so a world has the same ids on every machine and on every day.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from nexabooks.money import round_minor
from nexabooks.sandbox.world import Invoice, Line, Payment, Tax, User

TORONTO = ZoneInfo("America/Toronto")
_NAMESPACE = uuid.UUID("5b0c9d0a-6a4e-4c6e-9a51-7d1f0f4a2c11")
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# Per cent. An exempt line carries no tax at all, so `exempt` is in no line's taxes.
TAX_RATES: dict[str, Decimal] = {
    "hst_13": Decimal("13"),
    "hst_15": Decimal("15"),
    "gst_5": Decimal("5"),
    "qst_9975": Decimal("9.975"),
}
HST = ("hst_13",)
GST_QST = ("gst_5", "qst_9975")
NO_TAX: tuple[str, ...] = ()


def uid(name: str) -> str:
    """The UUID of `name`, the same everywhere."""
    return str(uuid.uuid5(_NAMESPACE, name))


def stripe_id(prefix: str, name: str) -> str:
    """An id in Stripe's form, such as in_4fT…: the prefix and 24 letters and digits, the same everywhere."""
    number = int.from_bytes(hashlib.sha256(f"{prefix}:{name}".encode()).digest()[:20], "big")
    letters = []
    for _ in range(24):
        number, rest = divmod(number, 62)
        letters.append(_BASE62[rest])
    return f"{prefix}_{''.join(letters)}"


def utc(text: str) -> datetime:
    """An ISO moment, in UTC when it names no zone: utc("2026-06-02T06:00")."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def toronto(text: str) -> datetime:
    """An ISO date or local time in Toronto, as UTC: toronto("2026-04-01") is 2026-04-01T04:00Z."""
    return datetime.fromisoformat(text).replace(tzinfo=TORONTO).astimezone(UTC)


def month(text: str) -> tuple[datetime, datetime]:
    """A month as Toronto cuts it, half-open, in UTC: month("2026-04")."""
    first = date.fromisoformat(f"{text}-01")
    after = (first + timedelta(days=32)).replace(day=1)
    return toronto(first.isoformat()), toronto(after.isoformat())


def year_from(text: str) -> tuple[datetime, datetime]:
    """A year from a day on, as Toronto cuts it: year_from("2026-04-22")."""
    first = date.fromisoformat(text)
    return toronto(text), toronto(first.replace(year=first.year + 1).isoformat())


def item(
    description: str,
    amount_minor: int,
    period: tuple[datetime, datetime] | None = None,
    *,
    taxes: Sequence[str] = HST,
    quantity: Decimal | int = 1,
    discount_minor: int = 0,
    inclusive: bool = False,
    is_proration: bool | None = None,
    currency_code: str = "",
) -> Line:
    """One line; its taxes still have no amount, `invoice` works them out. Proration is told from the description."""
    start, end = period or (None, None)
    if is_proration is None:
        is_proration = description.startswith(("Remaining time on ", "Unused time on "))
    return Line(
        id="",
        description=description,
        amount_minor=amount_minor,
        quantity=Decimal(quantity),
        period_start=start,
        period_end=end,
        taxes=tuple(Tax(code, TAX_RATES[code], 0, is_inclusive=inclusive) for code in taxes),
        discount_minor=discount_minor,
        is_proration=is_proration,
        currency_code=currency_code,
    )


def tax_of(taxable_minor: int | Decimal, tax: Tax) -> Decimal:
    """The unrounded tax on an amount; of an inclusive tax, the part that is inside."""
    share = tax.rate / (100 + tax.rate) if tax.is_inclusive else tax.rate / 100
    return Decimal(taxable_minor) * share


def with_taxes(lines: Iterable[Line], rounding: Literal["document", "line"]) -> tuple[Line, ...]:
    """The lines with their tax amounts.

    "document": each line takes the growth of the rounded running total, so the lines add up to the document's tax
    (13 % of the sum, rounded once). "line": each line is rounded by itself, so three lines of 105 at 13 % give 42 and
    not 41.
    """
    bases: dict[str, int] = {}
    done = []
    for line in lines:
        net = line.amount_minor - line.discount_minor
        taxes = []
        for tax in line.taxes:
            before = bases.get(tax.code, 0)
            bases[tax.code] = before + net
            if rounding == "line":
                amount = round_minor(tax_of(net, tax))
            else:
                amount = round_minor(tax_of(before + net, tax)) - round_minor(tax_of(before, tax))
            taxes.append(replace(tax, amount_minor=amount, taxable_minor=net))
        done.append(replace(line, taxes=tuple(taxes)))
    return tuple(done)


def summed_taxes(lines: Iterable[Line]) -> tuple[Tax, ...]:
    """The taxes of a document: one row a code, the sums of its lines."""
    by_code: dict[str, Tax] = {}
    for tax in (tax for line in lines for tax in line.taxes):
        had = by_code.get(tax.code)
        by_code[tax.code] = (
            replace(
                had,
                amount_minor=had.amount_minor + tax.amount_minor,
                taxable_minor=had.taxable_minor + tax.taxable_minor,
            )
            if had
            else tax
        )
    return tuple(by_code.values())


def invoice(
    source: Literal["stripe", "lago"],
    name: str,
    number: str,
    user: User,
    issued_at: datetime,
    items: Sequence[Line],
    *,
    status: str = "",
    paid_at: datetime | None = None,
    currency_code: str = "CAD",
    tax_rounding: Literal["document", "line"] = "document",
    is_known: bool = True,
    **changes: Any,
) -> Invoice:
    """A whole invoice of one source, known to NexaCloud unless `is_known` is False.

    `status` "" means paid (Stripe) or finalized and paid (Lago) when `paid_at` is given, else open or pending.
    `paid_at` also makes the payment, for what is due. `changes` are further fields of Invoice and win over what is
    worked out here.
    """
    key = f"{source}:{name}"
    id = stripe_id("in", key) if source == "stripe" else uid(key)
    line_id = (lambda n: stripe_id("il", f"{key}:{n}")) if source == "stripe" else (lambda n: uid(f"{key}:{n}"))
    lines = tuple(replace(line, id=line.id or line_id(n)) for n, line in enumerate(with_taxes(items, tax_rounding), 1))
    taxes = summed_taxes(lines)
    subtotal = sum(line.amount_minor for line in lines)
    discount = sum(line.discount_minor for line in lines)
    tax = sum(t.amount_minor for t in taxes if not t.is_inclusive)
    total = subtotal - discount + tax
    is_draft = status == "draft" and source == "stripe"  # Lago dates a draft, Stripe does not
    if not status:
        status = "finalized" if source == "lago" else "paid" if paid_at or total <= 0 else "open"
    due_minor = max(0, total + changes.get("starting_balance_minor", 0))
    payments = (payment(source, key, paid_at, due_minor),) if paid_at and due_minor else ()
    values: dict[str, Any] = {
        "source": source,
        "id": id,
        "number": number,
        "status": status,
        "user_id": user.id,
        "currency_code": currency_code,
        "created_at": issued_at if is_draft or source == "lago" else issued_at - timedelta(minutes=61),
        "subtotal_minor": subtotal,
        "tax_minor": tax,
        "total_minor": total,
        "lines": lines,
        "taxes": taxes,
        "discount_minor": discount,
        "issued_at": None if is_draft else issued_at,
        "finalized_at": None if status == "draft" else issued_at,
        "due_at": None if is_draft else issued_at,
        "paid_at": paid_at or (issued_at if status in ("paid", "finalized") and due_minor == 0 else None),
        "payments": payments,
        "lago_payment_status": "succeeded" if paid_at or due_minor == 0 else "pending",
        "cloud_id": uid(f"cloud:{key}") if is_known else None,
        "cloud_created_at": issued_at if is_known else None,
        "cloud_paid_at": paid_at,
    }
    return Invoice(**(values | changes))


def payment(source: str, name: str, paid_at: datetime, amount_minor: int, **changes: Any) -> Payment:
    """A payment that succeeded; at Stripe by card, with the charge and the fee (2.9 % and 30) that Stripe keeps."""
    if source == "lago":
        return replace(Payment(uid(f"pay:{name}"), paid_at, amount_minor), **changes)
    friday = paid_at.date() + timedelta(days=(4 - paid_at.weekday()) % 7)
    values: dict[str, Any] = {
        "payment_id": stripe_id("pi", name),
        "paid_at": paid_at,
        "amount_minor": amount_minor,
        "charge_id": stripe_id("ch", name),
        "fee_minor": round_minor(Decimal(amount_minor) * Decimal("0.029")) + 30,
        "payout_id": stripe_id("po", friday.isoformat()),
    }
    return Payment(**(values | changes))
