"""Helpers that make the invoices of the trap world: ids by the name of the trap, payments, credit notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from nexabooks.sandbox import traps_people as people
from nexabooks.sandbox.making import invoice, item, month, payment, stripe_id, uid, utc
from nexabooks.sandbox.world import CreditNote, Invoice, Line, Tax, User

MAY = month("2026-05")
PAID_AT = utc("2026-05-20T15:00")


def invoice_id(source: str, name: str) -> str:
    """The id of a trap's invoice by its name: invoice_id("stripe", "discount")."""
    return stripe_id("in", f"stripe:{name}") if source == "stripe" else uid(f"lago:{name}")


def credit_note_id(name: str) -> str:
    """The id of the credit note on a trap's invoice."""
    return stripe_id("cn", name) if not name.startswith("lago-") else uid(f"credit-note:{name}")


def of_stripe(
    name: str, items: list[Line], *, user: User = people.PLAIN, at: str = "2026-05-04T14:00", **more: Any
) -> Invoice:
    values: dict[str, Any] = {"paid_at": PAID_AT} | more
    number = f"TRP-{name}" if values.get("status") != "draft" else ""
    return invoice("stripe", name, number, user, utc(at), items, **values)


def of_lago(
    name: str, items: list[Line], *, user: User = people.PLAIN, at: str = "2026-05-04T14:00", **more: Any
) -> Invoice:
    values: dict[str, Any] = {"paid_at": PAID_AT} | more
    number = "NEX-DRAFT" if values.get("status") == "draft" else f"NEX-{name}"
    return invoice("lago", name, number, user, utc(at), items, **values)


def paid_later(made: Invoice, *amounts: tuple[int, bool]) -> Invoice:
    """The invoice with these payments: (amount, off the source's own rails)."""
    payments = [
        payment(made.source, f"{made.id}:{n}", PAID_AT + timedelta(days=n), amount)
        for n, (amount, _) in enumerate(amounts)
    ]
    payments = [
        replace(p, is_out_of_band=True, charge_id="", fee_minor=0, payout_id="") if off else p
        for p, (_, off) in zip(payments, amounts, strict=True)
    ]
    return replace(made, payments=tuple(payments))


def credited(made: Invoice, name: str, subtotal: int, tax: int, **more: Any) -> Invoice:
    """The invoice with a credit note; `more` says how its total was made good (CreditNote)."""
    line = item("Credit", subtotal)
    line = replace(line, id=f"{credit_note_id(name)}_1", taxes=(Tax("hst_13", Decimal(13), tax, subtotal),))
    note = CreditNote(
        credit_note_id(name),
        f"{made.number}-CN-01",
        utc("2026-05-22T16:00"),
        subtotal,
        tax,
        subtotal + tax,
        "order_change",
        lines=(line,),
        **more,
    )
    return replace(made, credit_notes=(note,))


def with_payments(made: Invoice, **changes: Any) -> Invoice:
    """The invoice with each of its payments changed."""
    return replace(made, payments=tuple(replace(p, **changes) for p in made.payments))
