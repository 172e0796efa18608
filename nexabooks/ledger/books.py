"""The parts of the company's books that posting leans on: accounts, taxes, currencies, journals, lock dates, as Odoo holds
them now. Everything is read within one company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from nexabooks.clients.odoo import OdooReader, text_of
from nexabooks.clients.odoo_versions import TAKES_RATES
from nexabooks.ledger.desired import Desired
from nexabooks.ledger.odoo_values import day_of
from nexabooks.ledger.own_numbers import JOURNAL_CODE, NumbersJournal, read_numbers_journal
from nexabooks.ledger.payment_journals import PaymentJournal, read_payment_journals

LOCK_DATES = ("fiscalyear_lock_date", "sale_lock_date", "tax_lock_date", "hard_lock_date")


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the company's chart."""

    account_id: int
    code: str
    name: str
    account_type: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Tax:
    """A sale tax. `rate` is per cent where `amount_type` is percent; `member_ids` are the taxes of a group."""

    tax_id: int
    name: str
    rate: Decimal
    amount_type: str
    is_active: bool
    is_price_included: bool
    member_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency that Odoo knows, active or not."""

    currency_id: int
    is_active: bool
    first_rate_on: date | None  # None = no rate at all: Odoo would count 1.0


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal of the company."""

    journal_id: int
    code: str
    name: str


@dataclass(frozen=True)
class Books:
    """The parts of the company's books that posting leans on."""

    company_name: str
    company_currency: str
    rounding_method: str  # round_globally, round_per_line
    accounts: Mapping[str, Account]  # by code
    taxes: Mapping[str, Tax]  # sale taxes, by the suffix of their external id
    currencies: Mapping[
        str, Currency
    ]  # by code: the company's and the invoices'; where there are none yet, the active ones
    sale_journal: Journal | None
    payment_journals: Mapping[str, PaymentJournal]  # of the routes, by code
    locks: Mapping[str, date]  # by field name, only those that are set
    numbers_journal: NumbersJournal | None = None  # where entries keep their source's number
    takes_rates: bool = True  # an invoice may bring the rate that converts it


def read_books(client: OdooReader, desired: Desired) -> Books:
    """Accounts, taxes, currencies, journals and lock dates that `desired` leans on."""
    company = client.read(
        "res.company", [client.company_id], ["name", "currency_id", "tax_calculation_rounding_method", *LOCK_DATES]
    )[0]
    company_currency = company["currency_id"][1]
    return Books(
        company_name=text_of(company["name"]),
        company_currency=company_currency,
        rounding_method=text_of(company["tax_calculation_rounding_method"]),
        accounts=read_accounts(
            client,
            sorted(
                {f.account_code for f in desired.families.values()}
                | {r.account_code for r in desired.routes.values() if r.has_account}
            ),
        ),
        taxes=_read_taxes(client, {t.odoo_external_name for t in desired.taxes.values() if t.odoo_external_name}),
        currencies=_read_currencies(client, {i.currency_code for i in desired.invoices}, company_currency),
        sale_journal=read_sale_journal(client),
        numbers_journal=read_numbers_journal(client),
        payment_journals=read_payment_journals(client, {r.journal_code for r in desired.routes.values()}),
        locks={name: day for name in LOCK_DATES if (day := day_of(company[name]))},
        takes_rates=client.major_version >= TAKES_RATES,
    )


def read_accounts(client: OdooReader, codes: list[str]) -> dict[str, Account]:
    """The accounts with `codes` in this company, archived ones too. A code is searched by a query of its own, which hides
    archived accounts whatever the domain says of `active`; the context turns that off."""
    fields = ["id", "code", "name", "account_type", "active"]
    domain = [["code", "in", codes]]
    return {
        text_of(r["code"]): Account(
            r["id"], text_of(r["code"]), text_of(r["name"]), r["account_type"], bool(r["active"])
        )
        for r in client.search_read("account.account", domain, fields, context={"active_test": False})
    }


def _read_taxes(client: OdooReader, names: set[str]) -> dict[str, Tax]:
    """The sale taxes with `names`, the suffixes of their external ids. The names of sale and purchase taxes are the same,
    so the use decides (facts: odoo "Taxes")."""
    prefix = f"{client.company_id}_"
    found = client.ids_of_names("account.tax", "account", [f"{prefix}{name}" for name in sorted(names)])
    domain = [
        ["id", "in", sorted(found.values())],
        ["company_id", "=", client.company_id],
        ["type_tax_use", "=", "sale"],
        ["active", "in", [True, False]],
    ]
    fields = ["id", "name", "amount", "amount_type", "active", "price_include", "children_tax_ids"]
    records = {r["id"]: r for r in client.search_read("account.tax", domain, fields)} if found else {}
    return {
        name.removeprefix(prefix): Tax(
            tax_id=id,
            name=text_of(records[id]["name"]),
            rate=Decimal(records[id]["amount"]),
            amount_type=records[id]["amount_type"],
            is_active=bool(records[id]["active"]),
            is_price_included=bool(records[id]["price_include"]),
            member_ids=tuple(records[id]["children_tax_ids"]),
        )
        for name, id in found.items()
        if id in records
    }


def _read_currencies(client: OdooReader, codes: set[str], company_currency: str) -> dict[str, Currency]:
    named = [["name", "in", sorted(codes | {company_currency})], ["active", "in", [True, False]]]
    domain = named if codes else [["active", "=", True]]
    found = {r["name"]: r for r in client.search_read("res.currency", domain, ["id", "name", "active"])}
    foreign = [r["id"] for name, r in found.items() if name != company_currency]
    first: dict[int, date] = {}
    if foreign:
        where = [["currency_id", "in", foreign], ["company_id", "in", [client.company_id, False]]]
        for rate in client.search_read("res.currency.rate", where, ["currency_id", "name"], order="name desc"):
            first[rate["currency_id"][0]] = date.fromisoformat(rate["name"])  # the last one seen is the earliest
    return {name: Currency(r["id"], bool(r["active"]), first.get(r["id"])) for name, r in found.items()}


def read_sale_journal(client: OdooReader) -> Journal | None:
    """The first sales journal of the company in which Odoo numbers the entries."""
    here = [["company_id", "=", client.company_id], ["type", "=", "sale"], ["code", "!=", JOURNAL_CODE]]
    records = client.search_read("account.journal", here, ["id", "code", "name"], order="id", limit=1)
    return Journal(records[0]["id"], records[0]["code"], text_of(records[0]["name"])) if records else None
