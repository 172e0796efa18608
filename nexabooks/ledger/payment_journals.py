"""The journals that money moves through, and whether each stands in Odoo as its route says.

A payment method line names the account that a payment is booked to; a line that names none books to Odoo's Outstanding
Receipts or Payments (facts: odoo "Payment states by edition"). What is said here is said by the plan, by the check and by
the setup in the same words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from nexabooks.clients.odoo import OdooReader, id_of, text_of
from nexabooks.errors import PermanentError
from nexabooks.ledger.desired_payments import DIRECTIONS, OUTSTANDING, PaymentRoute

JOURNAL_TYPE = "bank"  # account.payment takes a bank, cash or credit journal
SETUP = "run `nexabooks odoo setup --apply`"


@dataclass(frozen=True, slots=True)
class PaymentJournal:
    """A journal as Odoo holds it. `line_accounts`: direction -> the account of each of its payment method lines, None where
    the line names none; `line_ids`: direction -> those lines."""

    journal_id: int
    code: str
    name: str
    journal_type: str
    is_active: bool
    own_account_id: int | None
    line_ids: Mapping[str, tuple[int, ...]]
    line_accounts: Mapping[str, tuple[int | None, ...]]

    def books_to(self, accounts: Mapping[str, int | None]) -> bool:
        """Whether every payment method line of each direction names that direction's account; None = it names none."""
        return all(set(self.line_accounts[direction]) == {accounts[direction]} for direction in DIRECTIONS)


def read_payment_journals(client: OdooReader, codes: Collection[str]) -> dict[str, PaymentJournal]:
    """The journals with `codes` in this company, archived ones too, by code."""
    domain = [["company_id", "=", client.company_id], ["code", "in", sorted(codes)], ["active", "in", [True, False]]]
    fields = ["id", "code", "name", "type", "active", "default_account_id"]
    journals = client.search_read("account.journal", domain, fields) if codes else []
    if not journals:
        return {}
    where = [["journal_id", "in", [j["id"] for j in journals]]]
    fields = ["journal_id", "payment_type", "payment_account_id"]
    lines = client.search_read("account.payment.method.line", where, fields, order="id")
    return {text_of(j["code"]): _journal(j, [x for x in lines if id_of(x["journal_id"]) == j["id"]]) for j in journals}


def _journal(record: Mapping[str, Any], lines: list[dict[str, Any]]) -> PaymentJournal:
    by_direction = {way: [line for line in lines if line["payment_type"] == way] for way in DIRECTIONS}
    return PaymentJournal(
        journal_id=record["id"],
        code=text_of(record["code"]),
        name=text_of(record["name"]),
        journal_type=record["type"],
        is_active=bool(record["active"]),
        own_account_id=id_of(record["default_account_id"]),
        line_ids={way: tuple(line["id"] for line in held) for way, held in by_direction.items()},
        line_accounts={
            way: tuple(id_of(line["payment_account_id"]) for line in held) for way, held in by_direction.items()
        },
    )


def journal_trouble(route: PaymentRoute, journal: PaymentJournal | None) -> str:
    """Why no money of this route can be booked, as far as its journal goes; '' when it can."""
    if journal is None:
        return f"Odoo has no journal {route.journal_code}; {SETUP}"
    if not journal.is_active:
        return f"the journal {route.journal_code} is archived: activate it, or map the route {route.route}"
    if journal.journal_type != JOURNAL_TYPE:
        said = f"the journal {route.journal_code} is of type {journal.journal_type}, not {JOURNAL_TYPE}"
        return f"{said}; free the code, or map the route {route.route} to another"
    lacking = [way for way in DIRECTIONS if not journal.line_ids[way]]
    return f"the journal {route.journal_code} has no {lacking[0]} payment method line; add one" if lacking else ""


def is_of_type(held: str, wanted: str) -> bool:
    """Whether an account of type `held` will do; any kind of income is income."""
    return held.startswith("income") if wanted == "income" else held == wanted


def account_trouble(code: str, account_type: str, account: Any) -> str:
    """Why the account `code` (`account`: as Odoo holds it, or None) is not one of `account_type`; '' when it is."""
    if account is None:
        return f"Odoo has no account {code}; {SETUP}"
    if not account.is_active:
        return f"the account {code} is archived: activate it, or map another"
    if not is_of_type(account.account_type, account_type):
        return f"the account {code} is of type {account.account_type}, not {account_type}"
    return ""


def read_outstanding(client: OdooReader) -> dict[str, int | None]:
    """Odoo's own Outstanding Receipts and Payments; None where the chart has none of its own. Community books there when
    a method line names no account; Enterprise makes no entry then, so the lines name them."""
    found: dict[str, int | None] = {}
    for direction, side in zip(DIRECTIONS, ("debit", "credit"), strict=True):
        name = f"{client.company_id}_account_journal_payment_{side}_account_id"
        try:
            answer = client.call("ir.model.data", "check_object_reference", module="account", xml_id=name)
            found[direction] = answer[1] or None  # False: it is archived
        except PermanentError:
            found[direction] = None
    return found


def wanted_accounts(
    route: PaymentRoute, journal: PaymentJournal, accounts: Mapping[str, Any], outstanding: Mapping[str, int | None]
) -> dict[str, int | None]:
    """The account that the method lines of the route's journal should name, by direction; None = leave them empty."""
    if route.account_code == OUTSTANDING:
        return dict(outstanding)
    account = accounts.get(route.account_code)
    own = account.account_id if account else None
    return dict.fromkeys(DIRECTIONS, own if route.has_account else journal.own_account_id)


def route_trouble(route: PaymentRoute, journals: Mapping[str, PaymentJournal], accounts: Mapping[str, Any]) -> str:
    """Why a payment of this route would be booked wrongly or not at all; '' when it would be booked as the route says.
    Where the journal's own bank account is wanted and another is named, a person chose to clear it otherwise."""
    journal = journals.get(route.journal_code)
    if said := journal_trouble(route, journal):
        return said
    if route.has_account:
        account = accounts.get(route.account_code)
        if said := account_trouble(route.account_code, route.account_type, account):
            return said
        if journal and account and not journal.books_to(dict.fromkeys(DIRECTIONS, account.account_id)):
            return f"the journal {route.journal_code} does not book to {route.account_code} both ways; {SETUP}"
    return ""
