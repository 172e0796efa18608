"""The tables that finance edits agree with each other and with the product's own."""

from __future__ import annotations

import csv
import re
from decimal import Decimal

import pytest

from nexabooks.money import UNITS_PER_MAJOR, units_per_major
from tests.sql.built import SQL


def _rows(name: str) -> list[dict[str, str]]:
    with (SQL / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("source", sorted(UNITS_PER_MAJOR))
def test_currencies_are_counted_as_in_money_py(source: str) -> None:
    """SQL and Python turn an amount of a source into ISO's minor units by the same factor."""
    rows = {r["currency_code"]: r for r in _rows("currency_units") if r["source"] == source}
    currencies = {code for table in UNITS_PER_MAJOR.values() for code in table} | {"CAD"}
    for code in currencies:
        units, iso = units_per_major(code, source), units_per_major(code)
        row = rows.get(code, {"units_per_major": "100", "iso_units_per_major": "100", "iso_per_unit": "1"})
        assert (int(row["units_per_major"]), int(row["iso_units_per_major"])) == (units, iso), code
        assert Decimal(row["iso_per_unit"]) * units == iso, code


def test_each_family_has_an_account_that_odoo_takes() -> None:
    """Odoo accepts only letters, digits and dots in an account's code; what is paid in advance is no income."""
    rows = _rows("family_accounts")
    accounts = {row["service_family"]: row["account_code"] for row in rows}
    assert {row["service_family"] for row in _rows("service_family_rules")} | {"other", "prepaid"} == set(accounts)
    assert all(re.fullmatch(r"[A-Za-z0-9.]+", code) for code in accounts.values())
    assert len(set(accounts.values())) == len(accounts)
    types = {row["service_family"]: row["account_type"] for row in rows}
    assert types == {family: "liability_current" if family == "prepaid" else "income" for family in accounts}


def test_each_route_has_a_journal_of_its_own() -> None:
    """Three routes, three journals; credit of customers is kept where wallet top-ups are."""
    routes = {row["route"]: row for row in _rows("payment_routes")}
    assert set(routes) == {"stripe", "elsewhere", "balance"}
    assert len({row["journal_code"] for row in routes.values()}) == 3
    assert all(re.fullmatch(r"[A-Z0-9]{1,5}", row["journal_code"]) for row in routes.values())
    prepaid = next(row for row in _rows("family_accounts") if row["service_family"] == "prepaid")
    names = ("account_code", "account_name", "account_type")
    assert [routes["balance"][name] for name in names] == [prepaid[name] for name in names]


def test_rules_are_lower_case_and_in_a_clear_order() -> None:
    """A description is lower-cased before it is compared; two rules never share a position."""
    rows = _rows("service_family_rules")
    assert all(row["contains"] == row["contains"].lower() != "" for row in rows)
    assert len({row["position"] for row in rows}) == len(rows)


def test_a_tax_name_leads_to_a_tax_of_its_rate() -> None:
    """A name is mapped only to a code of the same rate, and a code that stands for two has their rates together."""
    codes = {row["tax_code"]: row for row in _rows("tax_codes")}
    for name in _rows("tax_names"):
        assert Decimal(name["rate"]) == Decimal(codes[name["tax_code"]]["rate"]), name
    for row in codes.values():
        if row["member_1"]:
            members = [codes[row["member_1"]], codes[row["member_2"]]]
            assert sum(Decimal(m["rate"]) for m in members) == Decimal(row["rate"])
            assert all(m["odoo_external_name"] for m in members)


def test_a_country_name_means_one_country() -> None:
    """Names are lower case and unique, so that the join to them never doubles a customer."""
    names = [row["country_name"] for row in _rows("country_names")]
    assert len(set(names)) == len(names)
    assert all(name == name.lower().strip() for name in names)
    assert {"ca", "can", "canada"} <= set(names)
