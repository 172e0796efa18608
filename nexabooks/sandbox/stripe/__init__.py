"""A pretend Stripe on loopback: API version 2026-10-28.endive, reading only. `StripeService(get_world)` serves it."""

from nexabooks.sandbox.stripe.service import StripeService

__all__ = ["StripeService"]
