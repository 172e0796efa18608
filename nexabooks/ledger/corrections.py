"""A correction: what to do about a posted entry that its source voided or changed since. Proposed by the plan, pure.

A void is reversed; a change is reversed and posted anew with the source's figures. The proposal (`correct`) is a row to
look at and writes nothing in any mode. Only a person's approval of the plan turns it into steps, and only while it is the
same row: `approved_steps` is the one place that does (docs/decisions/0020).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from nexabooks.ledger.actions import Action, Plan, but
from nexabooks.ledger.checks import LOCK_WORDS
from nexabooks.ledger.desired import Invoice, MoveKey, content_hash
from nexabooks.ledger.present import Present, PresentMove
from nexabooks.money import format_minor


def proposal(
    invoice: Invoice, move: PresentMove, about: Action, present: Present, said: str, *, has_new: bool
) -> Action:
    """The correction of `move` as a row: its old and its new total, what is done and what becomes of the money on it.
    `said`: how it stands now, in words; `has_new`: whether the source's figures are posted anew."""
    what = "reverse it and post the source's figures as a new entry" if has_new else "reverse it"
    same_currency = move.currency_code == invoice.currency_code
    if not has_new:
        about = replace(about, total_minor=0, subtotal_minor=0, tax_minor=0, account_codes=(), tax_codes=())
    bound = [invoice.content_hash, invoice.verdict, move.move_id, move.content_hash, move.total_minor, move.tax_minor]
    return replace(
        about,
        verb="correct",
        reason=f"{said}. Proposed: {what}{_when(move, present)}{_money(invoice.key, present, has_new)}",
        was_minor=move.total_minor if same_currency else None,
        facts_hash=content_hash([*bound, has_new]),
    )


def _when(move: PresentMove, present: Present) -> str:
    """Behind a lock date Odoo would move the reversal silently (facts: odoo "Lock dates"): it is dated into the open
    period, and said. On which day is not, or an approval would hold for one day."""
    for name, locked_until in present.books.locks.items():
        if move.booked_on and move.booked_on <= locked_until:
            lock = f"{LOCK_WORDS[name]} is {locked_until}"
            return f"; {move.booked_on} is locked ({lock}), so the reversal is dated on the day it is carried out"
    return f", on its own day {move.booked_on}"


def _money(key: MoveKey, present: Present, has_new: bool) -> str:
    """What becomes of the payments. They are named whether matched or not: a correction that was cut off between
    unmatching and reversing is the same row, and goes on under the same approval."""
    ids = [k.payment_id for k, held in present.payments_of(key) if not held.is_taken_back]
    if not ids:
        return ""
    then = "the next run matches them with the new entry" if has_new else "they stand open as the customer's credit"
    return f"; its payments ({', '.join(ids)}) are unmatched, and {then}"


def posted_again(move_names: str) -> str:
    """Why an invoice is posted although it was before."""
    return f"posted before as {move_names} and reversed since; verified at its source"


def facts_of(invoice: Invoice, revision: int) -> str:
    """What is written for this posting of the invoice: an approval or an allowance of one posting is none of the next."""
    return invoice.content_hash if revision == 1 else content_hash([invoice.content_hash, revision])


def approved_steps(plan: Plan, approved: Collection[str]) -> Plan:
    """Of `plan` what was approved, and nothing else that writes: its steps by their fingerprints, and each approved
    proposal as the steps of its correction, where the mode of its invoice lets it be posted."""
    going = set(approved)
    actions: list[Action] = []
    made: set[str] = {a.customer_id for a in plan.of("partner_create")}
    for action in plan.actions:
        if action.verb != "correct" or action.fingerprint not in going or not _may_post(plan, action):
            actions.append(action)
            continue
        steps = _steps(plan, action, made)
        going |= {step.fingerprint for step in steps}
        actions += steps
    return replace(plan, actions=tuple(actions)).only(going)


def _may_post(plan: Plan, action: Action) -> bool:
    return plan.mode == "post" and plan.modes.of(plan.invoices[action.key], "post")[0] == "post"


def _steps(plan: Plan, action: Action, made: set[str]) -> list[Action]:
    """The reversal, then the new draft and its posting. A customer whom Odoo does not have yet is made with it."""
    invoice, move = plan.invoices[action.key], plan.present.moves[action.key]
    reverse = replace(
        action,
        verb="reverse",
        reason=f"{move.name}, {format_minor(move.total_minor, move.currency_code)}: {action.reason}",
        total_minor=move.total_minor,
        currency_code=move.currency_code,
    )
    if invoice.verdict != "verified":
        return [reverse]
    facts_hash = facts_of(invoice, move.revision + 1)
    new = replace(
        action, verb="create", reason=posted_again(move.name), odoo_id=None, was_minor=None, facts_hash=facts_hash
    )
    steps = [reverse, new, but(new, "post", new.reason)]
    partner = plan.desired.partners[invoice.customer_id]
    if partner.customer_id not in plan.present.partners and partner.customer_id not in made:
        made.add(partner.customer_id)
        says = f"{partner.name}: the customer of a corrected invoice"
        about = Action("partner_create", "", partner.customer_id, "partner", partner.customer_id, says)
        steps.insert(0, replace(about, facts_hash=partner.content_hash))
    return steps


def open_money(invoice: Invoice, present: Present) -> list[Action]:
    """Payments that stand open since the entry of their void invoice was reversed: for a person, until he dealt with them."""
    if invoice.key not in present.taken_back or invoice.key in present.moves:
        return []
    rows = []
    for key, held in present.payments_of(invoice.key):
        if not held.is_taken_back and not (held.settles or held.is_spent):
            says = f"its invoice is {invoice.verdict} and reversed, so it stands as the customer's credit: refund it, or match it"
            rows.append(
                Action(
                    "report",
                    key.source_system,
                    key.source_invoice_id,
                    "payment",
                    customer_id=invoice.customer_id,
                    reason=says,
                    total_minor=held.amount_minor,
                    currency_code=held.currency_code,
                    payment_id=key.payment_id,
                    odoo_id=held.payment_id,
                    dated_on=held.paid_on,
                )
            )
    return rows
