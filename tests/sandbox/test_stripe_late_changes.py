"""What changes at the pretend Stripe long after it was made is told by an event, and only so does a reader find it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from nexabooks.rawjson import records
from nexabooks.sandbox.making import item, utc
from nexabooks.sandbox.stripe import StripeService
from nexabooks.sandbox.stripe.book import Book
from nexabooks.sandbox.traps_making import credited, of_stripe, with_payments
from nexabooks.sandbox.traps_people import PLAIN
from nexabooks.sandbox.world import Dispute, Invoice, Refund, World
from nexabooks.settings import Settings
from nexabooks.sources.stripe import SOURCE
from nexabooks.streams import Finished

MORNING = utc("2026-06-02T06:00")
LATER = utc("2026-06-02T18:00")
NEXT_MORNING = utc("2026-06-03T06:00")


class Account:
    """A pretend Stripe with one invoice, and a reader that remembers what it had read."""

    def __init__(self) -> None:
        self.world = World("late", MORNING)
        self.service = StripeService(lambda: self.world)
        self.state: dict[str, object] | None = None

    def read(self, stream: str, now: object, invoice: Invoice) -> list[dict[str, object]]:
        """The records that a read of `stream` brings on from the last one, with `invoice` as it is at `now`."""
        self.world = World("late", now, users=(PLAIN,), invoices=(invoice,))
        settings = Settings(
            _env_file=None, stripe_url=self.service.url, stripe_api_key="sk_test_sandbox", clock=self.world.now
        )
        found = []
        with SOURCE.open(settings) as session:
            for piece in session.read(next(s for s in SOURCE.streams if s.name == stream), self.state):
                if isinstance(piece, Finished):
                    self.state = piece.state
                elif piece.table == stream:
                    found += [orjson.loads(record) for record in records(piece)]
        return found


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account()
    account.service.start()
    yield account
    account.service.stop()


def sold(name: str) -> Invoice:
    return of_stripe(name, [item("VPS", 10000)])


def test_a_refund_that_succeeded_and_failed_the_next_day_is_read_as_failed(account):
    """A refund that succeeded is final and is asked for again only when an event speaks of it."""
    refund = Refund("re_1", utc("2026-06-01T10:00"), 11300)
    paid = with_payments(sold("refunded"), refunds=(refund,))
    assert [r["status"] for r in account.read("refunds", MORNING, paid)] == ["succeeded"]
    failed = with_payments(paid, refunds=(replace(refund, status="failed", failed_at=LATER),))
    assert [r["status"] for r in account.read("refunds", NEXT_MORNING, failed)] == ["failed"]


def test_a_refund_that_failed_later_gives_its_money_back_at_that_moment():
    """And the event of its making shows it as it was then."""
    refund = Refund("re_1", utc("2026-06-01T10:00"), 11300, "failed", LATER)
    book = Book(World("late", NEXT_MORNING, users=(PLAIN,), invoices=(with_payments(sold("x"), refunds=(refund,)),)))
    moves = {t["type"]: t["created"] for t in book.listing("balance_transactions").records}
    assert moves["refund_failure"] == LATER.timestamp()
    told = {e["type"]: e["data"]["object"]["status"] for e in book.listing("events").records if "refund" in e["type"]}
    assert told == {"refund.created": "succeeded", "refund.updated": "failed", "refund.failed": "failed"}


def test_a_credit_note_voided_the_next_day_is_read_as_void(account):
    """No list names it again: it was created long before, and Stripe has no list by change."""
    made = credited(sold("credited"), "credited", 1000, 130, credited_minor=1130)
    assert [n["status"] for n in account.read("credit_notes", MORNING, made)] == ["issued"]
    void = replace(made, credit_notes=(replace(made.credit_notes[0], status="void", voided_at=LATER),))
    again = account.read("credit_notes", NEXT_MORNING, void)
    assert [(n["status"], n["voided_at"]) for n in again] == [("void", LATER.timestamp())]


def test_a_dispute_and_a_payout_tell_each_step_of_their_life():
    """A dispute that was won, and the payout of its charge."""
    dispute = Dispute("dp_1", utc("2026-05-25T10:00"), 11300, "won", closed_at=LATER)
    book = Book(World("late", NEXT_MORNING, users=(PLAIN,), invoices=(with_payments(sold("x"), disputes=(dispute,)),)))
    told = [(e["type"], e["data"]["object"]["status"]) for e in book.listing("events").records]
    assert {t for t in told if "dispute" in t[0]} == {
        ("charge.dispute.created", "needs_response"),
        ("charge.dispute.funds_withdrawn", "needs_response"),
        ("charge.dispute.closed", "won"),
        ("charge.dispute.funds_reinstated", "won"),
    }
    assert {kind for kind, _ in told if kind.startswith("payout.")} == {
        "payout.created",
        "payout.paid",
        "payout.reconciliation_completed",
    }


def test_what_happened_in_the_newest_seconds_is_not_yet_among_the_events():
    """The list of events is behind; a reader that takes it for whole up to now loses what comes into it later."""
    made = replace(sold("x"), created_at=MORNING - timedelta(seconds=3), finalized_at=None)
    kinds = [
        {e["type"] for e in Book(World("late", now, users=(PLAIN,), invoices=(made,))).listing("events").records}
        for now in (MORNING, MORNING + timedelta(seconds=3))
    ]
    assert ["invoice.created" in told for told in kinds] == [False, True]
