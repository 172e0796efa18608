"""What is read of Stripe, as data: one Stream each, and beside it the Reading that says where and how.

Stripe has no "updated" filter, so a change is found in four ways together: the list by `created` with an overlap, the
events, a fresh look at whatever is not yet final, and now and then the whole list (facts: stripe, "Safe recipe").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from nexabooks.streams import Stream

# Fixes the shape of every object; it is recorded in each cursor, and a cursor of another version is not continued.
API_VERSION = "2026-10-28.endive"

# A record may be listed some minutes after its own timestamp: ten were seen for balance transactions, which never
# change once written; events lag too. Reading the last hour again costs a page, and repeats land as "unchanged".
OVERLAP_S = 3600
# The newest events may still be missing from the list.
EVENTS_LAG_S = 60
# Events are kept for 30 days. An older cursor has a hole before it, which only the whole list can fill.
OLDEST_CURSOR_S = 25 * 86400


def _is_final(_record: dict[str, Any]) -> bool:
    return True


def _in(*states: str) -> Callable[[dict[str, Any]], bool]:
    return lambda record: record.get("status") in states


@dataclass(frozen=True, slots=True)
class Reading:
    """How one stream is read.

    `object_name`: what every record must call itself. `params`: always sent. `events`: the types that tell of a change.
    `is_final`: False while the record may change without any new one being created. What is not final is read again on
    each run: by the lists in `open_lists` and by id for whatever left them ("ids"), or by starting the list at the
    oldest of them ("window").
    """

    path: str
    object_name: str
    events: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    is_final: Callable[[dict[str, Any]], bool] = _is_final
    open_lists: tuple[dict[str, Any], ...] = ()
    reopen: Literal["ids", "window"] = "ids"


def _types(prefix: str, words: str) -> tuple[str, ...]:
    return tuple(f"{prefix}.{word}" for word in words.split())


READINGS: dict[str, Reading] = {
    # A deleted customer is in no list, yet answers by id as {id, deleted: true}: a tombstone, the last record stays.
    "customers": Reading(
        "/v1/customers",
        "customer",
        _types("customer", "created updated deleted discount.created discount.updated discount.deleted"),
    ),
    "products": Reading("/v1/products", "product", _types("product", "created updated deleted")),
    "prices": Reading("/v1/prices", "price", _types("price", "created updated deleted")),
    # Without status=all the list leaves out the canceled ones.
    "subscriptions": Reading(
        "/v1/subscriptions",
        "subscription",
        _types(
            "customer.subscription",
            "created updated deleted paused resumed pending_update_applied pending_update_expired trial_will_end",
        ),
        params={"status": "all"},
    ),
    # An invoice changes long after it was created: finalized, paid, voided, marked uncollectible and paid after all.
    # The list carries the first ten lines only; the rest is read per invoice into invoice_lines.
    # invoice.upcoming is left out: what it speaks of does not exist yet and has no id.
    "invoices": Reading(
        "/v1/invoices",
        "invoice",
        _types(
            "invoice",
            "created updated deleted finalized finalization_failed sent paid payment_succeeded payment_failed "
            "payment_action_required payment_attempt_required marked_uncollectible overdue overpaid voided will_be_due",
        ),
        is_final=_in("paid", "void"),
        open_lists=({"status": "draft"}, {"status": "open"}, {"status": "uncollectible"}),
    ),
    # No event tells that a pending item was drawn into an invoice.
    "invoiceitems": Reading(
        "/v1/invoiceitems",
        "invoiceitem",
        _types("invoiceitem", "created deleted"),
        is_final=lambda item: item.get("invoice") is not None,
        open_lists=({"pending": "true"},),
    ),
    # The only link from an invoice to its money; a payment of type payment_record never touches Stripe's balance.
    "invoice_payments": Reading(
        "/v1/invoice_payments",
        "invoice_payment",
        ("invoice_payment.paid",),
        is_final=_in("paid", "canceled"),
        open_lists=({"status": "open"},),
    ),
    "payment_intents": Reading(
        "/v1/payment_intents",
        "payment_intent",
        _types(
            "payment_intent",
            "created succeeded canceled processing requires_action payment_failed partially_funded "
            "amount_capturable_updated",
        ),
        is_final=_in("succeeded", "canceled"),
    ),
    "charges": Reading(
        "/v1/charges",
        "charge",
        _types("charge", "captured expired failed pending refunded succeeded updated"),
        is_final=_in("succeeded", "failed"),
    ),
    # A refund does not change its invoice; it may fail after it succeeded, and only an event says so.
    "refunds": Reading(
        "/v1/refunds",
        "refund",
        ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"),
        is_final=_in("succeeded", "failed", "canceled"),
    ),
    "disputes": Reading(
        "/v1/disputes",
        "dispute",
        _types("charge.dispute", "created updated closed funds_reinstated funds_withdrawn"),
        is_final=_in("won", "lost", "prevented", "warning_closed"),
    ),
    "credit_notes": Reading("/v1/credit_notes", "credit_note", _types("credit_note", "created updated voided")),
    # No events at all. Only the status moves, from pending to available, for every one of some days: the list is
    # cheaper than asking for each.
    "balance_transactions": Reading(
        "/v1/balance_transactions",
        "balance_transaction",
        is_final=_in("available"),
        reopen="window",
    ),
    # A payout may fail after it was paid; its transactions are known once the reconciliation is completed.
    "payouts": Reading(
        "/v1/payouts",
        "payout",
        _types("payout", "created updated paid failed canceled reconciliation_completed"),
        is_final=lambda p: (
            p.get("status") in ("paid", "failed", "canceled") and p.get("reconciliation_status") != "in_progress"
        ),
        open_lists=({"status": "pending"}, {"status": "in_transit"}),
    ),
    "tax_rates": Reading("/v1/tax_rates", "tax_rate", _types("tax_rate", "created updated")),
    # An event is a signal and a trace, never a source of amounts: it is rendered in the version of its own day.
    "events": Reading("/v1/events", "event"),
}

EVENT_TYPES: tuple[str, ...] = tuple(kind for reading in READINGS.values() for kind in reading.events)
STREAM_OF_OBJECT: dict[str, str] = {reading.object_name: name for name, reading in READINGS.items()}

# What else an event makes stale: a credit note lowers amount_due of its invoice, a refund and a dispute mark their
# charge, a payment pays its invoice, a discount sits on its customer.
ALSO_STALE: dict[str, tuple[str, ...]] = {
    "credit_note": ("invoice",),
    "invoice_payment": ("invoice",),
    "refund": ("charge",),
    "dispute": ("charge",),
    "discount": ("customer",),
}

_MAY_NOT_LOSE = {
    "customers": "An invoice without its customer cannot be booked.",
    "products": "A line would lose the name of what was sold.",
    "prices": "A line would lose its unit price.",
    "subscriptions": "A canceled subscription would look as if it had never been.",
    "invoices": "Revenue: an invoice, or its late payment or void, would be missing from the books.",
    "invoiceitems": "Work charged and not yet invoiced would be invisible.",
    "invoice_payments": "A payment could not be matched with its invoice.",
    "payment_intents": "A payment would lose its charge.",
    "charges": "Money received would be missing.",
    "refunds": "Money given back would still count as received.",
    "disputes": "Money drawn back by a bank would still count as received.",
    "credit_notes": "Revenue that was credited would still be shown.",
    "balance_transactions": "Fees and settlements would be missing between invoice and bank.",
    "payouts": "A deposit in the bank could not be explained.",
    "tax_rates": "A tax amount could not be named.",
    "events": "A deleted draft would leave no trace at all.",
}
_FEEDS = {
    "invoices": ("invoice_lines",),
    "credit_notes": ("credit_note_lines",),
    "payouts": ("payout_transactions",),
}
# The addresses of pages run out, and whoever asks again is given new ones; an event counts its webhooks down.
_UNTOLD = {
    "invoices": ("hosted_invoice_url", "invoice_pdf"),
    "charges": ("receipt_url",),
    "events": ("pending_webhooks",),
}

STREAMS: tuple[Stream, ...] = (
    *(
        Stream(
            name,
            ("id",),
            cursor="created, events",
            may_not_lose=why,
            feeds=_FEEDS.get(name, ()),
            untold=_UNTOLD.get(name, ()),
        )
        for name, why in _MAY_NOT_LOSE.items()
    ),
    # An old line's id is unique only together with its invoice.
    Stream(
        "invoice_lines",
        ("invoice", "id"),
        may_not_lose="An invoice of more than ten lines would not add up.",
        belongs_to="invoices",
    ),
    Stream(
        "credit_note_lines",
        ("credit_note", "id"),
        may_not_lose="A credit note of more than ten lines would not add up.",
        belongs_to="credit_notes",
    ),
    Stream(
        "payout_transactions",
        ("payout", "balance_transaction"),
        may_not_lose="A deposit could not be taken apart into its charges, refunds and fees.",
        belongs_to="payouts",
    ),
)
