"""Lago's streams as data. Every key is `lago_id`: an invoice's number is shared by all drafts (PREFIX-DRAFT), and an
external_id may be used again after its customer was deleted (facts: lago "Numbers and dates", "What is not listed")."""

from __future__ import annotations

from nexabooks.streams import Stream

KEY = ("lago_id",)

STREAMS = (
    # A deleted customer leaves this list and stays inside his invoices.
    Stream("customers", KEY, may_not_lose="whom an invoice is for"),
    Stream("plans", KEY, may_not_lose="what was agreed"),
    # Lago lists only the active ones unless every status is asked for by name.
    Stream("subscriptions", KEY, may_not_lose="which period an invoice covers"),
    # A list row has no fees and no filter tells what changed, so each run lists all rows (cheap), and reads the detail
    # of those whose row changed or that can still change.
    Stream(
        "invoices",
        KEY,
        cursor="rows",
        may_not_lose="revenue: an invoice missed is an invoice never booked",
        # A copy of what is a stream of its own, and in the detail only: it goes on changing after the invoice is settled.
        untold=("subscriptions",),
    ),
    # Also those outside any invoice (paid in advance, not invoiceable), which no invoice detail shows.
    Stream("fees", KEY, may_not_lose="charges that stand outside every invoice"),
    Stream("credit_notes", KEY, may_not_lose="what was given back"),
    # created_at of a manual payment is the day somebody typed, so it is no cursor: read whole.
    Stream("payments", KEY, may_not_lose="what was paid, and when"),
    # Listed per customer only; the wallets of a deleted customer cannot be asked for.
    Stream("wallets", KEY, may_not_lose="prepaid money, which is a liability"),
)

# Every status there is (getlago/lago-openapi src/resources/subscriptions.yaml).
SUBSCRIPTION_STATUSES = ("active", "pending", "terminated", "canceled")
