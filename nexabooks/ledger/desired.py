"""What the books should hold: values made from the outbound rows (docs/contracts/outbound.md), and nothing else.

Amounts are whole minor units in ISO's counting, days are accounting days. `content_hash` is over everything that the
ledger writes for a record; it is kept on the record in Odoo, so that a later change upstream is seen without comparing
every line. It is computed here and not taken from the rows: a change of a SQL expression is not a change of a fact.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from nexabooks.errors import SourceContractBroken
from nexabooks.ledger.desired_payments import Payment, PaymentRoute, payment_of, route_of
from nexabooks.settings import OdooOrSource, Settings

HASH_VERSION = "1"  # part of every other content hash; raised, each customer in Odoo would count as changed
ENTRY_HASH_VERSION = "2"  # part of an entry's content hash; raise it when what is hashed of an invoice changes

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choices:
    """What finance chose in the settings. `rate`: whose rate converts an invoice in another currency, Odoo's of its day or
    that at which the source settled it. `numbers`: whose number an entry carries."""

    rate: OdooOrSource = "odoo"
    numbers: OdooOrSource = "odoo"

    @classmethod
    def of(cls, settings: Settings) -> Choices:
        """As the settings say."""
        return cls(rate=settings.odoo_rate, numbers=settings.odoo_numbers)


NO_CHOICES = Choices()  # everything is Odoo's


class MoveKey(NamedTuple):
    """The identity of an invoice or credit note."""

    source_system: str
    source_invoice_id: str
    kind: str  # invoice, credit_note

    def __str__(self) -> str:
        return f"{self.source_system} {self.kind.replace('_', ' ')} {self.source_invoice_id}"


@dataclass(frozen=True)
class Partner:
    """One customer as Odoo should hold him, a row of out_odoo__partners; what is unknown is ''."""

    customer_id: str
    name: str
    email: str = ""
    street: str = ""
    city: str = ""
    state_name: str = ""
    postal_code: str = ""
    country_code: str = ""
    tax_id: str = ""
    stripe_customer_id: str = ""
    is_company: bool = False

    @cached_property
    def content_hash(self) -> str:
        """The same as long as nothing that is written of the customer changes: Odoo keeps it beside what was written."""
        return content_hash({k: v for k, v in vars(self).items() if k != "content_hash"})


@dataclass(frozen=True)
class Line:
    """One line; `tax_codes` None means that its tax is not mapped."""

    position: int
    description: str
    service_family: str
    amount_minor: int
    tax_codes: tuple[str, ...] | None = ()


@dataclass(frozen=True)
class Invoice:
    """One invoice or credit note of a source, amounts positive in both.

    `source_rate`: units of the company's currency for one of its own, as its source settled it; `rate`: that rate where it
    is the one to convert by (choices.py), None = Odoo's. `own_number`: the number that its entry keeps, '' = Odoo's.
    """

    source_system: str
    source_invoice_id: str
    kind: str
    customer_id: str
    invoice_number: str
    invoiced_on: date
    due_on: date
    currency_code: str
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    verdict: str
    verdict_reason: str = ""
    is_postable: bool = True
    park_reason: str = ""
    nexacloud_invoice_id: str = ""
    stripe_invoice_id: str = ""
    stripe_customer_id: str = ""
    corrects_source_invoice_id: str = ""
    settles_corrected_minor: int = 0  # of a credit note: how much of it lowers the invoice that it corrects
    source_url: str = ""  # the source's page of it, behind a login
    pdf_url: str = field(default="", repr=False)  # opens for whoever has it: a secret, for the note in Odoo alone
    lines: tuple[Line, ...] = ()
    tax_minor_by_code: Mapping[str, int] = field(default_factory=dict)
    payments: tuple[Payment, ...] = ()
    source_rate: Decimal | None = None
    no_rate_reason: str = ""  # why there is no source_rate, in words; '' in the company's currency
    rate: Decimal | None = None
    own_number: str = ""

    @cached_property
    def key(self) -> MoveKey:
        """Which document it is, by source, id there and kind."""
        return MoveKey(self.source_system, self.source_invoice_id, self.kind)

    @property
    def foreign_ids(self) -> tuple[str, str, str]:
        """What it is called elsewhere: at NexaCloud, as an invoice of Stripe's, and its customer there."""
        return self.nexacloud_invoice_id, self.stripe_invoice_id, self.stripe_customer_id

    @cached_property
    def content_hash(self) -> str:
        """Over header, lines, taxes, and the rate and number that are sent; not over verdict and payments, which may change
        without changing the entry, nor over its ids elsewhere: NexaCloud's row comes days after the source's invoice."""
        own = {"rate": rate_text(self.rate)} if self.rate else {}
        own |= {"own_number": self.own_number} if self.own_number else {}
        return content_hash(
            {
                **own,
                "customer": self.customer_id,
                "number": self.invoice_number,
                "days": [self.invoiced_on.isoformat(), self.due_on.isoformat()],
                "amounts": [self.currency_code, self.subtotal_minor, self.tax_minor, self.total_minor],
                "lines": [
                    [
                        line.position,
                        line.description,
                        line.service_family,
                        line.amount_minor,
                        sorted(line.tax_codes or ()),
                    ]
                    for line in self.lines
                ],
                "taxes": sorted(self.tax_minor_by_code.items()),
            },
            ENTRY_HASH_VERSION,
        )


@dataclass(frozen=True)
class Family:
    """One service family and the account that its revenue is booked to, a row of out_odoo__families."""

    service_family: str
    account_code: str
    account_name: str
    account_type: str = "income"


@dataclass(frozen=True)
class TaxCode:
    """`odoo_external_name`: the suffix of Odoo's `account.<company>_…`, such as hst_sale_tax_13."""

    tax_code: str
    tax_name: str
    rate: Decimal
    odoo_external_name: str


@dataclass(frozen=True)
class Desired:
    """Everything that the warehouse asks of the ledger."""

    partners: Mapping[str, Partner]
    invoices: tuple[Invoice, ...]
    families: Mapping[str, Family]
    taxes: Mapping[str, TaxCode]
    routes: Mapping[str, PaymentRoute] = field(default_factory=dict)
    choices: Choices = NO_CHOICES

    @cached_property
    def by_number(self) -> Mapping[str, list[Invoice]]:
        """The invoices and credit notes that may be posted, by their number."""
        found: dict[str, list[Invoice]] = defaultdict(list)
        for invoice in self.invoices:
            if invoice.verdict == "verified" and invoice.is_postable:
                found[invoice.invoice_number].append(invoice)
        return found


def content_hash(facts: Any, version: str = HASH_VERSION) -> str:
    """A short digest of `facts`, the same for the same facts in any order of keys. `version`: which way of hashing it is."""
    return f"{version}-{hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]}"


def rate_text(rate: Decimal) -> str:
    """A rate as people and hashes read it: no zeros behind it, no exponent."""
    return f"{rate.normalize():f}"


OUTBOUND_TABLES = (
    "partners",
    "invoices",
    "invoice_lines",
    "invoice_taxes",
    "payments",
    "payment_routes",
    "families",
    "taxes",
)


def desired_from(tables: Mapping[str, Iterable[Row]], choices: Choices = NO_CHOICES) -> Desired:
    """The outbound tables as values, with what finance chose. `tables`: short name (`partners`, `invoices`, …, see OUTBOUND_TABLES) -> rows as
    dicts with the columns of docs/contracts/outbound.md. Raises SourceContractBroken naming a missing table or column,
    and a key that comes twice."""
    missing = [f"out_odoo__{name}" for name in OUTBOUND_TABLES if name not in tables]
    if missing:
        raise SourceContractBroken(f"The ledger was not given {', '.join(missing)}. Build the warehouse first.")
    read = {name: list(rows) for name, rows in tables.items()}
    lines: dict[MoveKey, list[Line]] = defaultdict(list)
    taxes: dict[MoveKey, dict[str, int]] = defaultdict(dict)
    payments: dict[MoveKey, list[Payment]] = defaultdict(list)
    try:
        for row in read["invoice_lines"]:
            lines[_key(row)].append(_line(row))
        for row in read["invoice_taxes"]:
            taxes[_key(row)][row["tax_code"]] = row["tax_minor"]
        for row in read["payments"]:
            payment = payment_of(row)
            document = MoveKey(payment.source_system, payment.source_invoice_id, payment.document_kind)
            payments[document].append(payment)
        routes = {row["route"]: route_of(row) for row in read["payment_routes"]}
        invoices = [
            _invoice(row, lines[_key(row)], taxes[_key(row)], payments.get(_key(row), [])) for row in read["invoices"]
        ]
        partners = {row["customer_id"]: _partner(row) for row in read["partners"]}
        families = {
            r["service_family"]: Family(r["service_family"], r["account_code"], r["account_name"], r["account_type"])
            for r in read["families"]
        }
        codes = {
            r["tax_code"]: TaxCode(r["tax_code"], r["tax_name"], Decimal(r["rate"]), r["odoo_external_name"])
            for r in read["taxes"]
        }
    except KeyError as error:
        raise SourceContractBroken(f"An outbound table has no column {error}. Build the warehouse again.") from None
    _refuse_repeats(invoices)
    in_order = tuple(sorted(invoices, key=lambda i: (i.invoiced_on, i.key)))
    return Desired(partners, in_order, families, codes, routes, choices)


def _refuse_repeats(invoices: list[Invoice]) -> None:
    seen: set[MoveKey] = set()
    for invoice in invoices:
        if invoice.key in seen:
            raise SourceContractBroken(f"out_odoo__invoices holds {invoice.key} twice. Nothing is posted from it.")
        seen.add(invoice.key)


def _key(row: Row) -> MoveKey:
    return MoveKey(row["source_system"], row["source_invoice_id"], row["kind"])


def _line(row: Row) -> Line:
    codes = row["tax_codes"]
    return Line(
        position=row["line_position"],
        description=row["description"] or "",
        service_family=row["service_family"],
        amount_minor=row["amount_minor"],
        tax_codes=None if codes is None else tuple(sorted(c.strip() for c in codes.split(",") if c.strip())),
    )


def _partner(row: Row) -> Partner:
    words = (
        "name",
        "email",
        "street",
        "city",
        "state_name",
        "postal_code",
        "country_code",
        "tax_id",
        "stripe_customer_id",
    )
    return Partner(
        customer_id=row["customer_id"], is_company=bool(row["is_company"]), **{word: row[word] or "" for word in words}
    )


def _invoice(row: Row, lines: list[Line], taxes: dict[str, int], payments: list[Payment]) -> Invoice:
    key = _key(row)
    return Invoice(
        source_system=key.source_system,
        source_invoice_id=key.source_invoice_id,
        kind=key.kind,
        invoiced_on=row["invoiced_on"],
        due_on=row["due_on"] or row["invoiced_on"],
        currency_code=row["currency_code"],
        subtotal_minor=row["subtotal_minor"],
        tax_minor=row["tax_minor"],
        total_minor=row["total_minor"],
        is_postable=bool(row["is_postable"]),
        settles_corrected_minor=row["settles_corrected_minor"],
        source_rate=row["source_rate"],
        lines=tuple(sorted(lines, key=lambda line: line.position)),
        tax_minor_by_code=taxes,
        payments=tuple(sorted(payments, key=lambda p: (p.paid_on, p.payment_id))),
        invoice_number=row["invoice_number"] or "",
        verdict=row["verdict"] or "",
        verdict_reason=row["verdict_reason"] or "",
        park_reason=row["park_reason"] or "",
        nexacloud_invoice_id=row["nexacloud_invoice_id"] or "",
        stripe_invoice_id=row["stripe_invoice_id"] or "",
        stripe_customer_id=row["stripe_customer_id"] or "",
        corrects_source_invoice_id=row["corrects_source_invoice_id"] or "",
        customer_id=row["customer_id"] or "",
        source_url=row["source_url"] or "",
        pdf_url=row["pdf_url"] or "",
        no_rate_reason=row["no_rate_reason"] or "",
    )
