"""What Lago was paid through Stripe is at the pretend Stripe too, and the two tell the same of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nexabooks.sandbox import story, traps, traps_money
from nexabooks.sandbox.lago_service.view import View
from nexabooks.sandbox.stripe.book import Book
from nexabooks.sandbox.world import World

WORLD = traps.world()
BOOK, VIEW = Book(WORLD), View(WORLD)


def charge_of(name: str) -> dict[str, Any]:
    """The charge that paid a trap's invoice, found by what Lago says of it."""
    (paid,) = [p for p in VIEW.payments if traps.invoice_id("lago", name) in p["invoice_ids"]]
    (charge,) = [c for c in BOOK.listing("charges").records if c["payment_intent"] == paid["provider_payment_id"]]
    return charge


@pytest.mark.parametrize("world", [WORLD, replace(story.day_1(), lago_charges_here=True)], ids=["traps", "story"])
def test_a_payment_that_lago_took_through_stripe_is_a_charge_there(world: World) -> None:
    """Each once, of its amount, currency, customer (Lago charges nobody who is none there), and a manual one not at all."""
    told = {
        (p["provider_payment_id"], p["amount_cents"], p["amount_currency"].lower(), p["provider_customer_id"])
        for p in View(world).payments
        if p["type"] == "provider"
    }
    asked = {p["lago_id"]: p["provider_payment_id"] for p in View(world).payments}
    charges = [c for c in Book(world).listing("charges").records if "lago_payment_id" in c["metadata"]]
    assert sorted(told) == sorted((c["payment_intent"], c["amount"], c["currency"], c["customer"]) for c in charges)
    assert None not in {c["customer"] for c in charges}
    assert all(asked[c["metadata"]["lago_payment_id"]] == c["payment_intent"] for c in charges)


def test_a_charge_of_lagos_goes_the_whole_road_to_the_bank() -> None:
    """Its intent, its movement of the balance less the fee, and the payout of its week."""
    charge = charge_of("lago-plain")
    intent = BOOK.find("payment_intents", charge["payment_intent"])
    moved = BOOK.find("balance_transactions", charge["balance_transaction"])
    assert (intent["latest_charge"], intent["amount_received"]) == (charge["id"], 12694)
    assert (moved["source"], moved["amount"], moved["fee"], moved["net"]) == (charge["id"], 12694, 398, 12296)
    assert moved["id"] in BOOK.payout_transactions[traps_money.payout_id("2026-05-22")]


def test_a_charge_names_the_invoice_it_is_for_and_one_of_several_only_their_request() -> None:
    """As Lago's own code fills the metadata."""
    alone, together = charge_of("lago-plain")["metadata"], charge_of("lago-shared-1")["metadata"]
    assert alone["lago_invoice_id"] == traps.invoice_id("lago", "lago-plain")
    assert together["lago_payable_type"] == "PaymentRequest"
    assert "lago_invoice_id" not in together
    assert charge_of("lago-shared-1") == charge_of("lago-shared-2")
    assert charge_of("lago-shared-1")["amount"] == 3390 + 4520


def test_stripe_has_no_invoice_payment_for_a_charge_that_pays_none_of_its_invoices() -> None:
    """Neither for Lago's nor for one that somebody made by hand."""
    paid_with = {p["payment"].get("payment_intent") for p in BOOK.listing("invoice_payments").records}
    assert BOOK.others
    assert not paid_with & {made.payment.payment_id for made in BOOK.others}


def test_what_went_back_of_lagos_charges_is_told_by_stripe_and_not_by_lago() -> None:
    """Refunds and disputes are Stripe's to tell, with their events; Lago's invoice is as it was."""
    refunded, disputed = charge_of("lago-refund"), charge_of("lago-dispute")
    assert (refunded["amount_refunded"], refunded["refunded"], disputed["disputed"]) == (3390, True, True)
    events = {(e["type"], e["data"]["object"]["id"]) for e in BOOK.listing("events").records}
    assert ("refund.created", traps_money.refund_id("lago-refund")) in events
    assert ("charge.dispute.created", traps_money.dispute_id("lago-dispute")) in events
    shown = {row["lago_id"]: row for row in VIEW.invoices}
    for name, paid in (("lago-refund", 3390), ("lago-dispute", 5650)):
        row = shown[traps.invoice_id("lago", name)]
        assert (row["total_paid_amount_cents"], row["total_due_amount_cents"]) == (paid, 0)
    assert not [n for n in VIEW.credit_notes if n["lago_invoice_id"] == traps.invoice_id("lago", "lago-refund")]


def test_in_the_story_lago_charges_through_an_account_that_nobody_reads() -> None:
    """Its payouts are those of Stripe's own invoices alone."""
    assert Book(story.day_3()).others == []
