"""What Odoo needs once before nexabooks can post: shown first, then made with the admin key, and harmless to repeat.

`setup_plan` only reads. `setup_apply` makes what is missing and is the one place where the admin key is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from nexabooks.clients.odoo import OLDEST_VERSION, OdooReader, OdooWriter
from nexabooks.clients.odoo_versions import older_name
from nexabooks.errors import LedgerRefused
from nexabooks.ledger.books import read_accounts
from nexabooks.ledger.desired_payments import PaymentRoute, route_of
from nexabooks.ledger.own_numbers import (
    JOURNAL_CODE,
    JOURNAL_NAME,
    NUMBER_FORM,
    journal_blocked,
    numbers_trouble,
    read_numbers_journal,
)
from nexabooks.ledger.own_numbers import JOURNAL_TYPE as SALE
from nexabooks.ledger.payment_journals import (
    JOURNAL_TYPE,
    is_of_type,
    journal_trouble,
    read_outstanding,
    read_payment_journals,
    wanted_accounts,
)
from nexabooks.ledger.unique_index import INDEX_STEP, Step, make_unique_index, unique_index_steps

Rows = Iterable[Mapping[str, Any]]
NUMBERS_STEP = f"journal {JOURNAL_CODE}"


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field of ours on a model of Odoo. `copied` is never set, so a reversal or a copy does not carry our identity."""

    model: str
    name: str
    label: str
    is_indexed: bool = False


class _Account(NamedTuple):
    code: str
    name: str
    account_type: str


FIELDS: tuple[OwnField, ...] = (
    OwnField("res.partner", "x_fc_customer_id", "Customer id (nexabooks)", is_indexed=True),
    OwnField("res.partner", "x_fc_stripe_customer_id", "Stripe customer id"),
    OwnField("res.partner", "x_fc_content_hash", "Facts as written (nexabooks)"),
    OwnField("account.move", "x_fc_source_system", "Source system"),
    OwnField("account.move", "x_fc_source_invoice_id", "Source invoice id", is_indexed=True),
    OwnField("account.move", "x_fc_kind", "Kind at the source"),
    OwnField("account.move", "x_fc_revision", "Revision (nexabooks)"),
    OwnField("account.move", "x_fc_nexacloud_invoice_id", "NexaCloud invoice id"),
    OwnField("account.move", "x_fc_stripe_invoice_id", "Stripe invoice id"),
    OwnField("account.move", "x_fc_stripe_customer_id", "Stripe customer id"),
    OwnField("account.move", "x_fc_run_id", "Run (nexabooks)"),
    OwnField("account.move", "x_fc_content_hash", "Facts as written (nexabooks)"),
    OwnField("account.payment", "x_fc_payment_id", "Source payment id", is_indexed=True),
    OwnField("account.payment", "x_fc_source_system", "Source system"),
    OwnField("account.payment", "x_fc_source_invoice_id", "Source invoice id", is_indexed=True),
    OwnField("account.payment", "x_fc_revision", "Revision (nexabooks)"),
)


def setup_plan(
    client: OdooReader,
    families: Rows,
    routes: Rows,
    *,
    currencies: Iterable[str] = (),
    has_unique_index: bool = False,
    keeps_numbers: bool = False,
) -> list[Step]:
    """Everything that posting needs in Odoo, each with whether it is there. Reads only.

    `families`, `routes`: rows of out_odoo__families and out_odoo__payment_routes. `currencies`: the codes that invoices
    are in. `has_unique_index`: the index of unique_index.py is wanted too; `keeps_numbers`: the sales journal in which entries
    keep their source's number is (NEXABOOKS_ODOO_NUMBERS=source).
    """
    booked = _booked(routes)
    return [
        *_field_steps(client),
        *_account_steps(client, _accounts(families, booked)),
        *(_numbers_steps(client) if keeps_numbers else ()),
        *_journal_steps(client, booked),
        *_currency_steps(client, sorted(set(currencies))),
        *(unique_index_steps(client) if has_unique_index else ()),
        *_right_steps(client),
    ]


def _field_steps(client: OdooReader) -> list[Step]:
    """Of an Odoo that was a 17 once three fields have its names still: new ones beside them would be empty, and every payment
    in the books unknown."""
    names = {model: client.field_names(model) for model in dict.fromkeys(f.model for f in FIELDS)}
    steps = []
    for f in FIELDS:
        what, says = f"field {f.model}.{f.name}", f"the field {f.label!r} on {f.model}"
        former = older_name(f.model, f.name, OLDEST_VERSION)
        if former != f.name and former in names[f.model] and f.name not in names[f.model]:
            said = f"{says} is called {former}, as it had to be on Odoo {OLDEST_VERSION}: rename it to {f.name} in Odoo"
            steps.append(Step(what, said, True, is_blocked=True))
        else:
            steps.append(Step(what, says, is_present=f.name in names[f.model]))
    return steps


def _booked(routes: Rows) -> list[PaymentRoute]:
    """Those through which money is booked; nothing is made for the others."""
    return [route for route in map(route_of, routes) if route.is_booked]


def _accounts(families: Rows, routes: list[PaymentRoute]) -> list[_Account]:
    """What is booked to, each account once, by code; a family names an account before a route does."""
    wanted = [_Account(f["account_code"], f["account_name"], f["account_type"]) for f in families]
    wanted += [_Account(r.account_code, r.account_name, r.account_type) for r in routes if r.has_account]
    return [account for _, account in sorted({a.code: a for a in reversed(wanted)}.items())]


def _account_steps(client: OdooReader, wanted: list[_Account]) -> list[Step]:
    held = read_accounts(client, [a.code for a in wanted])
    steps = []
    for code, name, kind in wanted:
        account = held.get(code)
        says = f"the {kind.replace('_', ' ')} account {code} {name}"
        if account and not account.is_active:
            steps.append(
                Step(f"account {code}", f"{says} is archived: activate it, or map another", True, is_blocked=True)
            )
        elif account and not is_of_type(account.account_type, kind):
            said = f"{says} is of type {account.account_type}: map another"
            steps.append(Step(f"account {code}", said, True, is_blocked=True))
        else:
            steps.append(Step(f"account {code}", says, is_present=account is not None))
    return steps


def _numbers_steps(client: OdooReader) -> list[Step]:
    """The journal, and the form of its names: each by itself, for a journal that is there may lack the form."""
    journal = read_numbers_journal(client)
    if said := journal_blocked(journal):
        return [Step(NUMBERS_STEP, said, True, is_blocked=True)]
    says = f"the sales journal {JOURNAL_NAME!r}, code {JOURNAL_CODE}: entries keep their source's number in it"
    form = "no year or month is read into those numbers, so that none is refused for the day of its entry"
    return [
        Step(NUMBERS_STEP, says, journal is not None),
        Step(f"{NUMBERS_STEP} numbers", form, bool(journal) and not numbers_trouble(journal)),
    ]


def _make_numbers_journal(client: OdooWriter) -> None:
    journal = read_numbers_journal(client)
    form = {"sequence_override_regex": NUMBER_FORM}
    if journal:
        client.write_call("account.journal", "write", ids=[journal.journal_id], vals=form)
    else:
        vals = {"name": JOURNAL_NAME, "type": SALE, "code": JOURNAL_CODE, "refund_sequence": True, **form}
        client.write_call("account.journal", "create", vals_list=[vals])


def _journal_steps(client: OdooReader, routes: list[PaymentRoute]) -> list[Step]:
    """One journal a route. A payment is `paid` on Community and Enterprise when the method line books straight to the
    journal's own bank account (facts: odoo "Payment states by edition"), or to an account that nothing is matched on."""
    journals = read_payment_journals(client, {r.journal_code for r in routes})
    accounts = read_accounts(client, [r.account_code for r in routes if r.has_account])
    outstanding = read_outstanding(client)
    steps = []
    for route in routes:
        named = f"journal {route.journal_code}"
        says = f"the {JOURNAL_TYPE} journal {route.journal_name!r}, code {route.journal_code}"
        books_to = f"its payments, in and out, are booked {_books_to(route)}"
        journal = journals.get(route.journal_code)
        if journal is None:
            steps += [Step(named, says, False), Step(f"{named} account", books_to, False)]
        elif said := journal_trouble(route, journal):
            steps.append(Step(named, said, True, is_blocked=True))
        else:
            wanted = wanted_accounts(route, journal, accounts, outstanding)
            has_account = not route.has_account or route.account_code in accounts
            steps += [
                Step(named, says, True),
                Step(f"{named} account", books_to, has_account and journal.books_to(wanted)),
            ]
    return steps


def _books_to(route: PaymentRoute) -> str:
    if route.has_account:
        return f"to {route.account_code} {route.account_name}"
    if route.account_code:
        return "to Odoo's Outstanding Receipts and Payments, where bank statements meet them"
    return "straight to its own bank account, so that invoices become paid"


def _currency_steps(client: OdooReader, codes: list[str]) -> list[Step]:
    """An inactive currency can be drafted and not posted, and one without a rate counts 1.0 (facts: odoo "Rates"). The
    rates are a person's, or a rate provider's: which ones there are is said."""
    steps = []
    domain = [["name", "in", codes], ["active", "in", [True, False]]]
    held = {r["name"]: r for r in client.search_read("res.currency", domain, ["name", "active"])} if codes else {}
    company = client.read("res.company", [client.company_id], ["currency_id"])[0]["currency_id"]
    for code in codes:
        if code == company[1]:
            continue
        record = held.get(code)
        if record is None:
            steps.append(Step(f"currency {code}", f"Odoo does not know {code}", True, is_blocked=True))
            continue
        where = [["currency_id", "=", record["id"]], ["company_id", "in", [client.company_id, False]]]
        rates = client.search_read("res.currency.rate", where, ["name", "inverse_company_rate"], order="name")
        said = (
            f"{len(rates)} rates from {rates[0]['name']} to {rates[-1]['name']}, the last one "
            f"{rates[-1]['inverse_company_rate']} {company[1]} for one {code}"
            if rates
            else "it has no rate and would count 1.0: enter rates, or its invoices wait"
        )
        steps.append(Step(f"currency {code}", f"the currency {code}, active; {said}", bool(record["active"])))
    return steps


def _right_steps(client: OdooReader) -> list[Step]:
    """Rights cannot be given over the API in a way that an administrator would review: they are said."""
    says = (
        "the posting user needs Accounting / Invoicing, and Contact / Creation to make customers "
        "(Odoo: Settings, Users); `nexabooks doctor` checks it with that user's key"
    )
    return [Step("rights of the posting user", says, True)]


def setup_apply(
    client: OdooWriter,
    families: Rows,
    routes: Rows,
    *,
    currencies: Iterable[str] = (),
    has_unique_index: bool = False,
    keeps_numbers: bool = False,
) -> list[Step]:
    """Make what `setup_plan` says is missing, and say how it stands afterwards. Needs the admin key.

    Raises LedgerRefused naming what a person must change in Odoo first, AccessRefused when the key may not.
    """
    families, routes = list(families), list(routes)
    booked = _booked(routes)
    plan = partial(
        setup_plan,
        client,
        families,
        routes,
        currencies=tuple(currencies),
        has_unique_index=has_unique_index,
        keeps_numbers=keeps_numbers,
    )
    steps = plan()
    blocked = [step.says for step in steps if step.is_blocked]
    if blocked:
        raise LedgerRefused(f"Odoo cannot be set up: {'; '.join(blocked)}. Another attempt will not help until then.")
    missing = {step.what for step in steps if not step.is_present}
    _make_fields(client, [f for f in FIELDS if f"field {f.model}.{f.name}" in missing])
    if new := [a for a in _accounts(families, booked) if f"account {a.code}" in missing]:
        vals = [{"code": a.code, "name": a.name, "account_type": a.account_type} for a in new]
        client.write_call("account.account", "create", vals_list=vals)
    if any(what.startswith(NUMBERS_STEP) for what in missing):
        _make_numbers_journal(client)
    _make_journals(client, booked)
    inactive = [what.removeprefix("currency ") for what in sorted(missing) if what.startswith("currency ")]
    if inactive:
        found = client.search_read("res.currency", [["name", "in", inactive], ["active", "=", False]], ["id"])
        client.write_call("res.currency", "write", ids=[r["id"] for r in found], vals={"active": True})
    if INDEX_STEP in missing:
        make_unique_index(client)
    return plan()


def _make_fields(client: OdooWriter, fields: list[OwnField]) -> None:
    if not fields:
        return
    models = sorted({f.model for f in fields})
    ids = {r["model"]: r["id"] for r in client.search_read("ir.model", [["model", "in", models]], ["id", "model"])}
    client.write_call(
        "ir.model.fields",
        "create",
        vals_list=[
            {
                "name": client.name_of(f.model, f.name),
                "model_id": ids[f.model],
                "field_description": f.label,
                "ttype": "char",
                "index": f.is_indexed,
                "copied": False,
            }
            for f in fields
        ],
    )


def _make_journals(client: OdooWriter, routes: list[PaymentRoute]) -> None:
    """The journals that are missing, and the accounts of their payment method lines where they are others."""
    codes = {route.journal_code: route.journal_name for route in routes}
    held = read_payment_journals(client, codes)
    if new := {code: name for code, name in codes.items() if code not in held}:
        vals = [{"name": name, "type": JOURNAL_TYPE, "code": code} for code, name in new.items()]
        client.write_call("account.journal", "create", vals_list=vals)
        held = read_payment_journals(client, codes)
    accounts = read_accounts(client, [route.account_code for route in routes if route.has_account])
    outstanding = read_outstanding(client)
    for route in routes:
        journal = held.get(route.journal_code)
        if (said := journal_trouble(route, journal)) or journal is None:
            raise LedgerRefused(f"Odoo made the journals, and {said}. Look at it in Odoo.")
        for direction, account_id in wanted_accounts(route, journal, accounts, outstanding).items():
            if set(journal.line_accounts[direction]) != {account_id}:
                ids, named = list(journal.line_ids[direction]), {"payment_account_id": account_id or False}
                client.write_call("account.payment.method.line", "write", ids=ids, vals=named)
