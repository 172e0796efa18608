"""The plan: what will be done to the books and why, before anything is touched. A pure function of desired and present.

The same desired and present always give the same actions in the same order and the same hash, so that a person's
approval can be bound to it. What is posted is never touched: a change upstream afterwards is a `report` for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

from nexabooks.ledger.checks import (
    payment_reason_to_park,
    payment_reason_to_refuse,
    reason_to_park,
    reason_to_refuse,
)
from nexabooks.ledger.desired import HASH_VERSION, Desired, Invoice, MoveKey, Payment, content_hash
from nexabooks.ledger.present import Present, PresentMove
from nexabooks.money import format_minor
from nexabooks.settings import LedgerMode

Verb = Literal[
    "partner_create",
    "partner_update",
    "create",  # a draft
    "update",  # of a draft
    "post",
    "match",  # a credit note with the invoice it corrects
    "pay",  # and match with its invoice
    "keep",
    "hold",  # its source has not confirmed it
    "park",  # sound, but it must wait
    "refuse",  # its data or the books do not allow it
    "report",  # something changed that only a person may act on
]
WRITING: tuple[Verb, ...] = ("partner_create", "partner_update", "create", "update", "post", "match", "pay")
REFUSED_MARK = "refused "  # before the content hash on a draft whose figures Odoo could not be brought to


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the plan. For a partner, `source_invoice_id` is the customer's id and `kind` is `partner`; for a
    payment `kind` is `payment` and `payment_id` is set. `odoo_id` is the record it is about, None when there is none
    yet. `facts_hash` is over what will be written."""

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

    @property
    def is_writing(self) -> bool:
        return self.verb in WRITING

    @property
    def key(self) -> MoveKey:
        return MoveKey(self.source_system, self.source_invoice_id, self.kind)

    @property
    def action_key(self) -> str:
        """The name of this step within a run, the same in every run of the same plan."""
        words = (self.verb, self.source_system, self.kind, self.source_invoice_id, self.payment_id)
        return " ".join(word for word in words if word)

    @property
    def fingerprint(self) -> str:
        """What an approval is bound to: the step with everything that it would write."""
        return content_hash([getattr(self, name) for name in self.__slots__])


@dataclass(frozen=True, slots=True)
class FamilyTotal:
    """What the plan brings into the books, before tax, for one family and currency (credit notes negative)."""

    service_family: str
    currency_code: str
    line_count: int
    net_minor: int


@dataclass(frozen=True)
class Plan:
    """The actions, with the values they were made from. `mode` is what may be done: dry_run, draft or post."""

    run_id: str
    mode: LedgerMode
    actions: tuple[Action, ...]
    desired: Desired
    present: Present

    @cached_property
    def hash(self) -> str:
        """Over mode and actions, not over the run: the same work has the same hash."""
        return content_hash([self.mode, [action.fingerprint for action in self.actions]])

    @property
    def is_empty(self) -> bool:
        """Nothing would be written."""
        return not any(action.is_writing for action in self.actions)

    def of(self, *verbs: Verb) -> list[Action]:
        return [action for action in self.actions if action.verb in verbs]

    def counts(self) -> dict[str, int]:
        """How many actions of each verb."""
        return dict(sorted(Counter(action.verb for action in self.actions).items()))

    def only(self, fingerprints: Iterable[str]) -> Plan:
        """The same plan with those writing actions alone that were approved; what is not writing stays."""
        approved = set(fingerprints)
        kept = tuple(a for a in self.actions if not a.is_writing or a.fingerprint in approved)
        return Plan(self.run_id, self.mode, kept, self.desired, self.present)

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

    def totals_minor(self) -> dict[str, int]:
        """By currency, with tax: of the invoices that this plan creates or posts (credit notes negative)."""
        keys = {action.key for action in self.of("create", "update", "post")}
        total: Counter[str] = Counter()
        for invoice in self.desired.invoices:
            if invoice.key in keys:
                total[invoice.currency_code] += invoice.total_minor * (-1 if invoice.kind == "credit_note" else 1)
        return dict(sorted(total.items()))

    def rows(self) -> list[dict[str, Any]]:
        """The plan as a table, one row an action."""
        return [{"run_id": self.run_id, "mode": self.mode, **asdict(action)} for action in self.actions]

    def to_dict(self) -> dict[str, Any]:
        """For keeping and showing: hash, mode, counts, totals, rows."""
        return {
            "run_id": self.run_id,
            "hash": self.hash,
            "mode": self.mode,
            "counts": self.counts(),
            "totals_minor": self.totals_minor(),
            "family_totals": [asdict(total) for total in self.family_totals()],
            "actions": [{**asdict(action), "fingerprint": action.fingerprint} for action in self.actions],
        }


def make_plan(desired: Desired, present: Present, *, mode: LedgerMode, run_id: str) -> Plan:
    """What to do so that the books hold `desired`. Pure: nothing is asked, nothing is touched.

    In `draft` mode nothing is posted or paid; `dry_run` plans what `post` would do, and cannot be applied.
    """
    invoice_actions: list[Action] = []
    for invoice in desired.invoices:
        invoice_actions += _of_invoice(invoice, desired, present, is_posting=mode != "draft")
    posting = {action.key for action in invoice_actions if action.verb == "post"}
    if mode != "draft":
        for invoice in desired.invoices:
            invoice_actions += _matches(invoice, present, posting)
            invoice_actions += _payments(invoice, present, is_posted_now=invoice.key in posting)
    changed = {a.key for a in invoice_actions if a.verb in ("create", "update")}
    needed = {invoice.customer_id for invoice in desired.invoices if invoice.key in changed}
    return Plan(run_id, mode, (*_partners(desired, present, needed), *invoice_actions), desired, present)


def _partners(desired: Desired, present: Present, needed: set[str]) -> list[Action]:
    """New customers only when an invoice needs them; known ones when their facts changed."""
    actions = []
    for customer_id, partner in sorted(desired.partners.items()):
        held = present.partners.get(customer_id)
        about = Action(
            "partner_create", "", customer_id, "partner", customer_id, "", odoo_id=held and held.partner_id,
            facts_hash=partner.content_hash,
        )  # fmt: skip
        if held is None and customer_id in needed:
            actions.append(_but(about, "partner_create", f"{partner.name}: first invoice of this customer"))
        elif held and held.is_active and held.content_hash != partner.content_hash:
            actions.append(
                _but(about, "partner_update", f"{partner.name}: the customer's details changed at the source")
            )
    return actions


def _of_invoice(invoice: Invoice, desired: Desired, present: Present, *, is_posting: bool) -> list[Action]:
    move = present.moves.get(invoice.key)
    about = Action(
        "keep",
        *invoice.key,
        customer_id=invoice.customer_id,
        reason="",
        total_minor=invoice.total_minor,
        currency_code=invoice.currency_code,
        odoo_id=move and move.move_id,
        facts_hash=invoice.content_hash,
    )
    if invoice.key in present.repeated:
        ids = ", ".join(map(str, present.repeated[invoice.key]))
        return [
            _but(about, "report", f"Odoo holds it more than once (entries {ids}); a person must remove the wrong one")
        ]
    if invoice.verdict != "verified":
        return [_not_verified(invoice, move, about)]
    if move and move.state == "cancel":
        return [_but(about, "report", "its entry was cancelled in Odoo; a person must say whether that stands")]
    if move and move.state == "posted":
        said = changes_since_posting(invoice, move)
        return [_but(about, "report", said) if said else _but(about, "keep", f"posted as {move.name}")]
    if not invoice.is_postable:  # the warehouse has said why; finance reads the same words
        return [_but(about, "park", invoice.park_reason or "it is not postable")]
    if said := reason_to_refuse(invoice, desired, present):
        return [_but(about, "refuse", said)]
    if said := reason_to_park(invoice, desired, present):
        return [_but(about, "park", said)]
    if move is None:
        first = _but(about, "create", "verified at its source, not in Odoo yet")
    elif move.content_hash == REFUSED_MARK + invoice.content_hash:
        return [_but(about, "refuse", f"{_both(invoice, move)}; correct or delete the draft, or wait for the source")]
    elif move.content_hash != invoice.content_hash:
        first = _but(about, "update", "its draft is unfinished, or the source changed since it was made")
    elif difference := amounts_differ(invoice, move):
        return [
            _but(
                about, "refuse", f"its draft was changed in Odoo: {difference}; delete the draft to have it made again"
            )
        ]
    else:
        first = _but(about, "keep", "its draft is in Odoo")
    if not is_posting:
        return [first]
    post = _but(about, "post", "verified at its source")
    return [post] if first.verb == "keep" else [first, post]


def _not_verified(invoice: Invoice, move: PresentMove | None, about: Action) -> Action:
    why = f"{invoice.verdict}: {invoice.verdict_reason}" if invoice.verdict_reason else invoice.verdict
    if move is None or move.state == "cancel":
        return _but(about, "hold", why)
    if invoice.verdict == "unverified":
        place = f"posted as {move.name}" if move.state == "posted" else "its draft is in Odoo"
        return _but(about, "keep" if move.state == "posted" else "hold", f"{place}; {why}")
    if move.state == "posted":
        return _but(
            about, "report", f"posted as {move.name}, and its source now says {why}; a person must decide on a reversal"
        )
    return _but(about, "report", f"its draft is in Odoo, and its source now says {why}; delete the draft")


def changes_since_posting(invoice: Invoice, move: PresentMove) -> str:
    """In words, how a posted entry differs from its source now; '' when it does not."""
    said = [amounts_differ(invoice, move)]
    if move.invoiced_on != invoice.invoiced_on:
        said.append(f"dated {move.invoiced_on}, the source says {invoice.invoiced_on}")
    if move.booked_on != move.invoiced_on:
        said.append(f"booked on {move.booked_on} and not on its invoice date {move.invoiced_on}")
    if move.ref != invoice.invoice_number:
        said.append(f"its number is {move.ref!r}, the source says {invoice.invoice_number!r}")
    same_way_of_hashing = move.content_hash.startswith(f"{HASH_VERSION}-")
    if not any(said) and same_way_of_hashing and move.content_hash != invoice.content_hash:
        said.append("the source changed its customer, due date, lines, families or taxes")
    differences = "; ".join(s for s in said if s)
    return f"posted as {move.name}, and differs from its source: {differences}" if differences else ""


def amounts_differ(invoice: Invoice, move: PresentMove) -> str:
    """Both computations side by side when they are not equal to the cent; '' when they are."""
    source = (invoice.currency_code, invoice.subtotal_minor, invoice.tax_minor, invoice.total_minor)
    odoo = (move.currency_code, move.untaxed_minor, move.tax_minor, move.total_minor)
    return "" if source == odoo else _both(invoice, move)


def _both(invoice: Invoice, move: PresentMove) -> str:
    def show(currency: str, *amounts_minor: int) -> str:
        return " + ".join(format_minor(a, currency).removesuffix(f" {currency}") for a in amounts_minor[:2]) + (
            f" = {format_minor(amounts_minor[2], currency)}"
        )

    source = show(invoice.currency_code, invoice.subtotal_minor, invoice.tax_minor, invoice.total_minor)
    odoo = show(move.currency_code, move.untaxed_minor, move.tax_minor, move.total_minor)
    return f"the source says {source}, Odoo holds {odoo}"


def _matches(invoice: Invoice, present: Present, posting: set[MoveKey]) -> list[Action]:
    """A credit note is matched with the invoice that it corrects, as far as both have something left."""
    if invoice.kind != "credit_note" or not invoice.corrects_source_invoice_id:
        return []
    corrected = MoveKey(invoice.source_system, invoice.corrects_source_invoice_id, "invoice")

    def has_something_left(key: MoveKey) -> bool:
        move = present.moves.get(key)
        return key in posting or bool(move and move.state == "posted" and move.residual_minor)

    if not (has_something_left(invoice.key) and has_something_left(corrected)):
        return []
    move = present.moves.get(invoice.key)
    return [
        Action(
            "match",
            *invoice.key,
            customer_id=invoice.customer_id,
            reason=f"corrects {invoice.corrects_source_invoice_id}",
            total_minor=invoice.total_minor,
            currency_code=invoice.currency_code,
            odoo_id=move and move.move_id,
        )
    ]


def _payments(invoice: Invoice, present: Present, *, is_posted_now: bool) -> list[Action]:
    move = present.moves.get(invoice.key)
    is_posted = bool(move and move.state == "posted" and not changes_since_posting(invoice, move))
    if invoice.verdict != "verified" or not (is_posted_now or is_posted):
        return []
    return [action for payment in invoice.payments if (action := _payment(payment, invoice, move, present))]


def _payment(payment: Payment, invoice: Invoice, move: PresentMove | None, present: Present) -> Action | None:
    held = present.payments.get(payment.key)
    amount = format_minor(payment.amount_minor, payment.currency_code)
    about = Action(
        "pay",
        payment.source_system,
        payment.source_invoice_id,
        "payment",
        customer_id=invoice.customer_id,
        reason=f"paid {amount} on {payment.paid_on}",
        total_minor=payment.amount_minor,
        currency_code=payment.currency_code,
        payment_id=payment.payment_id,
        odoo_id=held and held.payment_id,
        facts_hash=content_hash([payment.amount_minor, payment.currency_code, payment.paid_on.isoformat()]),
    )
    if held is None:
        if said := payment_reason_to_refuse(payment, invoice, present.books):
            return _but(about, "refuse", said)
        if said := payment_reason_to_park(payment, present.books):
            return _but(about, "park", said)
        return about
    if held.state in ("canceled", "rejected"):
        return _but(about, "report", f"its payment is {held.state} in Odoo; a person must say whether that stands")
    if (held.amount_minor, held.currency_code, held.paid_on) != (
        payment.amount_minor,
        payment.currency_code,
        payment.paid_on,
    ):
        was = f"{format_minor(held.amount_minor, held.currency_code)} on {held.paid_on}"
        return _but(about, "report", f"its payment in Odoo is {was}, the source says {amount} on {payment.paid_on}")
    if move and move.move_id in held.settles:
        return None
    if held.state != "draft" and move and move.residual_minor == 0:
        return _but(about, "report", "its invoice had nothing left to pay: the money stands as the customer's credit")
    return _but(about, "pay", f"{about.reason}; its payment is not matched yet")


def _but(action: Action, verb: Verb, reason: str) -> Action:
    """The same row with another verb and reason."""
    return replace(action, verb=verb, reason=reason)
