"""Stripe: customers, invoices with all lines, payments, refunds, payouts, and the events that tell of late changes.

Run alone: `python -m nexabooks.sources.stripe --help`.
"""

from nexabooks.sources.stripe.reader import SOURCE

__all__ = ["SOURCE"]
