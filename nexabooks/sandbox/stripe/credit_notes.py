"""Credit notes, and the payments of invoices: the two things that change what is due on an invoice."""

from __future__ import annotations

from typing import Any

from nexabooks.sandbox.stripe.common import list_object, related, seconds
from nexabooks.sandbox.stripe.invoices import EMBEDDED_LINES, tax_row
from nexabooks.sandbox.world import CreditNote, Invoice, Line, Payment, User


def render_invoice_payment(payment: Payment, invoice: Invoice, is_default: bool) -> dict[str, Any]:
    kind, id = (
        ("payment_record", related("pr", payment.payment_id))
        if payment.is_out_of_band
        else ("payment_intent", payment.payment_id)
    )
    is_paid = payment.status == "succeeded"
    return {
        "id": related("inpay", payment.payment_id),
        "object": "invoice_payment",
        "amount_paid": payment.amount_minor if is_paid else None,
        "amount_requested": payment.amount_minor,
        "created": seconds(payment.paid_at),
        "currency": invoice.currency_code.lower(),
        "invoice": invoice.id,
        "is_default": is_default,
        "livemode": False,
        "payment": {kind: id, "type": kind},
        "status": "paid" if is_paid else "canceled",
        "status_transitions": {
            "canceled_at": None if is_paid else seconds(payment.returned_at or invoice.voided_at),
            "paid_at": seconds(payment.paid_at) if is_paid else None,
        },
    }


def render_credit_note(note: CreditNote, invoice: Invoice, user: User) -> dict[str, Any]:
    tax_share = [tax_row(t) for line in note.lines for t in line.taxes]
    post_payment = 0 if note.is_pre_payment else note.total_minor
    refunds = [
        {
            "amount_refunded": note.refunded_minor,
            "payment_record_refund": None,
            "refund": note.refund_id,
            "type": "refund",
        }
    ]
    return {
        "id": note.id,
        "object": "credit_note",
        "amount": note.total_minor,
        "amount_shipping": 0,
        "created": seconds(note.created_at),
        "currency": invoice.currency_code.lower(),
        "customer": user.stripe_customer_id,
        "customer_account": None,
        "customer_balance_transaction": related("cbtxn", note.id) if note.credited_minor else None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": seconds(note.created_at),
        "invoice": invoice.id,
        "lines": list_object(
            render_lines(note)[:EMBEDDED_LINES], f"/v1/credit_notes/{note.id}/lines", len(note.lines) > EMBEDDED_LINES
        ),
        "livemode": False,
        "memo": None,
        "metadata": {},
        "number": note.number,
        "out_of_band_amount": post_payment - note.refunded_minor - note.credited_minor if post_payment else 0,
        "pdf": "",
        "post_payment_amount": post_payment,
        "pre_payment_amount": note.total_minor if note.is_pre_payment else 0,
        "pretax_credit_amounts": [],
        "reason": note.reason or None,
        "refunds": refunds if note.refund_id else [],
        "shipping_cost": None,
        "status": note.status,
        "subtotal": note.subtotal_minor,
        "subtotal_excluding_tax": note.subtotal_minor,
        "total": note.total_minor,
        "total_excluding_tax": note.subtotal_minor,
        "total_taxes": tax_share,
        "type": "pre_payment" if note.is_pre_payment else "post_payment",
        "voided_at": seconds(note.voided_at or note.created_at) if note.status == "void" else None,
    }


def render_lines(note: CreditNote) -> list[dict[str, Any]]:
    """All lines of a credit note; they do not name it."""
    return [_credit_line(line) for line in note.lines]


def _credit_line(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "object": "credit_note_line_item",
        "amount": line.amount_minor,
        "description": line.description,
        "discount_amount": 0,
        "discount_amounts": [],
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": int(line.quantity),
        "tax_rates": [],
        "taxes": [tax_row(t) for t in line.taxes],
        "type": "custom_line_item",
        "unit_amount": line.amount_minor,
        "unit_amount_decimal": str(line.amount_minor),
    }
