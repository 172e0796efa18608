"""Setting Odoo up, and looking whether it is fit for posting: what is missing, in words, and nothing written by looking."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from nexabooks.cli.examining import desired_now
from nexabooks.clients.odoo import open_odoo
from nexabooks.errors import AccessRefused, LedgerRefused, PermanentError
from nexabooks.ledger import blocking, check, read_present, setup_apply, setup_plan
from nexabooks.sandbox.odoo.service import OdooService
from nexabooks.settings import Settings
from tests.ledger.conftest import settings_of
from tests.ledger.makers import FAMILY_ROWS, ROUTE_ROWS, TAXES, an_invoice, desired_of

SEEDS = Path(__file__).parents[2] / "sql" / "seeds"


@pytest.fixture
def new_odoo():
    """A server that nobody has set up."""
    service = OdooService()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def admin(new_odoo):
    with open_odoo(settings_of(new_odoo, new_odoo.admin_key), "admin") as client:
        yield client


def missing(steps) -> set[str]:
    return {step.what for step in steps if not step.is_present}


def test_the_setup_is_shown_first_and_writes_nothing(new_odoo, admin):
    """A dry run names every field, account and journal that is to be made."""
    before = new_odoo.snapshot()
    wanted = missing(setup_plan(admin, FAMILY_ROWS, ROUTE_ROWS))
    assert {"field account.move.x_fc_source_invoice_id", "account NCR.HOSTIN", "journal NCSTR"} <= wanted
    assert new_odoo.snapshot() == before


def test_the_setup_makes_everything_once(admin):
    """And a second time changes nothing."""
    assert missing(setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)) == set()
    counts = [admin.search_count(m, []) for m in ("ir.model.fields", "account.account", "account.journal")]
    assert missing(setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)) == set()
    assert [admin.search_count(m, []) for m in ("ir.model.fields", "account.account", "account.journal")] == counts


def test_a_setup_that_was_cut_off_goes_on(new_odoo, admin):
    """What is there stays, what is missing is made."""
    new_odoo.faults.add("account.account/create$", "cut_after")
    with pytest.raises(Exception, match="look before acting again"):
        setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)
    assert "journal NCSTR" in missing(setup_plan(admin, FAMILY_ROWS, ROUTE_ROWS))
    assert missing(setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)) == set()


def test_a_field_that_odoo_17_named_otherwise_is_renamed_and_not_made_again(new_odoo, admin):
    """After an upgrade a new one beside it would be empty, and the payments in the books would be made a second time."""
    (model,) = admin.search_read("ir.model", [["model", "=", "account.payment"]], ["id"])
    own = {"name": "x_fc_payment_source_system", "model_id": model["id"], "field_description": "S", "ttype": "char"}
    admin.write_call("ir.model.fields", "create", vals_list=[own])
    before = new_odoo.snapshot()
    with pytest.raises(LedgerRefused, match=r"x_fc_payment_source_system, .* rename it to x_fc_source_system in Odoo"):
        setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)
    assert new_odoo.snapshot() == before


def test_the_journal_books_straight_to_its_bank_account(admin):
    """So that invoices become paid on Community and Enterprise; one that does not is turned."""
    setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)
    journal = admin.search_read("account.journal", [["code", "=", "NCSTR"]], ["default_account_id", "type"])[0]
    domain = [["journal_id", "=", journal["id"]], ["payment_type", "=", "inbound"]]
    lines = admin.search_read("account.payment.method.line", domain, ["payment_account_id"])
    assert (journal["type"], lines[0]["payment_account_id"]) == ("bank", journal["default_account_id"])
    admin.write_call("account.payment.method.line", "write", ids=[lines[0]["id"]], vals={"payment_account_id": False})
    assert missing(setup_plan(admin, FAMILY_ROWS, ROUTE_ROWS)) == {"journal NCSTR account"}
    assert missing(setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)) == set()


def test_an_archived_account_stops_the_setup_in_words(admin):
    """A person decides whether it comes back."""
    setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)
    id = admin.search_read("account.account", [["code", "=", "NCR.OTHER"]], ["id"])[0]["id"]
    admin.write_call("account.account", "write", ids=[id], vals={"active": False})
    with pytest.raises(LedgerRefused, match=r"NCR\.OTHER .* is archived: activate it"):
        setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)


def test_only_an_admin_sets_odoo_up(new_odoo):
    """The posting user's key is refused, in Odoo's words."""
    with (
        open_odoo(settings_of(new_odoo, new_odoo.billing_key), "write") as billing,
        pytest.raises(AccessRefused, match="not allowed"),
    ):
        setup_apply(billing, FAMILY_ROWS, ROUTE_ROWS)


def test_posting_before_the_setup_says_what_to_run(new_odoo):
    """Not a stack trace about an unknown field."""
    desired = desired_of(an_invoice())
    with (
        open_odoo(settings_of(new_odoo, new_odoo.billing_key)) as reader,
        pytest.raises(PermanentError, match="nexabooks odoo setup --apply"),
    ):
        read_present(reader, desired)


def findings(client, desired) -> dict[str, tuple[bool, str]]:
    return {finding.what: (finding.is_ok, finding.says) for finding in check(client, desired)}


def test_a_fit_odoo_has_no_finding_but_the_admins_own_rights(odoo, client):
    """Checked with the key that will post; looking writes nothing."""
    before = odoo.snapshot()
    assert blocking(check(client, desired_of(an_invoice()))) == []
    found = findings(client, desired_of(an_invoice()))
    assert {what for what, (is_ok, _) in found.items() if not is_ok} <= {
        "right to change the structure of the database",
        "right to change users",
    }
    assert odoo.snapshot() == before


def test_an_unset_odoo_is_blocking(new_odoo, admin):
    """Each lack is named with what to do."""
    desired = desired_of(an_invoice())
    stopping = {finding.what for finding in blocking(check(admin, desired))}
    assert {"fields of account.move", "fields of account.payment", "fields of res.partner"} <= stopping
    found = findings(admin, desired)
    assert "odoo setup" in found["account of hosting"][1]
    assert "odoo setup" in found["journal NCSTR"][1]


def test_what_is_wrong_in_the_books_is_found_before_the_run(client, accountant):
    """Archived account and tax, a tax of another rate, currencies, lock dates."""
    account = client.search_read("account.account", [["code", "=", "NCR.OTHER"]], ["id"])[0]["id"]
    accountant.write_call("account.account", "write", ids=[account], vals={"active": False})
    hst = [["name", "=", "13% HST"], ["type_tax_use", "=", "sale"]]
    tax = client.search_read("account.tax", hst, ["id"])[0]["id"]
    accountant.write_call("account.tax", "write", ids=[tax], vals={"active": False})
    accountant.write_call("res.company", "write", ids=[1], vals={"sale_lock_date": "2026-09-30"})
    odd = replace(TAXES["hst_15"], rate=TAXES["hst_13"].rate)
    desired = desired_of(
        an_invoice(),
        an_invoice("in_2", tax_codes=("hst_15",)),
        an_invoice("in_3", currency_code="EUR"),
        an_invoice("in_4", currency_code="USD"),
    )
    found = findings(client, replace(desired, taxes={**TAXES, "hst_15": odd}))
    assert found["account of other"] == (
        False,
        "the account NCR.OTHER is archived: activate it, or map another",
    )
    assert found["tax hst_13"] == (False, "13% HST is archived: activate it")
    assert found["tax hst_15"] == (False, "15% HST is 15 % in Odoo, the list says 13")
    assert found["currency EUR"][0] is False
    assert found["currency USD"] == (False, "USD has no rate in Odoo and would count 1.0: enter rates")
    assert found["lock dates"] == (True, f"sale_lock_date {date(2026, 9, 30)}")


def test_before_the_first_run_the_listed_taxes_are_looked_at(client, accountant, tmp_path):
    """No invoice says yet which taxes it needs, so each one of the seed that Odoo should have is looked for."""
    hst = [["name", "=", "13% HST"], ["type_tax_use", "=", "sale"]]
    tax = client.search_read("account.tax", hst, ["id"])[0]["id"]
    accountant.write_call("account.tax", "write", ids=[tax], vals={"active": False})
    seeds = tmp_path / "sql" / "seeds"
    shutil.copytree(SEEDS, seeds)
    with (seeds / "tax_codes.csv").open("a", encoding="utf-8") as file:
        file.write("gst_7,GST 7 %,7,gst_sale_tax_7,,\n")
    desired = desired_now(Settings(home=tmp_path, sql_dir=seeds.parent, _env_file=None))
    found = findings(client, desired)
    assert found["tax hst_13"] == (False, "13% HST is archived: activate it")
    assert found["tax gst_7"][0] is False
    assert "Odoo has no sale tax gst_sale_tax_7" in found["tax gst_7"][1]
    assert found["tax hst_15"][0] is True
    assert "tax gst_pst_12_bc" not in found  # two taxes in one word: it has no name in Odoo


def test_before_the_first_run_it_is_said_what_of_the_currencies_could_not_be_looked_at(client, accountant, tmp_path):
    """No invoice says yet which currency it needs: what is active is told, with its rates, and what to run first."""
    desired = desired_now(Settings(home=tmp_path, sql_dir=SEEDS.parent, _env_file=None))
    euro = client.search_read("res.currency", [["name", "=", "EUR"], ["active", "in", [True, False]]], ["id"])[0]["id"]
    accountant.write_call("res.currency", "write", ids=[euro], vals={"active": True})
    is_ok, says = findings(client, desired)["currencies"]
    assert is_ok
    assert says.startswith("the company's is CAD, and active are beside it EUR (no rate)")
    assert "could not be looked at: run `nexabooks run refresh`" in says
    assert "currency EUR" not in findings(client, desired)
    assert "currencies" not in findings(client, desired_of(an_invoice()))


class AnsweringRights:
    """A client whose server answers what its user may do."""

    def __init__(self, client, allowed: set[tuple[str, str]]) -> None:
        self._client, self._allowed = client, allowed

    def __getattr__(self, name: str):
        return getattr(self._client, name)

    def can(self, model: str, operation: str) -> bool:
        return (model, operation) in self._allowed


ENOUGH = {(m, o) for m in ("account.move", "account.payment", "res.partner") for o in ("create", "write")}


def test_a_company_without_a_sales_journal_is_blocked(client, accountant):
    """Nothing can be posted."""
    id = client.search_read("account.journal", [["type", "=", "sale"]], ["id"])[0]["id"]
    accountant.write_call("account.journal", "write", ids=[id], vals={"active": False})
    assert [(f.what, f.says) for f in blocking(check(client, desired_of(an_invoice())))] == [
        ("sales journal", "there is none")
    ]


def test_a_user_who_may_not_read_the_books_is_told_so(odoo):
    """With what to give him, beside the rights that he lacks; not a stack trace."""
    with open_odoo(settings_of(odoo, odoo.plain_key)) as plain:
        found = {f.what: f for f in check(plain, desired_of(an_invoice()))}
    assert (found["the books"].is_ok, found["the books"].is_blocking) == (False, True)
    assert "Accounting / Invoicing" in found["the books"].says
    assert found["right to make invoices"].is_ok is False


def test_a_right_that_is_missing_or_too_much_is_said(client):
    """A billing user may not make customers; an administrator's key is more than posting needs."""
    desired = desired_of(an_invoice())
    less = findings(AnsweringRights(client, ENOUGH - {("res.partner", "create")}), desired)
    assert less["right to make customers"][0] is False
    assert "Contact / Creation" in less["right to make customers"][1]
    none = blocking(check(AnsweringRights(client, set()), desired))
    assert {finding.what for finding in none} >= {"right to make invoices", "right to register payments"}
    reversal = next(f for f in check(AnsweringRights(client, ENOUGH), desired) if f.what == "right to take a run back")
    assert (reversal.is_ok, reversal.is_blocking) == (False, False)
    more = findings(AnsweringRights(client, ENOUGH | {("res.users", "write")}), desired)
    assert more["right to change users"][0] is False


def test_a_key_that_ends_soon_is_said_in_time(client):
    """Only a person can make the next one; the pretend users' keys live for sixty days."""
    present = client.server_time()
    for days, is_ok in ((0, True), (50, False)):
        found = {f.what: f for f in check(client, desired_of(an_invoice()), now=present + timedelta(days=days))}
        assert found["API key nexabooks"].is_ok is is_ok
    assert "docs/runbooks/a-key-expired.md" in found["API key nexabooks"].says


def test_clocks_that_differ_are_said(client):
    """Two minutes are too much; a replayed story's clock is not compared at all."""
    present = client.server_time()
    for seconds, is_ok in ((5, True), (600, False)):
        found = {f.what: f for f in check(client, desired_of(an_invoice()), now=present - timedelta(seconds=seconds))}
        assert found["clocks"].is_ok is is_ok
    assert "clocks" not in findings(client, desired_of(an_invoice()))


def test_currencies_are_activated_and_their_rates_said(admin):
    """The company's own is never a step; rates are a person's."""
    steps = {s.what: s for s in setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS, currencies=("CAD", "EUR"))}
    assert (steps["currency EUR"].is_present, "currency CAD" in steps) == (True, False)
    assert "would count 1.0" in steps["currency EUR"].says
    euro = admin.search_read("res.currency", [["name", "=", "EUR"]], ["active"])[0]
    rate = {"currency_id": euro["id"], "name": "2026-10-01", "inverse_company_rate": Decimal("1.6")}
    admin.write_call("res.currency.rate", "create", vals_list=[rate])
    steps = {s.what: s for s in setup_plan(admin, FAMILY_ROWS, ROUTE_ROWS, currencies=("EUR",))}
    assert "1 rates from 2026-10-01" in steps["currency EUR"].says


def test_the_unique_index_is_made_only_when_asked_for(new_odoo, admin):
    """Then the database refuses a second entry for one invoice, and the setup says what it did."""
    assert "unique index" not in {s.what for s in setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)}
    assert "unique index" not in missing(setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS, has_unique_index=True))
    one = {"move_type": "out_invoice", "x_fc_source_system": "stripe", "x_fc_kind": "invoice"}
    admin.write_call("account.move", "create", vals_list=[{**one, "x_fc_source_invoice_id": "in_1"}])
    with pytest.raises(LedgerRefused, match="account_move_x_fc_identity"):
        admin.write_call("account.move", "create", vals_list=[{**one, "x_fc_source_invoice_id": "in_1"}])


def test_an_index_that_cannot_be_made_leaves_no_action_behind(admin):
    """Its being there would say that the index is."""
    setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)
    one = {
        "move_type": "out_invoice",
        "x_fc_source_system": "s",
        "x_fc_kind": "invoice",
        "x_fc_source_invoice_id": "in_1",
    }
    admin.write_call("account.move", "create", vals_list=[one, one])
    with pytest.raises(LedgerRefused):
        setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS, has_unique_index=True)
    assert "unique index" in missing(setup_plan(admin, FAMILY_ROWS, ROUTE_ROWS, has_unique_index=True))


def test_the_unique_index_lets_a_further_posting_stand_beside_the_first(new_odoo, admin):
    """A revision is a posting of its own; the external ids keep it single."""
    setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS, has_unique_index=True)
    one = {
        "move_type": "out_invoice",
        "x_fc_source_system": "stripe",
        "x_fc_kind": "invoice",
        "x_fc_source_invoice_id": "in_1",
    }
    for more in ({}, {"x_fc_revision": "2"}):
        admin.write_call("account.move", "create", vals_list=[one | more])
    assert admin.search_count("account.move", [["x_fc_source_invoice_id", "=", "in_1"]]) == 2
