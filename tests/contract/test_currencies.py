"""What Odoo makes of an invoice in another currency: which rate it takes, and when it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from nexabooks.clients.odoo_errors import RowsRefused
from nexabooks.errors import LedgerRefused, PermanentError
from nexabooks.ledger.books import read_books
from nexabooks.ledger.desired import Desired
from tests.contract.test_what_the_ledger_relies_on import FIELDS, invoice, lines, post, read, rows, tax_ids
from tests.ledger.makers import FAMILIES, TAXES, an_invoice

HST = "hst_sale_tax_13"


@contextmanager
def currency(server, code: str, *, is_active: bool = True, rates: dict[str, str] | None = None) -> Iterator[int]:
    """A currency with exactly these rates (CAD for one unit) while the block runs; afterwards it is as it was."""
    found = server.admin.search_read(
        "res.currency", [["name", "=", code], ["active", "in", [True, False]]], ["active"]
    )[0]
    if server.admin.search_count("res.currency.rate", [["currency_id", "=", found["id"]]]):
        pytest.fail(f"this database has {code} rates already; use one without")
    vals = [
        {
            "currency_id": found["id"],
            "name": day,
            "inverse_company_rate": Decimal(rate),
            "company_id": server.client.company_id,
        }
        for day, rate in (rates or {}).items()
    ]
    server.admin.write_call("res.currency", "write", ids=[found["id"]], vals={"active": is_active})
    made = server.admin.write_call("res.currency.rate", "create", vals_list=vals) if vals else []
    try:
        yield found["id"]
    finally:
        if made:
            server.admin.write_call("res.currency.rate", "unlink", ids=made)
        server.admin.write_call("res.currency", "write", ids=[found["id"]], vals={"active": found["active"]})


def in_currency(
    server, name: str, currency_id: int, *, rate: str = "", day: str = "2026-10-05", taxes: str = ""
) -> int:
    """A draft of 100.00 + 30.15 in a currency, with a rate of its own (units for one CAD) when one is given."""
    sent = rows(server, name, ["100.00", "10.05", "10.05", "10.05"], taxes, day=day)
    fields = ("currency_id/.id", *(("invoice_currency_rate",) if rate else ()))
    head = [str(currency_id), *((rate,) if rate else ())]
    data = [[*(head if n == 0 else [""] * len(head)), *row] for n, row in enumerate(sent)]
    return server.client.load("account.move", (*fields, *FIELDS), data)[0]


def shown_rate(server, rate: int) -> int | bool:
    """What an entry of that rate shows; 17 shows none."""
    return rate if server.version >= 18 else False


def test_the_rate_is_that_of_the_day(server):
    """The last one before or on it; each line is converted by itself, and the balance follows."""
    with currency(server, "CHF", rates={"2026-10-01": "1.40", "2026-10-15": "1.38"}) as chf:
        early, late = (
            in_currency(server, f"cur_{day}", chf, day=day, taxes=tax_ids(server, HST))
            for day in ("2026-10-05", "2026-10-15")
        )
        post(server, early, late)
        assert read(server, early, "amount_total", "amount_total_signed", "amount_untaxed_signed") == [
            Decimal("147.07"),
            Decimal("205.9"),
            Decimal("182.21"),
        ]
        assert read(server, late, "amount_total_signed") == [Decimal("202.96")]
        balances = [line["balance"] for line in lines(server, early, "product", "balance")]
        assert sum(balances) == Decimal("-182.21")


def test_before_the_first_rate_the_first_is_taken_silently(server):
    """So the plan parks such an invoice, and the books say from when there are rates. Some releases of 18 count one as one."""
    with currency(server, "CHF", rates={"2026-10-10": "1.40"}) as chf:
        id = in_currency(server, "cur_before", chf)
        untaxed, signed = read(server, id, "amount_untaxed", "amount_untaxed_signed")
        assert (untaxed, server.version == 18 or signed == Decimal("182.21")) == (Decimal("130.15"), True), signed
        desired = Desired({}, (an_invoice(currency_code="CHF"),), FAMILIES, TAXES)
        assert str(read_books(server.client, desired).currencies["CHF"].first_rate_on) == "2026-10-10"


def test_without_any_rate_one_is_one(server):
    """And it posts: the plan parks such an invoice too."""
    with currency(server, "CHF") as chf:
        id = in_currency(server, "cur_none", chf)
        post(server, id)
        assert read(server, id, "amount_untaxed", "amount_untaxed_signed", "invoice_currency_rate") == [
            Decimal("130.15"),
            Decimal("130.15"),
            shown_rate(server, 1),
        ]
        desired = Desired({}, (an_invoice(currency_code="CHF"),), FAMILIES, TAXES)
        assert read_books(server.client, desired).currencies["CHF"].first_rate_on is None


def test_an_invoice_may_bring_its_own_rate(server):
    """Units of its currency for one of the company's; kept when it is posted, with other rates there. 18 takes
    the rate that it is sent and counts by its own, without a word; 17 refuses the column."""
    with currency(server, "CHF", rates={"2026-10-01": "1.40"}) as chf:
        if server.version < 18:
            with pytest.raises(PermanentError, match="invoice_currency_rate"):
                in_currency(server, "cur_own", chf, rate="0.7285974499")
            return
        id = in_currency(server, "cur_own", chf, rate="0.7285974499", taxes=tax_ids(server, HST))
        post(server, id)
        total, signed, rate = read(server, id, "amount_total", "amount_total_signed", "invoice_currency_rate")
        if server.version < 19:
            assert (total, signed) == (Decimal("147.07"), Decimal("205.90"))
            return
        assert (total, signed) == (Decimal("147.07"), Decimal("201.85"))
        assert abs(rate - Decimal("0.7285974499")) < Decimal("0.0000000001")


def test_an_own_rate_must_be_above_zero(server):
    """An empty cell is none: the column is sent for invoices that have a rate, and not at all for others."""
    if server.version < 19:
        pytest.skip("before 19 an own rate is not looked at")
    with (
        currency(server, "CHF", rates={"2026-10-01": "1.40"}) as chf,
        pytest.raises(RowsRefused, match="strictly positive"),
    ):
        in_currency(server, "cur_zero", chf, rate="0")


def test_an_inactive_currency_drafts_and_does_not_post(server):
    """Activated, it does."""
    with currency(server, "CHF", is_active=False, rates={"2026-10-01": "1.40"}) as chf:
        id = in_currency(server, "cur_inactive", chf)
        with pytest.raises(LedgerRefused, match="inactive currency: CHF"):
            post(server, id)
        server.admin.write_call("res.currency", "write", ids=[chf], vals={"active": True})
        post(server, id)
        assert read(server, id, "state") == ["posted"]


def test_a_day_has_one_rate(server):
    """A second one is refused."""
    with (
        currency(server, "CHF", rates={"2026-10-01": "1.40"}) as chf,
        pytest.raises(LedgerRefused, match="one currency rate per day"),
    ):
        vals = {
            "currency_id": chf,
            "name": "2026-10-01",
            "inverse_company_rate": Decimal("1.41"),
            "company_id": server.client.company_id,
        }
        server.admin.write_call("res.currency.rate", "create", vals_list=[vals])


def test_a_forced_tax_in_another_currency_is_converted(server):
    """Forced in the invoice's currency; the company's amount follows by the rate."""
    with currency(server, "CHF", rates={"2026-10-01": "1.40"}) as chf:
        id = in_currency(server, "cur_forced", chf, taxes=tax_ids(server, HST))
        (line,) = lines(server, id, "tax", "amount_currency")
        assert line["amount_currency"] == Decimal("-16.92")
        vals = {"line_ids": [[1, line["id"], {"amount_currency": Decimal("-16.93")}]]}
        server.client.write_call("account.move", "write", ids=[id], vals=vals)
        post(server, id)
        assert read(server, id, "amount_tax", "amount_total") == [Decimal("16.93"), Decimal("147.08")]
        (line,) = lines(server, id, "tax", "balance")
        assert line["balance"] == Decimal("-23.7")


def test_the_company_s_currency_needs_no_rate(server):
    """Its own rate is 1."""
    id = invoice(server, "cur_own_currency", ["10.00"])
    assert read(server, id, "invoice_currency_rate", "amount_total_signed") == [shown_rate(server, 1), 10]
