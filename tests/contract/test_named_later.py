"""A refund that was booked bare and that a credit note names later, with its exchange difference, there and back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.contract.conftest import Server
from tests.contract.test_currencies import currency
from tests.contract.test_exchange_taken_back import FALLS, RISES, announced, exchange_entries, measured
from tests.contract.test_taking_a_run_back import Story, outcomes
from tests.ledger.makers import a_note, a_payment, paid_back


def two_days(story: Story, **changes) -> tuple[tuple, tuple]:
    """What the source says on the first day, when nobody knows what the refund is for, and on the second."""
    invoice = story.invoice(paid_minor=0, **changes)
    paid = replace(invoice, payments=(a_payment(invoice, 11_300, day=invoice.invoiced_on),))
    refund = f"re_{invoice.source_invoice_id}"
    bare = a_payment(invoice, 4_520, refund, direction="outbound", settles_kind="")
    note = replace(a_note(invoice, f"{story.prefix}_note", settles_corrected_minor=0), **changes)
    named = replace(paid_back(note, 4_520, refund), booked_for=invoice.source_invoice_id, **changes)
    return (replace(paid, payments=(*paid.payments, bare)),), (paid, replace(note, payments=(named,)))


def refunds(story: Story) -> list[tuple]:
    """(id, its name, whether it is matched) of the money that went out to this story's customer."""
    domain = [["partner_id.x_fc_customer_id", "=", story.prefix], ["payment_type", "=", "outbound"]]
    fields = ["id", "x_fc_payment_id", "is_reconciled"]
    return [tuple(row[f] for f in fields) for row in story.server.client.search_read("account.payment", domain, fields)]


def test_the_refund_that_is_there_is_matched_and_none_is_made(server: Server):
    """The note is paid by it, nothing stands open at the customer, and a further run does nothing."""
    story = Story(server, "named")
    first, second = two_days(story)
    story.close(*first)
    ((id, name, is_matched),) = refunds(story)
    assert not is_matched
    receipts = story.close(*second, run="r2")
    (match,) = [r for r in receipts if r.action == "match"]
    assert (match.outcome, match.odoo_model, match.odoo_id) == ("done", "account.payment", id)
    assert refunds(story) == [(id, name, True)]
    assert story.moves("payment_state") == [("paid",), ("paid",)]
    assert story.close(*second, run="r3") == []


def test_a_run_that_only_matched_it_gives_it_back_open(server: Server):
    """The payment is the run's that made it; it is matched anew by the next."""
    story = Story(server, "namedback")
    first, second = two_days(story)
    story.close(*first, replace(second[1], payments=()))
    before, there = story.balances(), refunds(story)
    story.close(*second, run="r2")
    assert story.plan("r2").counts() == {"unmatch": 1}
    assert outcomes(story.undo("r2")) == [("undo_unmatch", "done")]
    assert (story.balances(), refunds(story)) == (before, there)
    assert story.plan("r2").is_empty
    assert [(r.action, r.outcome) for r in story.close(*second, run="r3")] == [("match", "done")]


@pytest.mark.parametrize("rates", [FALLS, RISES], ids=["a gain", "a loss"])
def test_the_exchange_difference_of_its_match_goes_back_with_it(server: Server, rates):
    """The note is of one rate and its refund of another: the run that matched them is taken back as it is announced, and
    the run that paid after it too."""
    story = Story(server, f"namedrate{rates['2026-10-01'][-1]}")
    with currency(server, "CHF", rates=rates):
        first, second = two_days(story, currency_code="CHF")
        story.close(*first, replace(second[1], payments=()))
        posted = story.balances()
        story.close(*second, run="r2")
        assert story.moves("payment_state") == [("paid",), ("paid",)]
        before, plan = story.balances(), story.plan("r2")
        assert plan.counts() == {"exchange": 1, "unmatch": 1}
        (row,) = plan.of("exchange")
        assert row.total_minor == 90  # 45.20 at 0.02
        assert sorted(e.balance_minor for e in row.books) == [-90, 90]
        assert outcomes(story.undo("r2")) == [("undo_exchange", "done"), ("undo_unmatch", "done")]
        assert announced(plan) == measured(before, story.balances())
        assert story.balances() == posted
        plan = story.plan()
        assert {r.outcome for r in story.undo()} == {"done"}
        assert announced(plan) == measured(posted, story.balances())
        assert story.balances() == {}
        assert len(exchange_entries(story, "id")) == 2


def test_the_run_that_paid_takes_the_match_of_a_later_run_with_it(server: Server):
    """Its refund, its invoice and the exchange difference of the later match go back; the note of the other run is open."""
    story = Story(server, "namedfirst")
    with currency(server, "CHF", rates=FALLS):
        first, second = two_days(story, currency_code="CHF")
        story.close(*first)
        story.close(*second, run="r2")
        before, plan = story.balances(), story.plan()
        assert plan.counts() == {"cancel": 2, "exchange": 1, "leave": 1, "reverse": 1, "unmatch": 3}
        assert {r.outcome for r in story.undo()} == {"done"}
        assert announced(plan) == measured(before, story.balances())
        assert story.moves("payment_state") == [("reversed",), ("not_paid",)]
        assert {amount for amount in story.balances().values() if amount > 0} == {Decimal("56.00"), Decimal("7.28")}
