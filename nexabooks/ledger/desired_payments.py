"""Money as the sources show it: one payment a movement, and the route that each movement takes into the books.

`inbound` is money from the customer to us, `outbound` money from us to him. A route is a row of `payment_routes.csv`,
which finance edits: through which journal, to which account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from nexabooks.errors import SourceContractBroken
from nexabooks.money import to_major

DIRECTIONS = ("inbound", "outbound")
# What a payment settles, in the order in which payments are made: a credit note's own before it meets its invoice, and
# what settles another payment after everything that it could settle. '' stands open at the customer.
SETTLES_KINDS = ("credit_note", "invoice", "", "payment")
OUTSTANDING = "outstanding"  # as account_code: Odoo's own Outstanding Receipts and Payments


class PaymentKey(NamedTuple):
    """The identity of a payment of one document; one payment may settle several."""

    source_system: str
    payment_id: str
    source_invoice_id: str


@dataclass(frozen=True)
class Payment:
    """One movement of money. `source_invoice_id` is the credit note when `settles_kind` is credit_note, else the
    invoice; `settles_payment_id`, a payment of the same invoice, is set only when `settles_kind` is payment.

    `settled_minor`: what reached the company for it in `settled_currency_code`, None when the source converted nothing.
    Where that is what is booked (choices.py), amount and currency are those, and `document_minor` is what it settles of its
    document, in `document_currency_code`; else 0.

    `booked_for`: the invoice under whose id it is in the books already, whole, because it was booked before this credit note
    named it; else ''.
    """

    source_system: str
    payment_id: str
    source_invoice_id: str
    customer_id: str
    paid_on: date
    amount_minor: int
    currency_code: str
    reference: str = ""
    direction: str = "inbound"
    route: str = "stripe"
    settles_kind: str = "invoice"
    settles_payment_id: str = ""
    settled_minor: int | None = None
    settled_currency_code: str = ""
    document_minor: int = 0
    document_currency_code: str = ""
    booked_for: str = ""

    def as_settled(self) -> Payment:
        """The same movement in the currency in which it reached the company."""
        if self.document_minor or self.settled_minor is None:
            return self
        return replace(
            self,
            amount_minor=self.settled_minor,
            currency_code=self.settled_currency_code,
            document_minor=self.amount_minor,
            document_currency_code=self.currency_code,
        )

    @property
    def matching_rate(self) -> Decimal | None:
        """Units of its document's currency for one of its own, where the two differ: what it is matched at."""
        if not self.document_minor:
            return None
        document = to_major(self.document_minor, self.document_currency_code)
        return document / to_major(self.amount_minor, self.currency_code)

    @property
    def key(self) -> PaymentKey:
        """Which movement of which document it is: one payment may be for several."""
        return PaymentKey(self.source_system, self.payment_id, self.source_invoice_id)

    @property
    def booked_key(self) -> PaymentKey:
        """The identity under which Odoo holds it, where it was booked for another document; else its own."""
        return PaymentKey(self.source_system, self.payment_id, self.booked_for or self.source_invoice_id)

    @property
    def facts(self) -> dict[str, Any]:
        """Everything about it, as its hash takes it. What most payments have not is left out, so that theirs stays."""
        facts = {**vars(self), "paid_on": self.paid_on.isoformat()}
        return facts if self.booked_for else {name: facts[name] for name in facts if name != "booked_for"}

    @property
    def settled_payment_key(self) -> PaymentKey:
        """The payment that it settles."""
        return PaymentKey(self.source_system, self.settles_payment_id, self.source_invoice_id)

    @property
    def document_kind(self) -> str:
        """The kind of the document that it belongs to."""
        return document_kind(self.settles_kind)


@dataclass(frozen=True)
class PaymentRoute:
    """Where money of one route is booked. `account_code`: the account that the journal's payment methods book to, '' = the
    journal's own bank account, OUTSTANDING = Odoo's outstanding accounts. `is_booked` false: nothing of it is booked."""

    route: str
    journal_code: str
    journal_name: str
    account_code: str = ""
    account_name: str = ""
    account_type: str = ""
    is_booked: bool = True

    @property
    def has_account(self) -> bool:
        """Whether it books to an account of its own, named by its code."""
        return self.account_code not in ("", OUTSTANDING)


def document_kind(settles_kind: str) -> str:
    """The kind of document that a movement belongs to; what settles neither (or another payment) belongs to an invoice."""
    return "credit_note" if settles_kind == "credit_note" else "invoice"


def payment_of(row: Mapping[str, Any]) -> Payment:
    """A row of out_odoo__payments. Raises SourceContractBroken for a word that the contract does not have."""
    payment = Payment(
        source_system=row["source_system"],
        payment_id=row["payment_id"],
        source_invoice_id=row["source_invoice_id"],
        customer_id=row["customer_id"],
        paid_on=row["paid_on"],
        amount_minor=row["amount_minor"],
        currency_code=row["currency_code"],
        reference=row["reference"] or "",
        direction=row["direction"],
        route=row["route"],
        settles_kind=row["settles_kind"] or "",
        settles_payment_id=row["settles_payment_id"] or "",
        settled_minor=row["settled_minor"],
        settled_currency_code=row["settled_currency_code"] or "",
        booked_for=row["booked_for"] or "",
    )
    wrong = [
        f"{name} {value!r}"
        for name, value, known in (
            ("direction", payment.direction, DIRECTIONS),
            ("settles_kind", payment.settles_kind, SETTLES_KINDS),
        )
        if value not in known
    ]
    if (payment.settles_kind == "payment") != bool(payment.settles_payment_id):
        wrong.append(f"settles_kind {payment.settles_kind!r} with settles_payment_id {payment.settles_payment_id!r}")
    if wrong:
        raise SourceContractBroken(
            f"out_odoo__payments holds {payment.payment_id} of {payment.source_invoice_id} with {', '.join(wrong)}. "
            "Nothing is posted from it."
        )
    return payment


def route_of(row: Mapping[str, Any]) -> PaymentRoute:
    """A row of out_odoo__payment_routes, or of its seed. Text is taken as CSV has it."""
    is_booked = row["is_booked"]
    return PaymentRoute(
        route=row["route"],
        journal_code=row["journal_code"],
        journal_name=row["journal_name"],
        account_code=row["account_code"] or "",
        account_name=row["account_name"] or "",
        account_type=row["account_type"] or "",
        is_booked=is_booked.strip().lower() == "true" if isinstance(is_booked, str) else bool(is_booked),
    )
