"""Payment intents, charges, refunds, disputes, balance transactions, payouts: the road from an invoice to the bank."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from nexabooks.money import round_minor
from nexabooks.sandbox.stripe.common import related, seconds
from nexabooks.sandbox.world import Charge, Dispute, Invoice, Payment, Refund, User


def charge_of(payment: Payment, invoice: Invoice) -> Charge:
    """What Stripe makes of the payment of an invoice of its own."""
    return Charge(invoice.user_id, invoice.currency_code, f"Payment for Invoice {invoice.number}", payment)


def render_payment_intent(made: Charge, user: User) -> dict[str, Any]:
    payment = made.payment
    is_paid = payment.status == "succeeded"
    return {
        "id": payment.payment_id,
        "object": "payment_intent",
        "amount": payment.amount_minor,
        "amount_capturable": 0,
        "amount_received": payment.amount_minor if is_paid else 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "created": seconds(payment.paid_at),
        "currency": made.currency_code.lower(),
        "customer": user.stripe_customer_id or None,
        "customer_account": None,
        "description": made.description,
        "last_payment_error": None
        if is_paid
        else {"code": "payment_intent_payment_attempt_failed", "type": "invalid_request_error"},
        "latest_charge": payment.charge_id or None,
        "livemode": False,
        "metadata": made.metadata,
        "payment_method_types": ["card"],
        "payment_record": None,
        "status": "succeeded" if is_paid else "requires_payment_method",
    }


def render_charge(made: Charge, user: User) -> dict[str, Any]:
    payment = made.payment
    refunded = sum(r.amount_minor for r in payment.refunds if r.status == "succeeded")
    is_paid = payment.status == "succeeded"
    return {
        "id": payment.charge_id,
        "object": "charge",
        "amount": payment.amount_minor,
        "amount_captured": payment.amount_minor if is_paid else 0,
        "amount_refunded": refunded,
        # A charge that was declined moved nothing.
        "balance_transaction": related("txn", payment.charge_id) if is_paid or payment.returned_at else None,
        "billing_details": {
            "address": None,
            "email": user.billing_email_at(payment.paid_at),
            "name": user.company or user.full_name,
            "phone": None,
            "tax_id": None,
        },
        "captured": is_paid,
        "created": seconds(payment.paid_at),
        "currency": made.currency_code.lower(),
        "customer": user.stripe_customer_id or None,
        "description": made.description,
        "disputed": bool(payment.disputes),
        "failure_balance_transaction": related("txn", f"{payment.charge_id}:returned") if payment.returned_at else None,
        "failure_code": "debit_not_authorized" if payment.returned_at else None,
        "failure_message": "The bank returned the debit." if payment.returned_at else None,
        "livemode": False,
        "metadata": made.metadata,
        "outcome": None,
        "paid": is_paid,
        "payment_intent": payment.payment_id,
        "payment_method": None,
        "receipt_email": None,
        "refunded": refunded == payment.amount_minor,
        "status": "succeeded" if is_paid else "failed",
    }


def render_refund(refund: Refund, made: Charge, user: User) -> dict[str, Any]:
    payment = made.payment
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount_minor,
        "balance_transaction": related("txn", refund.id),
        "charge": payment.charge_id,
        "created": seconds(refund.created_at),
        "currency": made.currency_code.lower(),
        "customer": user.stripe_customer_id or None,
        "customer_account": None,
        "destination_details": None,
        "metadata": {},
        "payment_intent": payment.payment_id,
        "pending_reason": None,
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": refund.status,
        "transfer_reversal": None,
    }


def render_dispute(dispute: Dispute, made: Charge, withdrawals: list[dict[str, Any]]) -> dict[str, Any]:
    payment = made.payment
    return {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount_minor,
        "balance_transactions": withdrawals,
        "charge": payment.charge_id,
        "created": seconds(dispute.created_at),
        "currency": made.currency_code.lower(),
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": seconds(dispute.created_at + timedelta(days=14)),
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": payment.payment_id,
        "reason": "general",
        "status": dispute.status,
    }


def _transaction(
    source: str,
    id: str,
    kind: str,
    category: str,
    amount: int,
    fee: int,
    at: datetime,
    currency: str,
    exchange_rate: Decimal | None = None,
) -> dict[str, Any]:
    """`amount`, `fee` and `currency` as the charge has them; with a rate they are settled in CAD, as Stripe rounds them."""
    if exchange_rate:
        amount, fee, currency = round_minor(amount * exchange_rate), round_minor(fee * exchange_rate), "CAD"
    return {
        "id": id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": seconds(at + timedelta(days=2)),
        "balance_type": "payments",
        "created": seconds(at),
        "currency": currency.lower(),
        "description": None,
        "exchange_rate": float(exchange_rate)
        if exchange_rate
        else None,  # a JSON number with a point, as Stripe sends it
        "fee": fee,
        "fee_details": [
            {
                "amount": fee,
                "application": None,
                "currency": currency.lower(),
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        ]
        if fee
        else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "available",
        "type": kind,
    }


DISPUTE_FEE_MINOR = 1500


def transactions_of(made: Charge) -> list[dict[str, Any]]:
    """The balance transactions of one payment: the charge, its return by the bank, refunds and disputes."""
    payment = made.payment
    if not payment.charge_id or not (payment.status == "succeeded" or payment.returned_at):
        return []
    currency, charge = made.currency_code, payment.charge_id
    rows = [
        _transaction(
            charge,
            related("txn", charge),
            "charge",
            "charge",
            payment.amount_minor,
            payment.fee_minor,
            payment.paid_at,
            currency,
            payment.exchange_rate,
        )
    ]
    if payment.returned_at:
        id = related("txn", f"{charge}:returned")
        rows.append(
            _transaction(
                charge,
                id,
                "payment_failure_refund",
                "charge_failure",
                -payment.amount_minor,
                0,
                payment.returned_at,
                currency,
                payment.exchange_rate,
            )
        )
    for refund in payment.refunds:
        rows.append(
            _transaction(
                refund.id,
                related("txn", refund.id),
                "refund",
                "refund",
                -refund.amount_minor,
                0,
                refund.created_at,
                currency,
                payment.exchange_rate,
            )
        )
        if refund.status == "failed":
            id = related("txn", f"{refund.id}:failed")
            rows.append(
                _transaction(
                    refund.id,
                    id,
                    "refund_failure",
                    "refund_failure",
                    refund.amount_minor,
                    0,
                    refund.failed_at or refund.created_at,
                    currency,
                    payment.exchange_rate,
                )
            )
    for dispute in payment.disputes:
        rows.append(
            _transaction(
                dispute.id,
                related("txn", dispute.id),
                "adjustment",
                "dispute",
                -dispute.amount_minor,
                DISPUTE_FEE_MINOR,
                dispute.created_at,
                currency,
                payment.exchange_rate,
            )
        )
        if dispute.status == "won":
            id = related("txn", f"{dispute.id}:won")
            rows.append(
                _transaction(
                    dispute.id,
                    id,
                    "adjustment",
                    "dispute_reversal",
                    dispute.amount_minor,
                    0,
                    dispute.closed_at or dispute.created_at,
                    currency,
                    payment.exchange_rate,
                )
            )
    return rows


def payout_of(
    transactions: Iterable[dict[str, Any]], payout_id: str, currency: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A payout of the net of `transactions`, sent two days after the last of them, and its own transaction."""
    rows = list(transactions)
    last = datetime.fromtimestamp(max(row["created"] for row in rows), UTC)
    at = datetime.combine(last.date() + timedelta(days=2), time(), UTC)
    amount = sum(row["net"] for row in rows)
    own = _transaction(payout_id, related("txn", payout_id), "payout", "payout", -amount, 0, at, currency)
    payout = {
        "id": payout_id,
        "object": "payout",
        "amount": amount,
        "arrival_date": seconds(at + timedelta(days=1)),
        "automatic": True,
        "balance_transaction": own["id"],
        "created": seconds(at),
        "currency": currency.lower(),
        "description": "STRIPE PAYOUT",
        "destination": related("ba", "bank"),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "paid",
        "trace_id": None,
        "type": "bank_account",
    }
    return payout, own
