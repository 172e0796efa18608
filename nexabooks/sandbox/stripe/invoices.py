"""Invoices, their lines and invoice items, as Stripe of 2026-10-28.endive shows them.

The amounts keep the identities of facts/stripe.md ("Amount identities") whenever the world's invoice adds up.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from nexabooks.sandbox.stripe.common import ACCOUNT, list_object, related, seconds, tax_rate_id
from nexabooks.sandbox.world import Invoice, Line, Payment, Subscription, Tax, User

EMBEDDED_LINES = 10  # an embedded list carries the first ten only


def is_listed_payment(payment: Payment) -> bool:
    """Paid now: a debit that came back no longer counts."""
    return payment.status == "succeeded"


def amounts(invoice: Invoice) -> dict[str, int]:
    """The figures of one invoice that follow from its total, its credit balance, credit notes and payments."""
    pre_payment = sum(c.total_minor for c in invoice.credit_notes if c.is_pre_payment and c.status == "issued")
    post_payment = sum(c.total_minor for c in invoice.credit_notes if not c.is_pre_payment and c.status == "issued")
    owed = invoice.total_minor + invoice.starting_balance_minor
    due = 0 if invoice.is_below_minimum else max(0, owed) - pre_payment
    paid = sum(p.amount_minor for p in invoice.payments if is_listed_payment(p))
    overpaid = max(0, paid - due)
    return {
        "amount_due": due,
        "amount_paid": paid,
        "amount_paid_off_stripe": sum(
            p.amount_minor for p in invoice.payments if p.is_out_of_band and is_listed_payment(p)
        ),
        "amount_remaining": max(0, due - paid),
        "amount_overpaid": overpaid,
        "pre_payment_credit_notes_amount": pre_payment,
        "post_payment_credit_notes_amount": post_payment,
        "ending_balance": owed if invoice.is_below_minimum else min(0, owed) - overpaid,
    }


def tax_row(tax: Tax) -> dict[str, Any]:
    return {
        "amount": tax.amount_minor,
        "tax_behavior": "inclusive" if tax.is_inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": tax_rate_id(tax.code, tax.is_inclusive)},
        "taxability_reason": "standard_rated",
        "taxable_amount": tax.taxable_minor,
        "type": "tax_rate_details",
    }


def discount_rows(amount: int, invoice_id: str) -> list[dict[str, Any]]:
    return [{"amount": amount, "discount": related("di", invoice_id)}] if amount else []


def pretax_rows(amount: int, invoice_id: str) -> list[dict[str, Any]]:
    return [{"amount": amount, "discount": related("di", invoice_id), "type": "discount"}] if amount else []


def decimal_text(value: Any) -> str:
    """A Decimal as Stripe writes it: no exponent, no trailing zeros."""
    return format(value.normalize(), "f")


def render_line(
    line: Line, invoice: Invoice, subscription: Subscription | None, price: dict[str, str] | None
) -> dict[str, Any]:
    # A line always has a period; where no service period is known it starts and ends when the invoice was made.
    created = seconds(invoice.created_at)
    start, end = seconds(line.period_start) or created, seconds(line.period_end) or created
    if subscription and subscription.stripe_subscription_id:
        parent = {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": line.is_proration,
                "proration_details": None,
                "subscription": subscription.stripe_subscription_id,
                "subscription_item": related("si", subscription.stripe_subscription_id),
            },
            "type": "subscription_item_details",
        }
    else:
        parent = {
            "invoice_item_details": {
                "invoice_item": related("ii", line.id),
                "proration": line.is_proration,
                "proration_details": None,
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    unit = line.amount_minor / line.quantity if line.quantity else line.amount_minor
    return {
        "id": line.id,
        "object": "line_item",
        "amount": line.amount_minor,
        "currency": (line.currency_code or invoice.currency_code).lower(),
        "description": line.description,
        "discount_amounts": discount_rows(line.discount_minor, invoice.id),
        "discountable": True,
        "discounts": [],
        "invoice": invoice.id,
        "livemode": False,
        "metadata": {},
        "parent": parent,
        "period": {"start": start, "end": end},
        "pretax_credit_amounts": pretax_rows(line.discount_minor, invoice.id),
        "pricing": {
            "price_details": price,
            "type": "price_details",
            "unit_amount_decimal": decimal_text(round(unit, 12)) if line.quantity else "0",
        },
        "quantity": int(line.quantity),
        "quantity_decimal": decimal_text(line.quantity),
        "subscription": subscription.stripe_subscription_id or None if subscription else None,
        "subtotal": line.amount_minor,
        "taxes": [tax_row(t) for t in line.taxes],
    }


def address_of(user: User) -> dict[str, Any] | None:
    if not (user.billing_address or user.billing_city or user.billing_country):
        return None
    return {
        "city": user.billing_city or None,
        # Stripe keeps only the two-letter code; people typed a name or a three-letter one into NexaCloud.
        "country": {"canada": "CA", "can": "CA", "united states": "US", "usa": "US"}.get(
            user.billing_country.strip().lower(), user.billing_country.strip().upper()
        )
        or None,
        "line1": user.billing_address or None,
        "line2": None,
        "postal_code": user.billing_postal_code or None,
        "state": user.billing_state or None,
    }


def render_invoice(
    invoice: Invoice, user: User, subscription: Subscription | None, price: dict[str, str] | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The invoice with its first ten lines inside, and all of its lines."""
    lines = [render_line(line, invoice, subscription, price) for line in invoice.lines]
    figures = amounts(invoice)
    exclusive = sum(t.amount_minor for t in invoice.taxes if not t.is_inclusive)
    inclusive = sum(t.amount_minor for t in invoice.taxes if t.is_inclusive)
    at_stripe = subscription.stripe_subscription_id if subscription else ""
    is_draft = invoice.status == "draft"
    created = seconds(invoice.created_at)
    body = {
        "id": invoice.id,
        "object": "invoice",
        "account_country": ACCOUNT["country"],
        "account_name": ACCOUNT["name"],
        "account_tax_ids": None,
        "amount_due": figures["amount_due"],
        "amount_overpaid": figures["amount_overpaid"],
        "amount_paid": figures["amount_paid"],
        "amount_paid_off_stripe": figures["amount_paid_off_stripe"],
        "amount_remaining": figures["amount_remaining"],
        "amount_shipping": 0,
        "application": None,
        "attempt_count": len([p for p in invoice.payments if p.charge_id]),
        "attempted": bool(invoice.payments),
        "auto_advance": is_draft and not invoice.is_deleted,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": "subscription_cycle" if at_stripe else "manual",
        "collection_method": "send_invoice"
        if invoice.due_at and invoice.due_at != invoice.issued_at
        else "charge_automatically",
        "created": created,
        "currency": invoice.currency_code.lower(),
        "custom_fields": None,
        "customer": user.stripe_customer_id,
        "customer_account": None,
        "customer_address": address_of(user),
        # The customer's fields are frozen when the invoice is finalized (facts/stripe.md, "Incremental reading").
        "customer_email": user.billing_email_at(invoice.finalized_at) or None,
        "customer_name": user.company or user.full_name,
        "customer_phone": None,
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [related("di", invoice.id)] if invoice.discount_minor else [],
        "due_date": seconds(invoice.due_at) if invoice.due_at != invoice.issued_at else None,
        "effective_at": None if is_draft else seconds(invoice.issued_at),
        "ending_balance": None if is_draft else figures["ending_balance"],
        "footer": None,
        "from_invoice": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": list_object(lines[:EMBEDDED_LINES], f"/v1/invoices/{invoice.id}/lines", len(lines) > EMBEDDED_LINES),
        "livemode": False,
        "metadata": {"nexacloud_invoice_id": invoice.cloud_id} if invoice.cloud_id else {},
        "next_payment_attempt": None,
        "number": invoice.number or None,
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": at_stripe},
            "type": "subscription_details",
        }
        if at_stripe
        else None,
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "period_end": created,
        "period_start": created,
        "post_payment_credit_notes_amount": figures["post_payment_credit_notes_amount"],
        "pre_payment_credit_notes_amount": figures["pre_payment_credit_notes_amount"],
        "receipt_number": None,
        "starting_balance": invoice.starting_balance_minor,
        "statement_descriptor": None,
        "status": invoice.status,
        "status_transitions": {
            "finalized_at": seconds(invoice.finalized_at),
            "marked_uncollectible_at": seconds(invoice.uncollectible_at),
            "paid_at": seconds(invoice.paid_at),
            "voided_at": seconds(invoice.voided_at),
        },
        "subtotal": invoice.subtotal_minor,
        "subtotal_excluding_tax": invoice.subtotal_minor - inclusive,
        "test_clock": None,
        "total": invoice.total_minor,
        "total_discount_amounts": discount_rows(invoice.discount_minor, invoice.id),
        "total_excluding_tax": invoice.total_minor - exclusive - inclusive,
        "total_pretax_credit_amounts": pretax_rows(invoice.discount_minor, invoice.id),
        "total_taxes": [tax_row(t) for t in invoice.taxes],
        "webhooks_delivered_at": created,
    }
    return body, lines


def render_invoice_item(line: Line, invoice: Invoice, user: User) -> dict[str, Any]:
    created = seconds(invoice.created_at)
    return {
        "id": related("ii", line.id),
        "object": "invoiceitem",
        "amount": line.amount_minor,
        "currency": (line.currency_code or invoice.currency_code).lower(),
        "customer": user.stripe_customer_id,
        "customer_account": None,
        "date": created,
        "description": line.description,
        "discountable": True,
        "discounts": [],
        "invoice": invoice.id,
        "livemode": False,
        "metadata": {},
        "net_amount": line.amount_minor - line.discount_minor,
        "parent": None,
        "period": {"start": seconds(line.period_start) or created, "end": seconds(line.period_end) or created},
        "pricing": None,
        "proration": line.is_proration,
        "proration_details": None,
        "quantity": int(line.quantity),
        "quantity_decimal": decimal_text(line.quantity),
        "tax_rates": [],
        "test_clock": None,
    }


def as_it_was(invoice: Invoice, status: str, until: datetime) -> Invoice:
    """The invoice at an earlier moment of its life, for the object inside an event."""
    later = invoice.credit_notes if status in ("paid", "void", "uncollectible") else ()
    return replace(
        invoice,
        status=status,
        number="" if status == "draft" else invoice.number,
        finalized_at=None if status == "draft" else invoice.finalized_at,
        paid_at=invoice.paid_at if status == "paid" else None,
        voided_at=invoice.voided_at if status == "void" else None,
        payments=tuple(p for p in invoice.payments if p.paid_at <= until),
        credit_notes=tuple(
            replace(c, status="issued") if c.voided_at and c.voided_at > until else c
            for c in later
            if c.created_at <= until
        ),
    )
