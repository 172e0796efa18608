"""The money part of the plan: which payments are made, and which credit note meets the invoice that it corrects.

In the order in which it is carried out: what settles a credit note; credit notes with their invoices; what settles an
invoice; what stands open; what settles another payment. So each finds what it settles in the books, and takes of a credit
note no more than its source says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from nexabooks.ledger.actions import Action, but
from nexabooks.ledger.checks import payment_reason_to_park, payment_reason_to_refuse
from nexabooks.ledger.desired import Desired, Invoice, MoveKey, content_hash
from nexabooks.ledger.desired_payments import SETTLES_KINDS, Payment, PaymentKey
from nexabooks.ledger.named_later import why_it_is_a_persons, why_it_waits
from nexabooks.ledger.present import Present, PresentPayment
from nexabooks.money import format_minor

GONE = ("canceled", "rejected")  # states of a payment that no longer counts


def money_actions(
    invoices: Iterable[Invoice],
    desired: Desired,
    present: Present,
    *,
    posting: Collection[MoveKey],
    standing: Collection[MoveKey],
) -> list[Action]:
    """What to do about the money of `invoices`. `posting`: those that the plan posts; `standing`: those that will be
    posted and equal to their source."""
    by_kind: dict[str, list[tuple[Payment, Invoice]]] = {kind: [] for kind in SETTLES_KINDS}
    notes, new_minor = [], {}
    for invoice in invoices:
        if invoice.kind == "credit_note":
            notes.append(invoice)
        if invoice.key in posting:
            new_minor[invoice.key] = invoice.total_minor
        if invoice.key in standing:
            for payment in invoice.payments:
                by_kind[payment.settles_kind].append((payment, invoice))
    actions: list[Action] = []
    coming: dict[PaymentKey, Action] = {}
    for kind, payments in by_kind.items():
        for payment, invoice in payments:
            action = _payment(payment, invoice, desired, present, coming)
            if action:
                actions.append(action)
                if action.verb in ("pay", "match"):
                    coming[payment.key] = action
        if kind == "credit_note":
            actions += [action for note in notes for action in _match(note, present, new_minor, coming)]
    return actions


# A credit note and the invoice that it corrects


def _match(
    note: Invoice, present: Present, new_minor: Mapping[MoveKey, int], coming: dict[PaymentKey, Action]
) -> list[Action]:
    """Matched as far as the note lowers its invoice. Odoo always takes what both have left, so it waits while more of the
    note is left than that: what is refunded or credited must be in the books first."""
    if not note.corrects_source_invoice_id or note.settles_corrected_minor <= 0:
        return []
    corrected = MoveKey(note.source_system, note.corrects_source_invoice_id, "invoice")
    left_minor, invoice_left_minor = (_left(key, present, new_minor) for key in (note.key, corrected))
    move = present.moves.get(note.key)
    own = [p for p in note.payments if (held := present.payments.get(p.key)) and move and move.move_id in held.settles]
    taken_minor = move.total_minor - move.residual_minor if move and move.state == "posted" else 0
    open_minor = note.settles_corrected_minor - (taken_minor - sum(p.amount_minor for p in own))
    left_minor -= sum(p.amount_minor for p in note.payments if p.key in coming)
    if min(left_minor, invoice_left_minor, open_minor) <= 0:
        return []
    about = Action(
        "match",
        *note.key,
        customer_id=note.customer_id,
        reason=f"corrects {note.corrects_source_invoice_id}",
        total_minor=open_minor,
        currency_code=note.currency_code,
        odoo_id=move.move_id if move else None,
        facts_hash=note.content_hash,
        dated_on=note.invoiced_on,
    )
    if min(left_minor, invoice_left_minor) > open_minor:
        most, least = (format_minor(a, note.currency_code) for a in (left_minor, open_minor))
        said = f"{most} of it are left and only {least} lower {note.corrects_source_invoice_id}"
        return [but(about, "park", f"{said}: what is paid back or credited must be in the books first")]
    return [about]


def _left(key: MoveKey, present: Present, new_minor: Mapping[MoveKey, int]) -> int:
    """What there is to match of an entry: what is left of a posted one, all of one that is posted now, else nothing."""
    move = present.moves.get(key)
    return move.residual_minor if move and move.state == "posted" else new_minor.get(key, 0)


# Payments


def _payment(
    payment: Payment, invoice: Invoice, desired: Desired, present: Present, coming: dict[PaymentKey, Action]
) -> Action | None:
    held, move = present.payments.get(payment.key), present.moves.get(invoice.key)
    about = _about(payment, invoice, desired, held)
    if held is None or (held.is_taken_back and held.revision < present.revision_of(invoice.key)):
        about = replace(about, odoo_id=None)  # one that was taken back with its document is made again with it
        if said := payment_reason_to_refuse(payment, invoice, desired, present):
            return but(about, "refuse", said)
        if said := _settled_by_hand(payment, invoice, desired, present):
            return but(about, "report", said)
        if said := (
            payment_reason_to_park(payment, present.books)
            or why_it_waits(payment, present)
            or _waits_for_another(payment, present, coming)
        ):
            return but(about, "park", said)
        return about
    if held.is_taken_back:
        how = held.state if held.state in GONE else "reversed"
        said = f"its payment is {how} in Odoo; if that shall not stand, delete it there or register it"
        return but(about, "report", said)
    if said := _changes(payment, held, desired, present):
        return but(about, "report", said)
    if held.booked_for and (said := why_it_is_a_persons(held, invoice, move, present)):
        return but(about, "report", said)
    if held.state == "draft":
        if said := payment_reason_to_park(payment, present.books):
            return but(about, "park", said)
        return but(about, "pay", f"{about.reason}; its payment is not posted yet")
    if held.is_spent or not payment.settles_kind or (move and move.move_id in held.settles):
        return None
    if payment.settles_kind == "payment":
        settled = present.payments.get(payment.settled_payment_key)
        if settled and settled.is_spent:
            said = f"the payment that it settles, {payment.settles_payment_id}, has nothing left"
            return but(about, "report", f"{said}: the money stands open at the customer")
        if said := _waits_for_another(payment, present, coming):
            return but(about, "park", said)
    elif move and move.residual_minor == 0:
        if any(p.settled_payment_key == payment.key for p in invoice.payments if p.settles_payment_id):
            return None  # that one meets it
        whose = "its invoice" if invoice.kind == "invoice" else "its credit note"
        stands = "as the customer's credit" if payment.direction == "inbound" else "open at the customer"
        return but(about, "report", f"{whose} had nothing left to pay: the money stands {stands}")
    if held.booked_for:
        said = f"{about.reason}; in the books since, for {held.booked_for}: this credit note named it later"
        return but(about, "match", said)
    return but(about, "pay", f"{about.reason}; its payment is not matched yet")


def _settled_by_hand(payment: Payment, invoice: Invoice, desired: Desired, present: Present) -> str:
    """Why money is not booked where it may stand already: its document has nothing left, and not by what is ours."""
    move = present.moves.get(invoice.key)
    if (
        payment.settles_kind not in ("invoice", "credit_note")
        or not move
        or move.state != "posted"
        or move.residual_minor
    ):
        return ""
    ours = [
        p.amount_minor for p in invoice.payments if (held := present.payments.get(p.key)) and not held.is_taken_back
    ]
    ours += [
        note.settles_corrected_minor
        for note in desired.invoices
        if note.kind == "credit_note" and note.corrects_source_invoice_id == invoice.source_invoice_id
    ]
    if sum(ours) >= invoice.total_minor:
        return ""
    return (
        f"{move.name} has nothing left to pay in Odoo, and no payment there has the id {payment.payment_id}: what settles it "
        "may be this money, booked by hand. If it is, cancel that payment in Odoo; if it is other money, unmatch it: the "
        "next run books this one"
    )


def _about(payment: Payment, invoice: Invoice, desired: Desired, held: PresentPayment | None) -> Action:
    route = desired.routes.get(payment.route)
    return Action(
        "pay",
        payment.source_system,
        payment.source_invoice_id,
        "payment",
        customer_id=invoice.customer_id,
        reason=_reason(payment),
        total_minor=payment.amount_minor,
        currency_code=payment.currency_code,
        payment_id=payment.payment_id,
        odoo_id=held.payment_id if held else None,
        facts_hash=content_hash(payment.facts),
        dated_on=payment.paid_on,
        account_codes=(route.account_code,) if route and route.has_account else (),
        direction=payment.direction,
        route=payment.route,
        settles_kind=payment.settles_kind,
        settles_payment_id=payment.settles_payment_id,
    )


def _reason(payment: Payment) -> str:
    amount = format_minor(payment.amount_minor, payment.currency_code)
    words = f"{'paid' if payment.direction == 'inbound' else 'paid back'} {amount} on {payment.paid_on}"
    if payment.document_minor:
        words += f", settled from {format_minor(payment.document_minor, payment.document_currency_code)}"
    if payment.settles_kind == "payment":
        return f"{words}, settles {payment.settles_payment_id}"
    return words if payment.settles_kind else f"{words}, stands open at the customer"


def _changes(payment: Payment, held: PresentPayment, desired: Desired, present: Present) -> str:
    """In words, how a payment in Odoo differs from its source now; '' when it does not."""

    def show(amount_minor: int, currency_code: str, day: object, direction: str) -> str:
        way = "" if direction == held.direction == payment.direction else f"{direction} "
        return f"{way}{format_minor(amount_minor, currency_code)} on {day}"

    was = (held.amount_minor, held.currency_code, held.paid_on, held.direction)
    now = (payment.amount_minor, payment.currency_code, payment.paid_on, payment.direction)
    if was != now:
        return f"its payment in Odoo is {show(*was)}, the source says {show(*now)}"
    route = desired.routes.get(payment.route)
    journal = present.books.payment_journals.get(route.journal_code) if route else None
    if journal and held.journal_id and held.journal_id != journal.journal_id:
        return f"its payment stands in another journal, its route {payment.route} is now {journal.code}"
    return ""


def _waits_for_another(payment: Payment, present: Present, coming: dict[PaymentKey, Action]) -> str:
    """Why a payment that settles another one must wait for it, or ''."""
    if payment.settles_kind != "payment" or payment.settled_payment_key in coming:
        return ""
    settled = present.payments.get(payment.settled_payment_key)
    if settled and not settled.is_taken_back and settled.state != "draft":
        return ""
    return f"the payment that it settles, {payment.settles_payment_id}, is not in the books"
