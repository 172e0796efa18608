"""`nexabooks odoo check`: each finding is provoked once, and what was provoked is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from nexabooks.errors import LedgerRefused
from nexabooks.ledger import Finding, blocking, check, make_plan, read_present, setup_apply, setup_plan
from nexabooks.ledger.books import read_accounts
from nexabooks.ledger.checks import NO_RATES
from nexabooks.ledger.desired import Choices
from tests.contract.conftest import Server
from tests.contract.test_currencies import currency
from tests.contract.test_what_the_ledger_relies_on import invoice
from tests.ledger.makers import FAMILY_ROWS, ROUTE_ROWS, TAXES, an_invoice, desired_of

WORLD = desired_of(an_invoice(), an_invoice("in_2", tax_codes=("hst_15",)))


def findings(server: Server, desired=WORLD, *, client=None, now=None) -> dict[str, Finding]:
    return {finding.what: finding for finding in check(client or server.client, desired, now=now)}


@contextmanager
def turned(server: Server, model: str, id: int, **vals: Any) -> Iterator[None]:
    """A record of the books with other values while the block runs."""
    shown = server.admin.read(model, [id], list(vals))[0]
    before = {name: value[0] if isinstance(value, list) else value for name, value in shown.items() if name in vals}
    server.admin.write_call(model, "write", ids=[id], vals=vals)
    try:
        yield
    finally:
        server.admin.write_call(model, "write", ids=[id], vals=before)


def test_a_user_with_just_the_rights_has_no_finding(server):
    """Neither too little nor too much, and nothing in the books stands in the way."""
    held = findings(server)
    assert [f.says for f in held.values() if not f.is_ok] == []
    assert blocking(list(held.values())) == []


def test_an_administrator_may_too_much(server):
    """Each right that a posting key should not have is named."""
    held = findings(server, client=server.admin)
    said = {what for what, finding in held.items() if not finding.is_ok and what.startswith("right to")}
    assert said == {
        "right to change the structure of the database",
        "right to change users",
        "right to change lock dates",
        "right to change the chart of accounts",
        "right to change taxes",
        "right to change journals",
    }


ACCOUNTS = {
    "archived": ({"active": False}, "NCR.OTHER is archived: activate it, or map another"),
    "of another type": ({"account_type": "liability_current"}, "NCR.OTHER is of type liability_current"),
    "gone": ({"code": "NCR.GONE"}, "Odoo has no account NCR.OTHER; run `nexabooks odoo setup --apply`"),
}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_an_account_that_cannot_be_used_is_said(server, name):
    """Odoo hides an archived account from a search by its code, unless the context says otherwise."""
    vals, words = ACCOUNTS[name]
    with turned(server, "account.account", server.books.accounts["NCR.OTHER"].account_id, **vals):
        held = findings(server)["account of other"]
    assert (held.is_ok, words in held.says) == (False, True), held.says


def test_an_archived_account_stops_the_setup(server):
    """It would make a second one of that code, which Odoo refuses."""
    account_id = server.books.accounts["NCR.OTHER"].account_id
    with turned(server, "account.account", account_id, active=False):
        assert read_accounts(server.client, ["NCR.OTHER"])["NCR.OTHER"].is_active is False
        with pytest.raises(LedgerRefused, match=r"NCR\.OTHER .* is archived: activate it"):
            setup_apply(server.admin, FAMILY_ROWS, ROUTE_ROWS)


INCLUDED = {"price_include_override": "tax_included"}  # until 17 the field that it is read from was the one to set
TAXES_TURNED = {
    "archived": ({"active": False}, "15% HST is archived: activate it"),
    "of another rate": ({"amount": 16}, "15% HST is 16 % in Odoo, the list says 15"),
    "inside the price": (INCLUDED, "15% HST is price-included: use one that is not"),
}


@pytest.mark.parametrize("name", TAXES_TURNED)
def test_a_tax_that_cannot_be_used_is_said(server, name):
    """By rate, and by how it is counted."""
    vals, words = TAXES_TURNED[name]
    if vals is INCLUDED and server.version < 18:
        vals = {"price_include": True}
    with turned(server, "account.tax", server.books.taxes["hst_sale_tax_15"].tax_id, **vals):
        held = findings(server)["tax hst_15"]
    assert (held.is_ok, held.says) == (False, words)


@pytest.mark.parametrize("external_name", ["hst_sale_tax_99", "hst_purchase_tax_15"])
def test_a_tax_that_is_no_sale_tax_of_the_chart_is_said(server, external_name):
    """Unknown, or of a purchase with the same name and rate."""
    listed = TAXES | {"hst_15": replace(TAXES["hst_15"], odoo_external_name=external_name)}
    held = findings(server, replace(WORLD, taxes=listed))["tax hst_15"]
    assert (held.is_ok, f"Odoo has no sale tax {external_name}" in held.says) == (False, True)


def test_lock_dates_and_rounding_are_said(server):
    """They are a person's to know, and stop nothing by themselves: what falls behind a lock is parked by the plan."""
    with server.locked("tax_lock_date", "1999-06-30"):
        assert findings(server)["lock dates"].says == "tax_lock_date 1999-06-30"
    with turned(server, "res.company", server.client.company_id, tax_calculation_rounding_method="round_per_line"):
        assert findings(server)["tax rounding"].says.startswith("round_per_line: a tax is rounded line by line")
    assert findings(server)["lock dates"].says == "none is set"


def test_a_journal_that_does_not_book_to_its_bank_account_is_said(server):
    """And the setup turns it."""
    domain = [["journal_id.code", "=", "NCSTR"], ["payment_type", "=", "inbound"]]
    (line,) = server.admin.search_read("account.payment.method.line", domain, ["id"])
    with turned(server, "account.payment.method.line", line["id"], payment_account_id=False):
        held = findings(server)["journal NCSTR"]
        assert (held.is_ok, "run the setup again" in held.says) == (False, True)
        assert all(step.is_present for step in setup_apply(server.admin, FAMILY_ROWS, ROUTE_ROWS))
        assert findings(server)["journal NCSTR"].is_ok


def test_an_archived_journal_is_not_there_and_stops_the_setup(server):
    """Its code is taken. Of a journal without drafts: no other can be archived, and on 17 a draft payment is one."""
    with turned(server, "account.journal", server.books.payment_journals["NCOTH"].journal_id, active=False):
        assert not findings(server)["journal NCOTH"].is_ok
        said = [step.says for step in setup_plan(server.admin, FAMILY_ROWS, ROUTE_ROWS) if step.is_blocked]
        assert ["is archived: activate it" in says for says in said] == [True]


def test_a_journal_with_drafts_in_it_cannot_be_archived(server):
    """So a sales journal does not go while a run is under way."""
    invoice(server, "journal_draft", ["10.00"])
    vals = {"active": False}
    with pytest.raises(LedgerRefused, match="containing draft journal entries"):
        server.admin.write_call("account.journal", "write", ids=[server.books.sale_journal.journal_id], vals=vals)


CURRENCIES = {
    "unknown": ("XXQ", "Odoo does not know XXQ"),
    "inactive": ("CHF", "CHF is not active in Odoo: activate it and enter rates"),
}


@pytest.mark.parametrize("name", CURRENCIES)
def test_a_currency_that_cannot_be_used_is_said(server, name):
    """Before an invoice is drafted in it."""
    code, words = CURRENCIES[name]
    with currency(server, "CHF", is_active=False):
        held = findings(server, desired_of(an_invoice(currency_code=code)))[f"currency {code}"]
    assert (held.is_ok, held.says) == (False, words)


def test_rates_of_the_source_s_own_need_19(server):
    """17 refuses them and 18 counts by its own, so the check says it and the plan refuses each invoice that has one."""
    foreign = an_invoice(currency_code="CHF", source_rate=Decimal("1.5"))
    wanted = replace(desired_of(foreign), choices=Choices(rate="source"))
    held = findings(server, wanted)["rates (NEXABOOKS_ODOO_RATE)"]
    assert held.is_ok is (server.version >= 19), held.says
    said = [
        a.reason for a in make_plan(wanted, read_present(server.client, wanted), mode="post", run_id="r").of("refuse")
    ]
    assert said == ([] if server.version >= 19 else [NO_RATES])


def test_a_key_that_ends_soon_and_clocks_that_differ_are_said(server):
    """By the server's own clock: the posting user's keys live for ninety days at most. On 17 they never end."""
    present = server.client.server_time()
    keys = [f for what, f in findings(server, now=present).items() if what.startswith("API key")]
    assert keys
    ended = findings(server, now=present + timedelta(days=100))
    assert {f.is_ok for what, f in ended.items() if what.startswith("API key")} == {server.version < 18}
    assert (findings(server, now=present)["clocks"].is_ok, ended["clocks"].is_ok) == (True, False)
