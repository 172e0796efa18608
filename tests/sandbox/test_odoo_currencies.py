"""Currencies in the pretend Odoo: rates, forced tax, exchange differences (facts: odoo)."""

from decimal import Decimal

import pytest

from tests.sandbox.conftest import refusal


@pytest.fixture
def rated(books):
    books.ask(
        "res.currency.rate",
        "create",
        vals_list=[
            {"currency_id": books.usd, "name": d, "inverse_company_rate": r}
            for d, r in (("2026-10-01", 1.40), ("2026-10-15", 1.38))
        ],
    )
    return books


def test_rates_are_one_a_day_and_the_earliest_reaches_back(rated):
    """Read back 0.7142857142857143; a second one on a day is refused; before the first the first is used."""
    rate = rated.ask("res.currency.rate", "search_read", domain=[["name", "=", "2026-10-01"]], fields=["rate"])[0][
        "rate"
    ]
    assert rate == 0.7142857142857143
    again = {"currency_id": rated.usd, "name": "2026-10-01", "inverse_company_rate": 1.5}
    assert (
        refusal(rated, "res.currency.rate", "create", vals_list=[again]).message
        == "Only one currency rate per day allowed!"
    )
    early = rated.draft(rated.line(100, None), currency_id=rated.usd, invoice_date="2026-09-01")
    assert rated.lines(early, "payment_term", "balance") == [140.0]


def test_without_any_rate_one_is_one(books):
    """With no rate at all it is 1.0."""
    assert books.lines(books.draft(books.line(100, None), currency_id=books.usd), "payment_term", "balance") == [100.0]


def test_an_own_rate_on_the_invoice_is_honoured(rated):
    """1/1.3725: 100.00 USD is 137.25 CAD."""
    id = rated.draft(rated.line(100, None), currency_id=rated.usd, invoice_currency_rate=1 / 1.3725)
    assert rated.lines(id, "payment_term", "balance") == [137.25]


def test_the_usd_invoice_of_the_facts(rated):
    """100.00 + 3 x 10.05 at 13 % and 1.40."""
    id = rated.posted(100, rated.line(10.05, quantity=3), currency_id=rated.usd)
    rows = [(r["amount_currency"], r["balance"]) for r in rated.lines(id)]
    assert rows == [(-100.0, -140.0), (-30.15, -42.21), (-16.92, -23.69), (147.07, 205.9)]
    assert rated.move(id, "amount_total", "amount_total_signed", "amount_untaxed_signed") == (147.07, 205.9, 182.21)


def test_a_tax_forced_in_usd(rated):
    """3.93 on 3 x 10.05: 34.08 USD, 47.71 CAD."""
    group = {"id": rated.ref("account.1_tax_group_hst_13"), "tax_amount_currency": 3.93}
    id = rated.draft(10.05, 10.05, 10.05, currency_id=rated.usd, tax_totals={"subtotals": [{"tax_groups": [group]}]})
    assert rated.move(id, "amount_total", "amount_total_signed") == (34.08, 47.71)
    assert [r["balance"] for r in rated.lines(id)] == [-14.07, -14.07, -14.07, -5.5, 47.71]


def test_paying_a_usd_invoice_at_another_rate_books_the_difference(rated):
    """EXCH/2026/10/0001 at month end; partials of 202.96 and 2.94."""
    journal = rated.ask(
        "account.journal",
        "create",
        vals_list={"name": "Stripe USD", "type": "bank", "code": "STR2", "currency_id": rated.usd},
    )[0]
    id = rated.posted(100, rated.line(10.05, quantity=3), currency_id=rated.usd)
    rated.pay(id, journal_id=journal, payment_date="2026-10-16")
    assert rated.move(id, "payment_state", "amount_residual") == ("paid", 0.0)
    entry = rated.ask(
        "account.move", "search_read", domain=[["name", "=", "EXCH/2026/10/0001"]], fields=["date", "state"]
    )[0]
    assert (entry["date"], entry["state"]) == ("2026-10-31", "posted")
    partials = rated.ask("account.partial.reconcile", "search_read", domain=[], fields=["amount"], order="id")
    assert [p["amount"] for p in partials] == [202.96, 2.94]
    assert rated.lines(id, "payment_term", "full_reconcile_id") != [False]
    assert rated.service.totals()["balance"] == Decimal(0)


def test_paying_a_usd_invoice_in_cad(rated):
    """139.00 CAD on a residual of 138.00: difference -1.0, handling open, the invoice is paid."""
    id = rated.posted(rated.line(100, None), currency_id=rated.usd)
    wizard = {"journal_id": rated.bank, "payment_date": "2026-10-16", "currency_id": rated.cad, "amount": 139.0}
    context = {"active_model": "account.move", "active_ids": [id]}
    made = rated.ask("account.payment.register", "create", vals_list=[wizard], context=context)
    row = rated.ask(
        "account.payment.register", "read", ids=made, fields=["payment_difference", "payment_difference_handling"]
    )[0]
    assert (row["payment_difference"], row["payment_difference_handling"]) == (-1.0, "open")
    rated.ask("account.payment.register", "action_create_payments", ids=made)
    assert rated.move(id, "payment_state") == "paid"


def test_what_rounding_explains_is_no_exchange_difference(rated):
    """Parts of a USD invoice paid at the invoice's own rate: 33.33 USD is 45.99 or 46.00 CAD, and neither books a difference."""
    journal = rated.ask(
        "account.journal",
        "create",
        vals_list=[{"name": "Stripe USD", "type": "bank", "code": "STR2", "currency_id": rated.usd}],
    )[0]
    id = rated.posted(rated.line("100.01", None), currency_id=rated.usd, invoice_date="2026-10-16")
    for amount in (33.33, 33.35):
        rated.pay(id, journal_id=journal, payment_date="2026-10-16", amount=amount)
    assert rated.ask("account.move", "search_count", domain=[["journal_id.code", "=", "EXCH"]]) == 0
    assert rated.move(id, "payment_state", "amount_residual") == ("partial", 33.33)
    rated.pay(id, journal_id=journal, payment_date="2026-10-16")
    assert rated.move(id, "payment_state", "amount_residual") == ("paid", 0.0)
    assert rated.service.totals()["balance"] == Decimal(0)
