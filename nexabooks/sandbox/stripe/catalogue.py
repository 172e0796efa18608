"""Customers, products, prices, subscriptions and tax rates as Stripe shows them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from nexabooks.sandbox.stripe.common import TAX_RATES, list_object, related, seconds, tax_rate_id
from nexabooks.sandbox.stripe.invoices import address_of
from nexabooks.sandbox.world import Plan, Subscription, User

STATUS = {"cancelled": "canceled"}  # NexaCloud spells it the British way


def render_customer(user: User, currency: str, first_seen: datetime) -> dict[str, Any]:
    """`first_seen` stands in where the world does not say when the customer was made."""
    if user.stripe_is_deleted:
        return {"id": user.stripe_customer_id, "object": "customer", "deleted": True}
    return {
        "id": user.stripe_customer_id,
        "object": "customer",
        "address": address_of(user),
        "balance": 0,
        "business_name": user.company or None,
        "created": seconds(user.created_at or first_seen),
        "currency": currency.lower(),
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": user.billing_email or user.email or None,
        "individual_name": user.full_name or None,
        "invoice_prefix": user.stripe_customer_id[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {"nexacloud_user_id": user.id} if user.in_nexacloud else {},
        "name": user.company or user.full_name,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def product_id(plan: Plan) -> str:
    return related("prod", plan.id)


def render_product(plan: Plan, first_seen: datetime) -> dict[str, Any]:
    created = seconds(plan.created_at or first_seen)
    return {
        "id": product_id(plan),
        "object": "product",
        "active": plan.is_active,
        "created": created,
        "default_price": plan.stripe_price_id,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {"nexacloud_plan_id": plan.id},
        "name": plan.name,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": created,
        "url": None,
    }


def render_price(plan: Plan, first_seen: datetime) -> dict[str, Any]:
    monthly = plan.price_monthly is not None
    amount = plan.price_monthly if monthly else plan.price_yearly
    minor = int((amount or Decimal(0)) * 100)
    return {
        "id": plan.stripe_price_id,
        "object": "price",
        "active": plan.is_active,
        "billing_scheme": "per_unit",
        "created": seconds(plan.created_at or first_seen),
        "currency": "cad",
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product_id(plan),
        "recurring": {
            "interval": "month" if monthly else "year",
            "interval_count": 1,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        },
        "tax_behavior": "exclusive",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": minor if amount is not None else None,
        "unit_amount_decimal": str(minor) if amount is not None else None,
    }


def render_subscription(
    subscription: Subscription, plan: Plan, user: User, latest_invoice: str | None, first_seen: datetime
) -> dict[str, Any]:
    start, end = seconds(subscription.current_period_start), seconds(subscription.current_period_end)
    status = STATUS.get(subscription.status, subscription.status)
    id = subscription.stripe_subscription_id
    item: dict[str, Any] = {
        "id": related("si", id),
        "object": "subscription_item",
        "billed_until": end,
        "created": start,
        "current_period_end": end,
        "current_period_start": start,
        "current_trial": None,
        "discounts": [],
        "metadata": {},
        "price": render_price(plan, first_seen) if plan.stripe_price_id else None,
        "quantity": 1,
        "subscription": id,
        "tax_rates": [],
    }
    return {
        "id": id,
        "object": "subscription",
        "application": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": start,
        "billing_mode": {"type": "flexible"},
        "billing_schedules": [],
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": end if status == "canceled" else None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": start,
        "currency": "cad",
        "customer": user.stripe_customer_id,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": end if status == "canceled" else None,
        "items": list_object([item], f"/v1/subscription_items?subscription={id}"),
        "latest_invoice": latest_invoice,
        "livemode": False,
        "metadata": {"nexacloud_subscription_id": subscription.id},
        "pause_collection": None,
        "schedule": None,
        "start_date": start,
        "status": status,
        "test_clock": None,
        "trial_end": None,
        "trial_start": None,
    }


def render_tax_rate(code: str, is_inclusive: bool, first_seen: datetime) -> dict[str, Any]:
    name, percentage, state, tax_type = TAX_RATES[code]
    return {
        "id": tax_rate_id(code, is_inclusive),
        "object": "tax_rate",
        "active": True,
        "country": "CA" if tax_type != "vat" else "DE",
        "created": seconds(first_seen),
        "description": None,
        "display_name": name,
        "effective_percentage": None,
        "flat_amount": None,
        "inclusive": is_inclusive,
        "jurisdiction": state or "CA",
        "jurisdiction_level": "state" if state else "country",
        "livemode": False,
        "metadata": {},
        "percentage": percentage,
        "rate_type": "percentage",
        "state": state,
        "tax_type": tax_type,
    }
