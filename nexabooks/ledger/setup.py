"""What Odoo needs once before nexabooks can post: shown first, then made with the admin key, and harmless to repeat.

`setup_plan` only reads. `setup_apply` makes what is missing and is the one place where the admin key is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nexabooks.clients.odoo import OdooReader, OdooWriter, id_of
from nexabooks.errors import LedgerRefused
from nexabooks.ledger.present import PAYMENT_JOURNAL_CODE, inbound_method_accounts, read_accounts
from nexabooks.ledger.unique_index import INDEX_STEP, Step, make_unique_index, unique_index_steps

PAYMENT_JOURNAL_NAME = "NexaCloud Stripe"


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field of ours on a model of Odoo. `copied` is never set, so a reversal or a copy does not carry our identity."""

    model: str
    name: str
    label: str
    is_indexed: bool = False


FIELDS: tuple[OwnField, ...] = (
    OwnField("res.partner", "x_fc_customer_id", "Customer id (nexabooks)", is_indexed=True),
    OwnField("res.partner", "x_fc_stripe_customer_id", "Stripe customer id"),
    OwnField("res.partner", "x_fc_content_hash", "Facts as written (nexabooks)"),
    OwnField("account.move", "x_fc_source_system", "Source system"),
    OwnField("account.move", "x_fc_source_invoice_id", "Source invoice id", is_indexed=True),
    OwnField("account.move", "x_fc_kind", "Kind at the source"),
    OwnField("account.move", "x_fc_nexacloud_invoice_id", "NexaCloud invoice id"),
    OwnField("account.move", "x_fc_stripe_invoice_id", "Stripe invoice id"),
    OwnField("account.move", "x_fc_stripe_customer_id", "Stripe customer id"),
    OwnField("account.move", "x_fc_run_id", "Run (nexabooks)"),
    OwnField("account.move", "x_fc_content_hash", "Facts as written (nexabooks)"),
    OwnField("account.payment", "x_fc_payment_id", "Source payment id", is_indexed=True),
    OwnField("account.payment", "x_fc_source_system", "Source system"),
    OwnField("account.payment", "x_fc_source_invoice_id", "Source invoice id", is_indexed=True),
)


def setup_plan(
    client: OdooReader,
    families: Iterable[Mapping[str, Any]],
    *,
    currencies: Iterable[str] = (),
    has_unique_index: bool = False,
) -> list[Step]:
    """Everything that posting needs in Odoo, each with whether it is there. Reads only.

    `families`: rows of out_odoo__families (service_family, account_code, account_name). `currencies`: the codes that
    invoices are in. `has_unique_index`: the index of unique_index.py is wanted too.
    """
    return [
        *_field_steps(client),
        *_account_steps(client, list(families)),
        *_journal_steps(client),
        *_currency_steps(client, sorted(set(currencies))),
        *(unique_index_steps(client) if has_unique_index else ()),
        *_right_steps(client),
    ]


def _field_steps(client: OdooReader) -> list[Step]:
    names = {model: client.field_names(model) for model in dict.fromkeys(f.model for f in FIELDS)}
    return [
        Step(f"field {f.model}.{f.name}", f"the field {f.label!r} on {f.model}", is_present=f.name in names[f.model])
        for f in FIELDS
    ]


def _account_steps(client: OdooReader, families: list[Mapping[str, Any]]) -> list[Step]:
    held = read_accounts(client, sorted({f["account_code"] for f in families}))
    steps = []
    for code, name in sorted({(f["account_code"], f["account_name"]) for f in families}):
        account = held.get(code)
        says = f"the income account {code} {name}"
        if account and not account.is_active:
            steps.append(
                Step(f"account {code}", f"{says} is archived: activate it, or map another", True, is_blocked=True)
            )
        elif account and not account.account_type.startswith("income"):
            said = f"{says} is of type {account.account_type}: map another"
            steps.append(Step(f"account {code}", said, True, is_blocked=True))
        else:
            steps.append(Step(f"account {code}", says, is_present=account is not None))
    return steps


def _journal(client: OdooReader) -> dict[str, Any] | None:
    """The journal with our code, an archived one too: its code is taken."""
    ours = [["company_id", "=", client.company_id], ["code", "=", PAYMENT_JOURNAL_CODE]]
    domain = [*ours, ["active", "in", [True, False]]]
    fields = ["id", "type", "active", "default_account_id"]
    found = client.search_read("account.journal", domain, fields, limit=1)
    return found[0] if found else None


def _journal_steps(client: OdooReader) -> list[Step]:
    """A payment is `paid` on Community and Enterprise when the method line books straight to the journal's own bank
    account (facts: odoo "Payment states by edition")."""
    journal = _journal(client)
    named = f"journal {PAYMENT_JOURNAL_CODE}"
    says = f"the bank journal {PAYMENT_JOURNAL_NAME!r}, code {PAYMENT_JOURNAL_CODE}"
    books_to = "its incoming payments are booked straight to its bank account, so that invoices become paid"
    if journal is None:
        return [Step(named, says, False), Step(f"{named} bank account", books_to, False)]
    if journal["type"] != "bank":
        return [Step(named, f"{says} is of type {journal['type']}: free the code", True, is_blocked=True)]
    if not journal["active"]:
        return [Step(named, f"{says} is archived: activate it", True, is_blocked=True)]
    accounts = inbound_method_accounts(client, journal["id"])
    is_direct = bool(accounts) and set(accounts.values()) == {id_of(journal["default_account_id"])}
    return [Step(named, says, True), Step(f"{named} bank account", books_to, is_direct)]


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
    families: Iterable[Mapping[str, Any]],
    *,
    currencies: Iterable[str] = (),
    has_unique_index: bool = False,
) -> list[Step]:
    """Make what `setup_plan` says is missing, and say how it stands afterwards. Needs the admin key.

    Raises LedgerRefused naming what a person must change in Odoo first, AccessRefused when the key may not.
    """
    rows, wanted = list(families), {"currencies": tuple(currencies), "has_unique_index": has_unique_index}
    steps = setup_plan(client, rows, **wanted)
    blocked = [step.says for step in steps if step.is_blocked]
    if blocked:
        raise LedgerRefused(f"Odoo cannot be set up: {'; '.join(blocked)}. Another attempt will not help until then.")
    missing = {step.what for step in steps if not step.is_present}
    _make_fields(client, [f for f in FIELDS if f"field {f.model}.{f.name}" in missing])
    accounts = {f["account_code"]: f["account_name"] for f in rows if f"account {f['account_code']}" in missing}
    if accounts:
        vals = [{"code": code, "name": name, "account_type": "income"} for code, name in sorted(accounts.items())]
        client.write_call("account.account", "create", vals_list=vals)
    _make_journal(client)
    inactive = [what.removeprefix("currency ") for what in sorted(missing) if what.startswith("currency ")]
    if inactive:
        found = client.search_read("res.currency", [["name", "in", inactive], ["active", "=", False]], ["id"])
        client.write_call("res.currency", "write", ids=[r["id"] for r in found], vals={"active": True})
    if INDEX_STEP in missing:
        make_unique_index(client)
    return setup_plan(client, rows, **wanted)


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
                "name": f.name,
                "model_id": ids[f.model],
                "field_description": f.label,
                "ttype": "char",
                "index": f.is_indexed,
                "copied": False,
            }
            for f in fields
        ],
    )


def _make_journal(client: OdooWriter) -> None:
    if _journal(client) is None:
        vals = {"name": PAYMENT_JOURNAL_NAME, "type": "bank", "code": PAYMENT_JOURNAL_CODE}
        client.write_call("account.journal", "create", vals_list=[vals])
    journal = _journal(client)
    if journal is None:
        raise LedgerRefused(f"Odoo made the journal {PAYMENT_JOURNAL_CODE} and does not show it. Look at it in Odoo.")
    bank_account_id = id_of(journal["default_account_id"])
    accounts = inbound_method_accounts(client, journal["id"])
    turned = [line_id for line_id, account_id in accounts.items() if account_id != bank_account_id]
    if turned:
        vals = {"payment_account_id": bank_account_id}
        client.write_call("account.payment.method.line", "write", ids=turned, vals=vals)
