"""The events of the last 30 days, derived from what happened in the world.

The object inside is as it was then, and shows the ten first lines of an invoice like any embedded list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nexabooks.sandbox.stripe import money
from nexabooks.sandbox.stripe.common import related, seconds
from nexabooks.sandbox.stripe.credit_notes import render_credit_note, render_invoice_payment
from nexabooks.sandbox.stripe.invoices import as_it_was
from nexabooks.sandbox.world import Charge, Invoice, User

if TYPE_CHECKING:
    from nexabooks.sandbox.stripe.book import Book

KEPT = timedelta(days=30)
# The list is eventually consistent: what happened in the newest seconds may still be missing, so here it always is.
LAG = timedelta(seconds=5)
CLOSED = ("won", "lost", "prevented", "warning_closed")
# "Each event data is rendered according to Stripe API version at its creation time": the account's own version, older
# than the one a reader pins (facts/stripe.md, "What a pinned version does not do").
EVENT_API_VERSION = "2026-03-25.dahlia"

Happening = tuple[datetime | None, str, Any]  # when, type, a function that gives the object


def events_of(book: Book) -> Iterator[dict[str, Any]]:
    """Every event of the 30 days before the world's now, oldest first, but for those of the last seconds."""
    since, until = book.world.now - KEPT, book.world.now - LAG
    happened = [(at, kind, render) for at, kind, render in _happenings(book) if at is not None and since <= at < until]
    for at, kind, render in sorted(happened, key=lambda h: h[0]):
        obj = render()
        yield {
            "id": related("evt", f"{kind}:{obj['id']}:{seconds(at)}"),
            "object": "event",
            "account": None,
            "api_version": EVENT_API_VERSION,
            "context": None,
            "created": seconds(at),
            "data": {"object": obj},
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }


def _happenings(book: Book) -> Iterator[Happening]:
    for user in book.world.users:
        if user.stripe_customer_id:
            yield user.created_at, "customer.created", lambda u=user: book.render_customer(u)
            kind = "customer.deleted" if user.stripe_is_deleted else "customer.updated"
            yield user.updated_at, kind, lambda u=user: book.render_customer(u)
    for plan in book.world.plans:
        if plan.stripe_price_id:
            yield plan.created_at, "price.created", lambda p=plan: book.find("prices", p.stripe_price_id)
    for invoice in book.invoices:
        yield from _of_invoice(book, invoice)
    for made in book.others:
        yield from _of_charge(made, book.users[made.user_id])
    for payout in book.listing("payouts").records:
        at = datetime.fromtimestamp(payout["created"], UTC)
        for kind in ("created", "paid", "reconciliation_completed"):  # a payout is all three at once here
            yield at, f"payout.{kind}", lambda p=payout: p


def _of_invoice(book: Book, invoice: Invoice) -> Iterator[Happening]:
    def then(status: str, at: datetime | None) -> Any:
        return lambda: book.render_one(as_it_was(invoice, status, at or invoice.created_at))

    user = book.users[invoice.user_id]
    yield invoice.created_at, "invoice.created", then("draft", invoice.created_at)
    yield invoice.finalized_at, "invoice.finalized", then("open", invoice.finalized_at)
    yield invoice.paid_at, "invoice.paid", then("paid", invoice.paid_at)
    yield invoice.uncollectible_at, "invoice.marked_uncollectible", then("uncollectible", invoice.uncollectible_at)
    yield invoice.voided_at, "invoice.voided", then("void", invoice.voided_at)
    if invoice.is_deleted:
        yield invoice.deleted_at, "invoice.deleted", then("draft", invoice.deleted_at)
    for note in invoice.credit_notes:
        issued = replace(note, status="issued") if note.voided_at else note
        yield note.created_at, "credit_note.created", lambda n=issued: render_credit_note(n, invoice, user)
        yield note.created_at, "invoice.updated", then(invoice.status, note.created_at)
        yield note.voided_at, "credit_note.voided", lambda n=note: render_credit_note(n, invoice, user)
        yield note.voided_at, "invoice.updated", then(invoice.status, note.voided_at)
    for n, payment in enumerate(invoice.payments):
        yield payment.paid_at, "invoice_payment.paid", lambda p=payment, n=n: render_invoice_payment(p, invoice, n == 0)
        yield from _of_charge(money.charge_of(payment, invoice), user)
        if payment.charge_id:
            yield payment.returned_at, "invoice.payment_failed", then("open", payment.returned_at)


def _of_charge(made: Charge, user: User) -> Iterator[Happening]:
    payment = made.payment
    if payment.charge_id:
        yield payment.paid_at, "charge.succeeded", lambda: money.render_charge(made, user)
        yield payment.returned_at, "payment_intent.payment_failed", lambda: money.render_payment_intent(made, user)
        yield payment.returned_at, "charge.failed", lambda: money.render_charge(made, user)
    for refund in payment.refunds:
        before = replace(refund, status="succeeded") if refund.failed_at else refund
        yield refund.created_at, "refund.created", lambda r=before: money.render_refund(r, made, user)
        for kind in ("refund.updated", "refund.failed"):
            yield refund.failed_at, kind, lambda r=refund: money.render_refund(r, made, user)
    for dispute in payment.disputes:
        opened = replace(dispute, status="needs_response") if dispute.status in CLOSED else dispute
        for kind in ("created", "funds_withdrawn"):
            yield dispute.created_at, f"charge.dispute.{kind}", lambda d=opened: money.render_dispute(d, made, [])
        for kind in ("closed", "funds_reinstated") if dispute.status == "won" else ("closed",):
            at = dispute.closed_at if dispute.status in CLOSED else None
            yield at, f"charge.dispute.{kind}", lambda d=dispute: money.render_dispute(d, made, [])
