"""The words of a plan: an action is one row, a plan is all of them with the values they were made from.

Nothing here decides; `plan.make_plan` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Literal

from nexabooks.ledger.desired import Desired, Invoice, MoveKey, content_hash
from nexabooks.ledger.desired_payments import document_kind
from nexabooks.ledger.modes import NO_MODES, Modes
from nexabooks.ledger.present import Present
from nexabooks.settings import LedgerMode

Verb = Literal[
    "partner_create",
    "partner_update",
    "create",  # a draft
    "update",  # of a draft
    "post",
    "match",  # a credit note with the invoice it corrects, or with a refund that was booked before it named it
    "pay",  # money in or out, and match it with what it settles
    "reverse",  # a posted entry: a step of a correction that was approved
    "keep",
    "hold",  # its source has not confirmed it
    "park",  # sound, but it must wait
    "refuse",  # its data or the books do not allow it
    "correct",  # a correction that is proposed: it writes nothing before a person approved it
    "report",  # something changed that only a person may act on
    "note",  # its proof on a posted entry: a step of posting, with intent and receipt, and no row of a plan
    "verify",  # a posted entry that differs from its source: a receipt of its own, and no row of a plan
]
WRITING: tuple[Verb, ...] = ("partner_create", "partner_update", "create", "update", "post", "match", "pay", "reverse")
NOT_APPROVED = "not in the approved plan, or changed since it was approved; it waits for a new approval"


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the plan. For a partner, `source_invoice_id` is the customer's id and `kind` is `partner`; for a
    payment `kind` is `payment`, and `payment_id`, `direction`, `route` and what it settles are set. `odoo_id` is the
    record it is about, None when there is none yet. `facts_hash` is over what will be written."""

    verb: Verb
    source_system: str
    source_invoice_id: str
    kind: str
    customer_id: str
    reason: str
    total_minor: int = 0
    currency_code: str = ""
    payment_id: str = ""
    odoo_id: int | None = None
    facts_hash: str = ""
    dated_on: date | None = None  # the day in the books: of the invoice, of the payment
    due_on: date | None = None
    subtotal_minor: int = 0
    tax_minor: int = 0
    account_codes: tuple[str, ...] = ()  # of the lines, in the order of their families
    tax_codes: tuple[str, ...] = ()
    was_minor: int | None = None  # of a correction: the total of the entry that stands now
    direction: str = ""
    route: str = ""
    settles_kind: str = ""
    settles_payment_id: str = ""
    rate: str = ""  # of an invoice in another currency, which rate converts it and why

    @property
    def is_writing(self) -> bool:
        """Whether carrying it out changes something in Odoo; what is kept, parked, proposed or reported does not."""
        return self.verb in WRITING

    @property
    def key(self) -> MoveKey:
        """What it is about by source, id and kind; of a payment that is the kind `payment` of its document."""
        return MoveKey(self.source_system, self.source_invoice_id, self.kind)

    @property
    def document_key(self) -> MoveKey:
        """The invoice or credit note that it is about; of a payment, the one that it belongs to."""
        kind = document_kind(self.settles_kind) if self.kind == "payment" else self.kind
        return MoveKey(self.source_system, self.source_invoice_id, kind)

    @property
    def action_key(self) -> str:
        """The name of this step within a run, the same in every run of the same plan."""
        if self.verb == "reverse":
            return reverse_key(self.odoo_id)
        words = (self.verb, self.source_system, self.kind, self.source_invoice_id, self.payment_id)
        return " ".join(word for word in words if word)

    @property
    def fingerprint(self) -> str:
        """What an approval is bound to: the step with everything that it would write, to which accounts, and why."""
        return content_hash([_as_text(getattr(self, name)) for name in self.__slots__])


@dataclass(frozen=True, slots=True)
class FamilyTotal:
    """What the plan brings into the books, before tax, for one family and currency (credit notes negative)."""

    service_family: str
    currency_code: str
    line_count: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """What the plan brings into the books of one tax and currency (credit notes negative)."""

    tax_code: str
    currency_code: str
    tax_minor: int


@dataclass(frozen=True, slots=True)
class MoneyTotal:
    """The payments that the plan makes of one route, direction and currency."""

    route: str
    direction: str
    currency_code: str
    payment_count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Trip:
    """A brake that the plan trips. `trip_key` names it together with exactly what it holds: that is what a person allows.
    `is_allowed`: a person did, and nothing is held."""

    trip_key: str
    brake: str
    says: str
    holds: tuple[MoveKey, ...]
    is_allowed: bool = False


@dataclass(frozen=True)
class Plan:
    """The actions, with the values they were made from. `mode` is what may be done: dry_run, draft or post.

    `trips`: the brakes that were asked and did not stay silent. `braked`: the fingerprints of the steps that they keep
    out; whoever approves the plan approves these too.
    """

    run_id: str
    mode: LedgerMode
    actions: tuple[Action, ...]
    desired: Desired
    present: Present
    modes: Modes = NO_MODES
    trips: tuple[Trip, ...] = ()
    braked: tuple[str, ...] = ()

    @cached_property
    def hash(self) -> str:
        """Over mode, actions and what the brakes hold, not over the run: the same work has the same hash."""
        facts = [self.mode, [action.fingerprint for action in self.actions]]
        return content_hash([*facts, sorted(self.braked)] if self.braked else facts)

    @property
    def is_empty(self) -> bool:
        """Nothing would be written."""
        return not any(action.is_writing for action in self.actions)

    @cached_property
    def invoices(self) -> Mapping[MoveKey, Invoice]:
        """What is desired, by identity."""
        return {invoice.key: invoice for invoice in self.desired.invoices}

    @property
    def has_work(self) -> bool:
        """An approval would write something: a step, one that a brake holds, or a proposed correction."""
        return not self.is_empty or bool(self.braked) or bool(self.of("correct"))

    def of(self, *verbs: Verb) -> list[Action]:
        """The steps of these verbs, in the order of the plan."""
        return [action for action in self.actions if action.verb in verbs]

    def counts(self) -> dict[str, int]:
        """How many actions of each verb."""
        return dict(sorted(Counter(action.verb for action in self.actions).items()))

    def only(self, fingerprints: Iterable[str]) -> Plan:
        """The same plan with those writing actions alone that were approved. What changed since waits, one row a record,
        and so does an invoice whose new customer changed since; what is not writing stays."""
        approved = set(fingerprints)
        lost = {a.customer_id for a in self.actions if a.verb == "partner_create" and a.fingerprint not in approved}
        kept: list[Action] = []
        waiting: set[tuple[str, ...]] = set()
        for action in self.actions:
            name = (*action.key, action.payment_id)
            if not action.is_writing or (action.fingerprint in approved and action.customer_id not in lost):
                kept.append(action)
            elif name not in waiting:
                waiting.add(name)
                kept.append(but(action, "park", f"{NOT_APPROVED} ({action.verb.replace('_', ' ')}: {action.reason})"))
        return replace(self, actions=tuple(kept))

    def family_totals(self) -> list[FamilyTotal]:
        """Of the invoices that this plan creates or posts."""
        keys = {action.key for action in self.of("create", "update", "post")}
        count: Counter[tuple[str, str]] = Counter()
        net: Counter[tuple[str, str]] = Counter()
        for invoice in self.desired.invoices:
            if invoice.key in keys:
                sign = -1 if invoice.kind == "credit_note" else 1
                for line in invoice.lines:
                    count[line.service_family, invoice.currency_code] += 1
                    net[line.service_family, invoice.currency_code] += sign * line.amount_minor
        return [FamilyTotal(*key, count[key], net[key]) for key in sorted(count)]

    def tax_totals(self) -> list[TaxTotal]:
        """Of the invoices that this plan creates or posts, by the source's own tax."""
        keys = {action.key for action in self.of("create", "update", "post")}
        total: Counter[tuple[str, str]] = Counter()
        for invoice in self.desired.invoices:
            if invoice.key in keys:
                sign = -1 if invoice.kind == "credit_note" else 1
                for code, tax_minor in invoice.tax_minor_by_code.items():
                    total[code, invoice.currency_code] += sign * tax_minor
        return [TaxTotal(*key, total[key]) for key in sorted(total)]

    def money_totals(self) -> list[MoneyTotal]:
        """Of the payments that this plan makes or matches."""
        count: Counter[tuple[str, str, str]] = Counter()
        amount: Counter[tuple[str, str, str]] = Counter()
        for action in self.of("pay"):
            key = (action.route, action.direction, action.currency_code)
            count[key] += 1
            amount[key] += action.total_minor
        return [MoneyTotal(*key, count[key], amount[key]) for key in sorted(count)]

    def totals_minor(self) -> dict[str, int]:
        """By currency, with tax: of the invoices that this plan creates or posts, less the entries that it reverses (credit
        notes the other way round)."""
        keys = {action.key for action in self.of("create", "update", "post")}
        total: Counter[str] = Counter()
        for invoice in self.desired.invoices:
            if invoice.key in keys:
                total[invoice.currency_code] += invoice.total_minor * (-1 if invoice.kind == "credit_note" else 1)
        for code, minor in self.reversed_minor().items():
            total[code] -= minor
        return dict(sorted(total.items()))

    def reversed_minor(self) -> dict[str, int]:
        """By currency, with tax: of the entries that this plan reverses (credit notes negative)."""
        total: Counter[str] = Counter()
        for action in self.of("reverse"):
            total[action.currency_code] += action.total_minor * (-1 if action.kind == "credit_note" else 1)
        return dict(sorted(total.items()))

    def rows(self) -> list[dict[str, Any]]:
        """The plan as a table, one row an action, with the number of its invoice and the name of its customer."""
        rows = []
        for action in self.actions:
            partner = self.desired.partners.get(action.customer_id)
            invoice = self.invoices.get(action.document_key)
            rows.append(
                {
                    **asdict(action),
                    "invoice_number": invoice.invoice_number if invoice else "",
                    "customer_name": partner.name if partner else "",
                }
            )
        return rows

    def to_dict(self) -> dict[str, Any]:
        """For keeping and showing: hash, modes, counts, totals, brakes, and a row an action with its fingerprint."""
        return {
            "run_id": self.run_id,
            "hash": self.hash,
            "mode": self.mode,
            "modes": dict(self.modes.by_name),
            "company_name": self.present.books.company_name,
            "counts": self.counts(),
            "totals_minor": self.totals_minor(),
            "reversed_minor": self.reversed_minor(),
            "family_totals": [
                {**asdict(total), "account_code": self.desired.families[total.service_family].account_code}
                for total in self.family_totals()
            ],
            "tax_totals": [asdict(total) for total in self.tax_totals()],
            "money_totals": [asdict(total) for total in self.money_totals()],
            "trips": [{**asdict(trip), "holds": [str(key) for key in trip.holds]} for trip in self.trips],
            "braked": list(self.braked),
            "actions": [
                {**row, "fingerprint": action.fingerprint}
                for row, action in zip(self.rows(), self.actions, strict=True)
            ],
        }


def reverse_key(move_id: int | None) -> str:
    """The name of the step that reverses an entry, as the receipts of taking back have it too."""
    return f"reverse account.move {move_id}"


def but(action: Action, verb: Verb, reason: str) -> Action:
    """The same row with another verb and reason."""
    return replace(action, verb=verb, reason=reason)


def _as_text(value: Any) -> Any:
    """A value of an action as JSON can hold it."""
    return value.isoformat() if isinstance(value, date) else value
