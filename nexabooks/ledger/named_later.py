"""A refund that was booked bare, and that a credit note named later: the payment is in the books, for the invoice.

Pure. It is never made again. Where the warehouse says that all of it moved (`booked_for`), the payment that stands is taken
for the note's, and the plan matches the two; where it does not say so, the note's waits (docs/decisions/0026).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from nexabooks.ledger.desired import Desired, Invoice, MoveKey
from nexabooks.ledger.desired_payments import Payment, PaymentKey
from nexabooks.ledger.present import Present, PresentMove, PresentPayment


def as_named(desired: Desired, present: Present) -> Present:
    """`present` with each payment that a credit note named since under the note; what may be such a one and is not known to
    be is `in_the_way`. Harmless to repeat."""
    later = [p for invoice in desired.invoices for p in invoice.payments if _is_new(p, present)]
    held: dict[tuple[str, str], list[PaymentKey]] = defaultdict(list)
    if later:
        for key, there in present.payments.items():
            if there.direction == "outbound":
                held[key.source_system, key.payment_id].append(key)
    later = [p for p in later if (p.source_system, p.payment_id) in held]
    if not later:
        return present
    wanted = {p.key: p for invoice in desired.invoices for p in invoice.payments}
    payments, in_the_way = dict(present.payments), dict(present.in_the_way)
    for payment in later:
        for key in held[payment.source_system, payment.payment_id]:
            there, part = present.payments[key], wanted.get(key)
            if part and part.amount_minor == there.amount_minor:
                continue  # another part of the same refund
            if not part and key in payments and _is_that_one(payment, key, there, present):
                del payments[key]
                payments[payment.key] = replace(there, booked_for=key.source_invoice_id)
            elif not there.is_taken_back and there.state != "draft":
                in_the_way[payment.key] = key.source_invoice_id
    return replace(present, payments=payments, in_the_way=in_the_way)


def _is_new(payment: Payment, present: Present) -> bool:
    is_refund = payment.settles_kind == "credit_note" and payment.direction == "outbound"
    return is_refund and payment.key not in present.payments


def _is_that_one(payment: Payment, key: PaymentKey, there: PresentPayment, present: Present) -> bool:
    """The warehouse says so. It does not read what was cancelled: that is the same movement when its figures are, and a
    person's to decide about, unless it went back with its invoice."""
    if not there.is_taken_back:
        return payment.booked_for == key.source_invoice_id
    same = (there.amount_minor, there.currency_code, there.paid_on)
    document = MoveKey(key.source_system, key.source_invoice_id, "invoice")
    is_alone = there.revision >= present.revision_of(document)
    return is_alone and same == (payment.amount_minor, payment.currency_code, payment.paid_on)


def why_it_waits(payment: Payment, present: Present) -> str:
    """Why a payment that Odoo does not have under its own name may not be made yet, or ''."""
    document = present.in_the_way.get(payment.key)
    if not document:
        return ""
    return f"{payment.payment_id} is in the books already, for {document}; whether that is this one, the next read-back says"


def why_it_is_a_persons(held: PresentPayment, note: Invoice, move: PresentMove | None, present: Present) -> str:
    """Why a payment that was booked before its credit note named it may not be matched with that note by itself, or ''."""
    if move and move.state == "posted" and (move.move_id in held.settles or not move.residual_minor):
        return ""  # it is matched, or nothing of it is left
    partner = present.partners.get(note.customer_id)
    partner_id = move.partner_id if move else partner and partner.partner_id
    if held.partner_id != partner_id:
        return "its payment stands at another customer in Odoo: match this credit note by hand"
    if held.settles or held.is_spent:
        return "its payment is matched with something else in Odoo: match this credit note by hand"
    return ""
