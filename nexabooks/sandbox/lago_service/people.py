"""A World as Lago's customers, plans, subscriptions and wallets. Money is whole minor units; times are UTC text."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from nexabooks.sandbox.world import Invoice, Payment, User, World

# Lago has a fixed list of zones in which Toronto is missing; its neighbour keeps the same clock.
TIME_ZONE = "America/New_York"
ENTITY = "default"
_NAMESPACE = uuid.UUID("0f0d6a3c-6c0f-4a7a-9d3e-3b8a52b1d7aa")


def lago_uuid(name: str) -> str:
    """The UUID of a record that the world does not name itself, the same everywhere."""
    return str(uuid.uuid5(_NAMESPACE, name))


def intent_id(paid: Payment) -> str:
    """The payment intent at Stripe of a payment of Lago's, which Lago calls provider_payment_id."""
    return f"pi_{paid.payment_id.replace('-', '')[:24]}"


def request_id(paid: Payment) -> str:
    """Lago's id of the payment request by which several invoices are paid together."""
    return lago_uuid(f"payment-request:{paid.payment_id}")


def text_of(moment: datetime | None) -> str | None:
    """A moment as Lago writes it: 2026-10-31T15:05:00Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def external_id(user: User) -> str:
    return user.lago_external_id or user.id


def customer(user: User) -> dict[str, Any]:
    """One customer, as in its own list and inside its invoices (where a deleted one stays)."""
    return {
        "lago_id": user.lago_customer_id,
        "external_id": external_id(user),
        "sequential_id": None,
        "slug": f"NEX-{user.lago_customer_id[:4].upper()}",
        "billing_entity_code": ENTITY,
        "account_type": "customer",
        "customer_type": "company" if user.company else "individual",
        "name": user.company or user.full_name,
        "legal_name": user.company or None,
        "legal_number": None,
        "firstname": user.full_name.partition(" ")[0],
        "lastname": user.full_name.partition(" ")[2],
        "email": user.billing_email or user.email,
        "phone": None,
        "url": None,
        "address_line1": user.billing_address or None,
        "address_line2": None,
        "city": user.billing_city or None,
        "state": user.billing_state or None,
        "zipcode": user.billing_postal_code or None,
        "country": user.billing_country if len(user.billing_country) == 2 else None,
        "currency": "CAD",
        "tax_identification_number": user.tax_id or None,
        "timezone": None,
        "applicable_timezone": TIME_ZONE,
        "net_payment_term": None,
        "finalize_zero_amount_invoice": "inherit",
        "billing_configuration": {
            "payment_provider": "stripe" if user.stripe_customer_id else None,
            "payment_provider_code": "stripe_ca" if user.stripe_customer_id else None,
            "provider_customer_id": user.stripe_customer_id or None,
            "document_locale": "en",
        },
        "shipping_address": {},
        "metadata": [],
        "created_at": text_of(user.created_at),
        "updated_at": text_of(user.created_at),
    }


def of_user(world: World, user: User) -> list[Invoice]:
    return [i for i in world.invoices if i.source == "lago" and i.user_id == user.id]


def subscription_name(invoice: Invoice) -> str:
    """A world names no Lago subscription, so each Lago customer has one, for chat."""
    return invoice.subscription_id or f"chat-{invoice.user_id}"


def plans(world: World) -> list[dict[str, Any]]:
    """One plan, when there is anyone to have it."""
    if not any(u.lago_customer_id for u in world.users):
        return []
    return [
        {
            "lago_id": lago_uuid("plan:chat_team"),
            "name": "Chat Team",
            "invoice_display_name": None,
            "code": "chat_team",
            "interval": "monthly",
            "description": "",
            "amount_cents": 4900,
            "amount_currency": "CAD",
            "trial_period": 0.0,
            "pay_in_advance": True,
            "bill_charges_monthly": None,
            "minimum_commitment": None,
            "charges": [],
            "fixed_charges": [],
            "taxes": [],
            "usage_thresholds": [],
            "created_at": "2025-01-01T00:00:00Z",
        }
    ]


def subscriptions(world: World) -> list[dict[str, Any]]:
    """One subscription a customer with invoices; a deleted customer's is terminated."""
    found = []
    for user in world.users:
        if not user.lago_customer_id:
            continue
        for name in sorted({subscription_name(i) for i in of_user(world, user)}):
            started = min(i.created_at for i in of_user(world, user) if subscription_name(i) == name)
            is_over = user.lago_is_deleted
            found.append(
                {
                    "lago_id": lago_uuid(f"subscription:{name}"),
                    "external_id": name,
                    "lago_customer_id": user.lago_customer_id,
                    "external_customer_id": external_id(user),
                    "billing_entity_code": ENTITY,
                    "billing_time": "calendar",
                    "name": None,
                    "plan_code": "chat_team",
                    "plan_amount_cents": 4900,
                    "plan_amount_currency": "CAD",
                    "status": "terminated" if is_over else "active",
                    "created_at": text_of(started),
                    "started_at": text_of(started),
                    "subscription_at": text_of(started),
                    "terminated_at": text_of(world.now) if is_over else None,
                    "canceled_at": None,
                    "ending_at": None,
                    "trial_ended_at": None,
                    "previous_plan_code": None,
                    "next_plan_code": None,
                    "downgrade_plan_date": None,
                    "cancellation_reason": None,
                    "on_termination_credit_note": None,
                    "on_termination_invoice": "generate",
                }
            )
    return sorted(found, key=lambda s: s["subscription_at"], reverse=True)


def wallets(world: World) -> list[dict[str, Any]]:
    """One wallet a customer who topped one up (an invoice of type credit)."""
    found = []
    for user in world.users:
        top_ups = [i for i in of_user(world, user) if i.lago_invoice_type == "credit" and i.status == "finalized"]
        if not user.lago_customer_id or not top_ups:
            continue
        used = sum(i.lago_purchased_minor for i in of_user(world, user))
        balance = sum(i.total_minor for i in top_ups) - used
        found.append(
            {
                "lago_id": lago_uuid(f"wallet:{user.lago_customer_id}"),
                "lago_customer_id": user.lago_customer_id,
                "external_customer_id": external_id(user),
                "billing_entity_code": ENTITY,
                "status": "active",
                "currency": top_ups[0].currency_code,
                "name": "Prepaid",
                "priority": 50,
                "rate_amount": "1.0",
                "credits_balance": f"{balance // 100}.{balance % 100:02d}",
                "balance_cents": balance,
                "consumed_credits": f"{used // 100}.{used % 100:02d}",
                "ongoing_balance_cents": balance,
                "created_at": text_of(top_ups[0].created_at),
                "expiration_at": None,
                "terminated_at": None,
                "recurring_transaction_rules": [],
            }
        )
    return sorted(found, key=lambda w: w["created_at"], reverse=True)
