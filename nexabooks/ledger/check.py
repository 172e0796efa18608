"""What posting needs of Odoo, looked at without writing anything: for `doctor`, and before each apply.

A finding says what is wrong and what to do; `is_blocking` findings would make every invoice fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from nexabooks.clients.odoo import OdooReader, Operation
from nexabooks.clients.odoo_errors import KeyRefused
from nexabooks.errors import AccessRefused, PermanentError
from nexabooks.ledger.books import Books, read_books
from nexabooks.ledger.checks import NO_RATES
from nexabooks.ledger.desired import Desired
from nexabooks.ledger.desired_payments import OUTSTANDING
from nexabooks.ledger.own_numbers import JOURNAL_CODE, numbers_trouble
from nexabooks.ledger.payment_journals import PaymentJournal, account_trouble, route_trouble, wanted_accounts
from nexabooks.ledger.setup import FIELDS

# What the posting user must be allowed to do: (model, operation, what it is for, the right that gives it).
RIGHTS: tuple[tuple[str, Operation, str, str], ...] = (
    ("account.move", "create", "make invoices", "Accounting / Invoicing"),
    ("account.move", "write", "post invoices", "Accounting / Invoicing"),
    ("account.payment", "create", "register payments", "Accounting / Invoicing"),
    ("account.move.reversal", "create", "take a run back", "Accounting / Invoicing"),
    ("res.partner", "create", "make customers", "Contact / Creation"),
    ("res.partner", "write", "change customers", "Contact / Creation"),
)
# What it should not be allowed to do: a posting key is no administrator's key.
TOO_MUCH: tuple[tuple[str, Operation, str], ...] = (
    ("ir.model.fields", "create", "change the structure of the database"),
    ("res.users", "write", "change users"),
    ("res.company", "write", "change lock dates"),
    ("account.account", "write", "change the chart of accounts"),
    ("account.tax", "write", "change taxes"),
    ("account.journal", "write", "change journals"),
)
KEY_WARNING = timedelta(days=14)  # a user's key lives at most 90 days, and only a person can make the next one
CLOCK_SKEW_S = 120
ROUNDING = {
    "round_globally": "round_globally: a tax is rounded over the whole document",
    "round_per_line": "round_per_line: a tax is rounded line by line",
}
FORCED = "; where a source rounds otherwise, its tax is forced, by at most one minor unit a line"


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was looked at, `is_ok`, and in words how it stands and what to do."""

    what: str
    is_ok: bool
    says: str
    is_blocking: bool = False


def check(client: OdooReader, desired: Desired, *, now: datetime | None = None) -> list[Finding]:
    """How Odoo stands for posting `desired`. With `now` (the real present; None while a story is replayed) the keys' ends
    and the two clocks are looked at too. Reads only. Raises as the client does when Odoo cannot be asked."""
    findings = [*_fields(client), *_rights(client), *(_times(client, now) if now else ())]
    try:
        books = read_books(client, desired)
    except KeyRefused:
        raise
    except AccessRefused as error:
        says = f"they cannot be read: give the posting user the right Accounting / Invoicing. {error}"
        return [*findings, Finding("the books", False, says, is_blocking=True)]
    return [
        *findings,
        *_accounts(desired, books),
        *_taxes(desired, books),
        *_journals(desired, books),
        *_period(desired, books),
    ]


def blocking(findings: list[Finding]) -> list[Finding]:
    """The findings that stop every invoice."""
    return [finding for finding in findings if finding.is_blocking and not finding.is_ok]


def _fields(client: OdooReader) -> list[Finding]:
    findings = []
    for model in dict.fromkeys(f.model for f in FIELDS):
        lacking = [f.name for f in FIELDS if f.model == model and f.name not in client.field_names(model)]
        says = (
            f"lacks {', '.join(lacking)}: run `nexabooks odoo setup --apply`"
            if lacking
            else "all of our fields are there"
        )
        findings.append(Finding(f"fields of {model}", not lacking, says, is_blocking=True))
    return findings


def _rights(client: OdooReader) -> list[Finding]:
    findings = []
    for model, operation, purpose, right in RIGHTS:
        may = client.can(model, operation)
        says = "given" if may else f"the posting user may not {purpose}: give it the right {right}"
        findings.append(
            Finding(f"right to {purpose}", may, says, is_blocking=model in ("account.move", "account.payment"))
        )
    for model, operation, purpose in TOO_MUCH:
        if client.can(model, operation):
            says = f"the posting user may {purpose}: use a user with Accounting / Invoicing and Contact / Creation only"
            findings.append(Finding(f"right to {purpose}", False, says))
    return findings


def _times(client: OdooReader, now: datetime) -> list[Finding]:
    """How long the posting user's keys still live, and whether Odoo's clock agrees with ours: an entry without a day of
    its own, and a lock date, go by Odoo's."""
    findings = []
    try:
        fields = ["name", "expiration_date"]
        mine = [["user_id", "=", client.call("res.users", "context_get")["uid"]]]  # an administrator sees everybody's
        keys = client.search_read("res.users.apikeys", mine, fields, order="expiration_date")
    except PermanentError as error:
        findings.append(Finding("API key", True, f"its end could not be asked: {error}"))
        keys = []
    for key in keys:
        if not key["expiration_date"]:
            findings.append(Finding(f"API key {key['name']}", True, "never ends"))
            continue
        ends_at = datetime.fromisoformat(key["expiration_date"]).replace(tzinfo=UTC)
        is_long = ends_at - now > KEY_WARNING
        advice = "" if is_long else ": make a new one in Odoo now, see docs/runbooks/a-key-expired.md"
        findings.append(Finding(f"API key {key['name']}", is_long, f"ends on {ends_at.date()}{advice}"))
    server_at = client.server_time()
    if server_at:
        skew_s = round(abs((server_at - now).total_seconds()))
        is_near = skew_s <= CLOCK_SKEW_S
        says = f"{skew_s} s apart" + (
            "" if is_near else ": set both clocks by the network, or days are cut differently"
        )
        findings.append(Finding("clocks", is_near, says))
    return findings


def _accounts(desired: Desired, books: Books) -> list[Finding]:
    findings = []
    for family in sorted(desired.families.values(), key=lambda f: f.service_family):
        account = books.accounts.get(family.account_code)
        said = account_trouble(family.account_code, family.account_type, account)
        findings.append(
            Finding(f"account of {family.service_family}", not said, said or f"{family.account_code} is there")
        )
    return findings


def _taxes(desired: Desired, books: Books) -> list[Finding]:
    """Every tax code that an invoice uses, by external name, use and rate; before the first invoice, every one listed that
    has a name in Odoo, which is what may be used."""
    used = {code for invoice in desired.invoices for line in invoice.lines for code in line.tax_codes or ()}
    if not desired.invoices:
        used = {code for code, tax in desired.taxes.items() if tax.odoo_external_name}
    findings = []
    for code in sorted(used):
        known = desired.taxes.get(code)
        tax = books.taxes.get(known.odoo_external_name) if known else None
        if known is None:
            says = "is not in the list of tax codes"
        elif tax is None:
            says = f"Odoo has no sale tax {known.odoo_external_name}: install the Canadian chart, or correct the list"
        elif not tax.is_active:
            says = f"{tax.name} is archived: activate it"
        elif tax.is_price_included:
            says = f"{tax.name} is price-included: use one that is not"
        elif tax.amount_type == "percent" and not _is_rate(tax.rate, known.rate):
            says = f"{tax.name} is {tax.rate.normalize():f} % in Odoo, the list says {known.rate.normalize():f}"
        else:
            says = ""
        findings.append(Finding(f"tax {code}", not says, says or f"{tax.name if tax else code} is there"))
    return findings


def _is_rate(rate_percent: Decimal, listed: Decimal) -> bool:
    """The list may hold a rate per cent or as a fraction."""
    return listed in (rate_percent, rate_percent / 100)


def _journals(desired: Desired, books: Books) -> list[Finding]:
    sale = books.sale_journal
    findings = [Finding("sales journal", sale is not None, sale.name if sale else "there is none", is_blocking=True)]
    if desired.choices.numbers == "source":
        said = numbers_trouble(books.numbers_journal)
        well = "entries keep their source's number in it"
        findings.append(Finding(f"journal {JOURNAL_CODE}", not said, said or well, is_blocking=True))
    for route in desired.routes.values():
        if not route.is_booked:
            findings.append(Finding(f"route {route.route}", True, "not booked: its money stays a break for a person"))
            continue
        said = route_trouble(route, books.payment_journals, books.accounts)
        journal = books.payment_journals.get(route.journal_code)
        if not said and journal and route.account_code == OUTSTANDING:
            said = _outstanding(journal)
        elif not said and journal and not journal.books_to(wanted_accounts(route, journal, books.accounts, {})):
            said = (
                f"{journal.name} does not book to its own bank account both ways, so invoices stay in payment: "
                "run the setup again"
            )
        findings.append(Finding(f"journal {route.journal_code}", not said, said or f"books {route.route} as it should"))
    return findings


def _outstanding(journal: PaymentJournal) -> str:
    """What no bank statement would meet, in words; '' when it would."""
    named = {account for accounts in journal.line_accounts.values() for account in accounts}
    if journal.own_account_id in named:
        return f"{journal.name} books to its own bank account, which no bank statement clears: run the setup again"
    return ""


def _period(desired: Desired, books: Books) -> list[Finding]:
    locks = ", ".join(f"{name} {day}" for name, day in sorted(books.locks.items())) or "none is set"
    findings = [
        Finding("lock dates", True, locks),
        Finding("tax rounding", True, f"{ROUNDING.get(books.rounding_method, books.rounding_method)}{FORCED}"),
    ]
    if not desired.invoices:
        findings.append(Finding("currencies", True, _active_currencies(books)))
    if books.company_currency not in {i.currency_code for i in desired.invoices} and desired.invoices:
        findings.append(Finding("company currency", True, f"{books.company_currency}; no invoice is in it"))
    foreign = sorted({i.currency_code for i in desired.invoices} - {books.company_currency})
    if foreign and desired.choices.rate == "source":
        says = "an invoice settled in the company's currency takes the rate of its charge, any other Odoo's rate of its day"
        ok = books.takes_rates
        findings.append(Finding("rates (NEXABOOKS_ODOO_RATE)", ok, says if ok else NO_RATES))
    for code in foreign:
        currency = books.currencies.get(code)
        if currency is None:
            says = f"Odoo does not know {code}"
        elif not currency.is_active:
            says = f"{code} is not active in Odoo: activate it and enter rates"
        elif currency.first_rate_on is None:
            says = f"{code} has no rate in Odoo and would count 1.0: enter rates"
        else:
            says = ""
        active = f"active, rates from {currency.first_rate_on}" if currency else ""
        findings.append(Finding(f"currency {code}", not says, says or active))
    return findings


def _active_currencies(books: Books) -> str:
    """What can be said of currencies while no invoice says which it needs."""
    others = [
        f"{code} ({f'rates from {one.first_rate_on}' if one.first_rate_on else 'no rate'})"
        for code, one in sorted(books.currencies.items())
        if code != books.company_currency
    ]
    return (
        f"the company's is {books.company_currency}, and active are beside it {', '.join(others) or 'none'}; no invoice is known yet, so "
        "whether it needs another could not be looked at: run `nexabooks run refresh`, then this again"
    )
