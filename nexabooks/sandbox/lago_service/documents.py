"""A World as Lago's invoices, fees, payments and credit notes (facts: lago "Amounts", "Numbers and dates", "Fees").

The identities of a version 4 invoice hold because they are how the figures are made here:
fees - coupons = sub total; sub total + taxes - credit notes - prepaid = total; total - paid - offset = due. A world whose `total_minor` says otherwise is a trap, and is shown as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from nexabooks.sandbox.lago_service.people import (
    ENTITY,
    TIME_ZONE,
    customer,
    external_id,
    intent_id,
    lago_uuid,
    request_id,
    subscription_name,
    text_of,
)
from nexabooks.sandbox.world import CreditNote, Invoice, Line, Payment, Tax, User, World

VISIBLE = ("draft", "finalized", "voided", "failed", "pending")  # generating, open, closed and deleted are 404
UNNUMBERED = ("draft", "failed", "pending")
TAX_NAMES = {"hst_13": "HST", "hst_15": "HST", "gst_5": "GST", "qst_9975": "QST"}


def visible(world: World) -> list[Invoice]:
    """The invoices that Lago serves, in the order of its list: issuing date and creation falling, then id."""
    found = [i for i in world.invoices if i.source == "lago" and i.status in VISIBLE and not i.is_deleted]
    found.sort(key=lambda i: i.id)
    found.sort(key=lambda i: (issuing_date(i), i.created_at), reverse=True)
    return found


def issuing_date(invoice: Invoice) -> date:
    """The day of issue in the customer's time zone, which may differ from the UTC day of `created_at`."""
    return (invoice.issued_at or invoice.created_at).astimezone(ZoneInfo(TIME_ZONE)).date()


def number(invoice: Invoice) -> str:
    """Every invoice that is not finalized has the same number; the real one is given at finalization."""
    prefix = (invoice.number or "NEX").partition("-")[0]
    return f"{prefix}-DRAFT" if invoice.status in UNNUMBERED else invoice.number


def paid_minor(invoice: Invoice) -> int:
    return sum(p.amount_minor for p in invoice.payments if p.status == "succeeded")


def row(world: World, invoice: Invoice) -> dict[str, Any]:
    """An invoice as the list shows it: no fees, credits, subscriptions or billing periods."""
    user = world.user(invoice.user_id)
    sub_total = invoice.subtotal_minor - invoice.discount_minor
    with_taxes = sub_total + invoice.tax_minor
    paid = paid_minor(invoice)
    prepaid = invoice.lago_granted_minor + invoice.lago_purchased_minor
    is_split_told = prepaid and invoice.lago_tells_split
    total = invoice.total_minor - invoice.lago_credit_notes_minor - prepaid
    offset = sum(note.offset_minor for note in invoice.credit_notes if note.status == "issued")
    is_void = invoice.status == "voided"
    moments = [invoice.created_at, invoice.finalized_at, invoice.paid_at, invoice.voided_at]
    moments += [p.paid_at for p in invoice.payments]
    return {
        "lago_id": invoice.id,
        "billing_entity_code": ENTITY,
        "sequential_id": None,
        "number": number(invoice),
        "issuing_date": issuing_date(invoice).isoformat(),
        "payment_due_date": (invoice.due_at or invoice.issued_at or invoice.created_at).date().isoformat(),
        "payment_overdue": False,
        "payment_dispute_lost_at": None,
        "net_payment_term": 0,
        "invoice_type": invoice.lago_invoice_type,
        "status": invoice.status,
        "payment_status": invoice.lago_payment_status,
        "currency": invoice.currency_code,
        "fees_amount_cents": invoice.subtotal_minor,
        "coupons_amount_cents": invoice.discount_minor,
        "progressive_billing_credit_amount_cents": 0,
        "sub_total_excluding_taxes_amount_cents": sub_total,
        "taxes_amount_cents": invoice.tax_minor,
        "sub_total_including_taxes_amount_cents": with_taxes,
        "credit_notes_amount_cents": invoice.lago_credit_notes_minor,
        "prepaid_credit_amount_cents": prepaid,
        "prepaid_granted_credit_amount_cents": invoice.lago_granted_minor if is_split_told else None,
        "prepaid_purchased_credit_amount_cents": invoice.lago_purchased_minor if is_split_told else None,
        "total_amount_cents": total,
        "total_paid_amount_cents": paid,
        "total_offsetted_credit_note_amount_cents": offset,
        "total_due_amount_cents": 0 if is_void else total - paid - offset,
        "version_number": 4,
        "self_billed": False,
        "file_url": None,
        "xml_url": None,
        "purchase_order_number": None,
        "voided_at": text_of(invoice.voided_at),
        "created_at": text_of(invoice.created_at),
        "updated_at": text_of(max(m for m in moments if m)),
        "customer": customer(user),
        "metadata": [],
        "applied_taxes": [_applied(invoice, t, "lago_invoice_id", invoice.id) for t in invoice.taxes],
        "applied_usage_thresholds": [],
    }


def detail(world: World, invoice: Invoice) -> dict[str, Any]:
    """An invoice as `GET /invoices/{lago_id}` shows it."""
    user = world.user(invoice.user_id)
    subscription = subscription_name(invoice)
    credits = [
        _credit(invoice, "coupon", "Coupon", invoice.discount_minor, before_taxes=True),
        _credit(invoice, "credit_note", "Credit note", invoice.lago_credit_notes_minor, before_taxes=False),
    ]
    return row(world, invoice) | {
        "fees": [fee(world, invoice, line) for line in invoice.lines],
        "credits": [c for c in credits if c["amount_cents"]],
        "subscriptions": [{"lago_id": lago_uuid(f"subscription:{subscription}"), "external_id": subscription}],
        "billing_periods": [],
        "error_details": [],
        "applied_invoice_custom_sections": [],
        "customer": customer(user),
    }


def _credit(invoice: Invoice, kind: str, name: str, amount: int, *, before_taxes: bool) -> dict[str, Any]:
    """What came off an invoice: a coupon before its taxes, a credit note of before after them."""
    return {
        "lago_id": lago_uuid(f"{kind}:{invoice.id}"),
        "amount_cents": amount,
        "amount_currency": invoice.currency_code,
        "before_taxes": before_taxes,
        "item": {"lago_item_id": lago_uuid(kind), "type": kind, "code": kind, "name": name},
        "invoice": {"lago_id": invoice.id, "payment_status": invoice.lago_payment_status},
    }


def fee(world: World, invoice: Invoice, line: Line) -> dict[str, Any]:
    """One fee: amounts are ints, `precise_…` and `units` are text, rates are JSON floats, as Lago mixes them."""
    user = world.user(invoice.user_id)
    currency = line.currency_code or invoice.currency_code
    taxes = sum(t.amount_minor for t in line.taxes)
    subscription = subscription_name(invoice)
    return {
        "lago_id": line.id,
        "lago_invoice_id": invoice.id,
        "lago_subscription_id": lago_uuid(f"subscription:{subscription}"),
        "lago_customer_id": user.lago_customer_id,
        "lago_charge_id": None,
        "external_customer_id": external_id(user),
        "external_subscription_id": subscription,
        "item": {
            "type": _fee_type(invoice),
            "code": "chat_team",
            "name": line.description,
            "description": line.description,
            "invoice_display_name": line.description,
            "lago_item_id": lago_uuid(f"item:{line.description}"),
            "item_type": "Subscription",
            "filters": None,
            "grouped_by": {},
        },
        "pay_in_advance": True,
        "invoiceable": True,
        "amount_cents": line.amount_minor,
        "amount_currency": currency,
        "precise_amount": f"{line.amount_minor}.0",
        "taxes_amount_cents": taxes,
        "taxes_precise_amount": f"{taxes}.0",
        "taxes_rate": _rate(line.taxes),
        "total_amount_cents": line.amount_minor + taxes,
        "total_amount_currency": currency,
        "precise_total_amount": f"{line.amount_minor + taxes}.0",
        "precise_coupons_amount_cents": f"{line.discount_minor}.0",
        "sub_total_excluding_taxes_amount_cents": line.amount_minor - line.discount_minor,
        "units": str(line.quantity),
        "total_aggregated_units": str(line.quantity),
        "events_count": None,
        "from_date": text_of(line.period_start),
        "to_date": text_of(line.period_end),
        "payment_status": invoice.lago_payment_status,
        "created_at": text_of(invoice.created_at),
        "succeeded_at": None,
        "failed_at": None,
        "refunded_at": None,
        "event_transaction_id": None,
        "pricing_unit_details": None,
        "applied_taxes": [_applied(invoice, t, "lago_fee_id", line.id) for t in line.taxes],
    }


def payment(invoices: Sequence[Invoice], user: User, paid: Payment) -> dict[str, Any]:
    """One payment, of all the invoices that have one of its id. A manual one has no provider, and its `created_at` is the
    day somebody typed."""
    invoice, is_shared = invoices[0], len(invoices) > 1
    is_manual = paid.is_out_of_band
    provider_id = None if is_manual else intent_id(paid)
    return {
        "lago_id": paid.payment_id,
        "lago_customer_id": user.lago_customer_id,
        "external_customer_id": external_id(user),
        "invoice_ids": [i.id for i in invoices],
        "invoice_numbers": [number(i) for i in invoices],
        "lago_payable_id": request_id(paid) if is_shared else invoice.id,
        "payable_type": "PaymentRequest" if is_shared else "Invoice",
        "amount_cents": sum(p.amount_minor for i in invoices for p in i.payments if p.payment_id == paid.payment_id),
        "amount_currency": invoice.currency_code,
        "status": paid.status,
        "payment_status": paid.status,
        "type": "manual" if is_manual else "provider",
        "reference": "bank transfer" if is_manual else None,
        "payment_provider_code": None if is_manual else "stripe_ca",
        "payment_provider_type": None if is_manual else "stripe",
        "external_payment_id": provider_id,
        "provider_payment_id": provider_id,
        "provider_customer_id": user.stripe_customer_id or None,
        "payment_method_id": None,
        "next_action": {},
        "created_at": text_of(paid.paid_at),
    }


def credit_note(world: World, invoice: Invoice, note: CreditNote) -> dict[str, Any]:
    """One finalized credit note: total = credit + refund + offset."""
    credit = note.total_minor - note.refunded_minor - note.offset_minor
    left = credit - note.consumed_minor
    credit_status = ("consumed" if left == 0 else "available") if credit else None
    return {
        "lago_id": note.id,
        "billing_entity_code": ENTITY,
        "sequential_id": 1,
        "number": note.number,
        "lago_invoice_id": invoice.id,
        "invoice_number": number(invoice),
        "issuing_date": note.created_at.astimezone(ZoneInfo(TIME_ZONE)).date().isoformat(),
        "credit_status": "voided" if note.status == "void" else credit_status,
        "refund_status": note.refund_status if note.refunded_minor else None,
        "reason": note.reason or "other",
        "description": None,
        "currency": invoice.currency_code,
        "total_amount_cents": note.total_minor,
        "taxes_amount_cents": note.tax_minor,
        "taxes_rate": _rate(invoice.taxes),
        "sub_total_excluding_taxes_amount_cents": note.subtotal_minor,
        "coupons_adjustment_amount_cents": 0,
        "balance_amount_cents": left,
        "credit_amount_cents": credit,
        "refund_amount_cents": note.refunded_minor,
        "offset_amount_cents": note.offset_minor,
        "self_billed": False,
        "file_url": None,
        "xml_url": None,
        "created_at": text_of(note.created_at),
        "updated_at": text_of(note.created_at),
        "items": [
            {
                "lago_id": line.id,
                "amount_cents": line.amount_minor,
                "amount_currency": invoice.currency_code,
                "fee": fee(world, invoice, line),
            }
            for line in note.lines
        ],
        "applied_taxes": [],
        "error_details": [],
        "customer": customer(world.user(invoice.user_id)),
    }


def _fee_type(invoice: Invoice) -> str:
    return {"credit": "credit", "one_off": "add_on", "add_on": "add_on"}.get(invoice.lago_invoice_type, "subscription")


def _rate(taxes: tuple[Tax, ...]) -> float:
    """The rates together, as the JSON float that Lago sends; a rate, never an amount."""
    return float(sum(t.rate for t in taxes))


def _applied(invoice: Invoice, tax: Tax, owner: str, owner_id: str) -> dict[str, Any]:
    return {
        "lago_id": lago_uuid(f"applied:{owner_id}:{tax.code}"),
        owner: owner_id,
        "lago_tax_id": lago_uuid(f"tax:{tax.code}"),
        "tax_name": TAX_NAMES.get(tax.code, tax.code),
        "tax_code": tax.code,
        "tax_rate": float(tax.rate),
        "tax_description": "",
        "amount_cents": tax.amount_minor,
        "amount_currency": invoice.currency_code,
        "fees_amount_cents": tax.taxable_minor,
        "created_at": text_of(invoice.created_at),
    }
