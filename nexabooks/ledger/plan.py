"""The plan: what will be done to the books and why, before anything is touched. A pure function of desired and present.

The same desired and present always give the same actions in the same order and the same hash, so that a person's
approval can be bound to it. What is posted is never touched by itself: a change upstream afterwards is a correction that
is proposed (`correct`) and waits for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from nexabooks.ledger.actions import Action, Plan, Verb, but
from nexabooks.ledger.checks import reason_to_park, reason_to_refuse
from nexabooks.ledger.choices import as_chosen, number_differs, rate_differs, rate_says
from nexabooks.ledger.corrections import facts_of, open_money, posted_again, proposal
from nexabooks.ledger.desired import Desired, Invoice, MoveKey
from nexabooks.ledger.modes import NO_MODES, Modes
from nexabooks.ledger.named_later import as_named
from nexabooks.ledger.plan_money import money_actions
from nexabooks.ledger.present import Present, PresentMove
from nexabooks.money import format_minor
from nexabooks.settings import LedgerMode

Says = Callable[[Verb, str], Action]  # a verb and its reason -> the row of one invoice
REFUSED_MARK = "refused "  # before the content hash on a draft whose figures Odoo could not be brought to


def make_plan(
    desired: Desired,
    present: Present,
    *,
    mode: LedgerMode,
    run_id: str,
    modes: Modes = NO_MODES,
    held: Mapping[MoveKey, str] | None = None,
) -> Plan:
    """What to do so that the books hold `desired`. Pure: nothing is asked, nothing is touched.

    In `draft` mode nothing is posted or paid; `dry_run` plans what `post` would do, and cannot be applied. `modes` holds
    single sources and families back further. `held`: what a brake parks, with its reason.
    """
    held = held or {}
    desired = as_chosen(desired, present)
    present = as_named(desired, present)
    run_mode: LedgerMode = "post" if mode == "dry_run" else mode
    mode_of = {invoice.key: modes.of(invoice, run_mode) for invoice in desired.invoices}
    invoice_actions: list[Action] = []
    for invoice in desired.invoices:
        own_mode, because = mode_of[invoice.key]
        actions = _of_invoice(invoice, desired, present, is_posting=own_mode == "post")
        if any(a.is_writing for a in actions):
            if own_mode == "dry_run":
                said = f"{because} is in mode dry_run (NEXABOOKS_LEDGER_MODES): nothing of it is written"
                actions = [but(actions[0], "park", said)]
            elif invoice.key in held:
                actions = [but(actions[0], "park", held[invoice.key])]
        invoice_actions += actions
    posting = {action.key for action in invoice_actions if action.verb == "post"}
    in_post = [invoice for invoice in desired.invoices if mode_of[invoice.key][0] == "post"]
    standing = {i.key for i in in_post if i.key in posting or _stands(i, present)}
    invoice_actions += money_actions(in_post, desired, present, posting=posting, standing=standing)
    changed = {a.key for a in invoice_actions if a.verb in ("create", "update")}
    needed = {invoice.customer_id for invoice in desired.invoices if invoice.key in changed}
    barred = {invoice.customer_id for invoice in desired.invoices if mode_of[invoice.key][0] == "dry_run"}
    barred -= {invoice.customer_id for invoice in desired.invoices if mode_of[invoice.key][0] != "dry_run"}
    partners = [a for a in _partners(desired, present, needed) if a.customer_id not in barred]
    return Plan(run_id, mode, (*partners, *invoice_actions), desired, present, modes)


def _partners(desired: Desired, present: Present, needed: set[str]) -> list[Action]:
    """New customers only when an invoice needs them; known ones when their facts changed."""
    actions = []
    for customer_id, partner in sorted(desired.partners.items()):
        held = present.partners.get(customer_id)
        about = Action(
            "partner_create", "", customer_id, "partner", customer_id, "",
            odoo_id=held.partner_id if held else None,
            facts_hash=partner.content_hash,
        )  # fmt: skip
        if held is None and customer_id in needed:
            actions.append(but(about, "partner_create", f"{partner.name}: first invoice of this customer"))
        elif held and held.is_active and held.content_hash != partner.content_hash:
            actions.append(
                but(about, "partner_update", f"{partner.name}: the customer's details changed at the source")
            )
    return actions


def _of_invoice(invoice: Invoice, desired: Desired, present: Present, *, is_posting: bool) -> list[Action]:
    move = present.moves.get(invoice.key)
    # Filled in once: a million rows that are replaced by their next version cost more than all the comparing.
    row = partial(
        Action,
        source_system=invoice.source_system,
        source_invoice_id=invoice.source_invoice_id,
        kind=invoice.kind,
        customer_id=invoice.customer_id,
        total_minor=invoice.total_minor,
        currency_code=invoice.currency_code,
        odoo_id=move.move_id if move else None,
        facts_hash=facts_of(invoice, present.revision_of(invoice.key)),
        dated_on=invoice.invoiced_on,
        due_on=invoice.due_on,
        subtotal_minor=invoice.subtotal_minor,
        tax_minor=invoice.tax_minor,
        account_codes=_account_codes(invoice, desired),
        tax_codes=tuple(sorted({code for line in invoice.lines for code in line.tax_codes or ()})),
        rate=rate_says(invoice, present.books.company_currency, desired.choices.rate),
    )

    def says(verb: Verb, reason: str) -> Action:
        return row(verb=verb, reason=reason)

    if invoice.key in present.repeated:
        ids = ", ".join(map(str, present.repeated[invoice.key]))
        return [says("report", f"Odoo holds it more than once (entries {ids}); a person must remove the wrong one")]
    if invoice.verdict != "verified":
        return [_not_verified(invoice, move, says, present), *open_money(invoice, present)]
    if move and move.state == "cancel":
        return [says("report", "its entry was cancelled in Odoo; a person must say whether that stands")]
    if move and move.state == "posted":
        said = _changes_since_posting(invoice, move)
        return [
            _changed(invoice, move, says, desired, present, said) if said else says("keep", f"posted as {move.name}")
        ]
    if not invoice.is_postable:  # the warehouse has said why; finance reads the same words
        return [says("park", invoice.park_reason or "it is not postable")]
    if said := reason_to_refuse(invoice, desired, present):
        return [says("refuse", said)]
    if said := reason_to_park(invoice, desired, present):
        return [says("park", said)]
    if move is None:
        before = ", ".join(m.name for m in present.taken_back.get(invoice.key, ()))
        first = says("create", posted_again(before) if before else "verified at its source, not in Odoo yet")
    elif move.content_hash == REFUSED_MARK + invoice.content_hash:
        return [says("refuse", f"{_both(invoice, move)}; correct or delete the draft, or wait for the source")]
    elif move.content_hash != invoice.content_hash:
        first = says("update", "its draft is unfinished, or the source changed since it was made")
    elif difference := figures_differ(invoice, move):
        return [says("refuse", f"its draft was changed in Odoo: {difference}; delete the draft to have it made again")]
    elif move.foreign_ids != invoice.foreign_ids:
        first = says(
            "update", "what it is called at NexaCloud or Stripe became known, or changed, since its draft was made"
        )
    else:
        first = says("keep", "its draft is in Odoo")
    if not is_posting:
        return [first]
    post = says("post", "verified at its source")
    return [post] if first.verb == "keep" else [first, post]


def _account_codes(invoice: Invoice, desired: Desired) -> tuple[str, ...]:
    families = sorted({line.service_family for line in invoice.lines})
    return tuple(dict.fromkeys(desired.families[f].account_code for f in families if f in desired.families))


def _changed(invoice: Invoice, move: PresentMove, says: Says, desired: Desired, present: Present, said: str) -> Action:
    """A correction, if the source's figures may be posted as they are now; else what must be settled first."""
    hindered = "" if invoice.is_postable else invoice.park_reason or "it is not postable"
    hindered = hindered or reason_to_refuse(invoice, desired, present) or reason_to_park(invoice, desired, present)
    if hindered:
        return says("report", f"{said}. It cannot be corrected by a new entry yet: {hindered}")
    return proposal(invoice, move, says("correct", ""), present, said, has_new=True)


def _not_verified(invoice: Invoice, move: PresentMove | None, says: Says, present: Present) -> Action:
    why = f"{invoice.verdict}: {invoice.verdict_reason}" if invoice.verdict_reason else invoice.verdict
    if move is None or move.state == "cancel":
        return says("hold", why)
    if invoice.verdict == "unverified":
        place = f"posted as {move.name}" if move.state == "posted" else "its draft is in Odoo"
        return says("keep" if move.state == "posted" else "hold", f"{place}; {why}")
    if move.state == "posted":
        said = f"posted as {move.name}, and its source now says {why}"
        return proposal(invoice, move, says("correct", ""), present, said, has_new=False)
    return says("report", f"its draft is in Odoo, and its source now says {why}; delete the draft")


def _changes_since_posting(invoice: Invoice, move: PresentMove) -> str:
    """In words, how a posted entry differs from its source now; '' when it does not."""
    said = [figures_differ(invoice, move)]
    if move.invoiced_on != invoice.invoiced_on:
        said.append(f"dated {move.invoiced_on}, the source says {invoice.invoiced_on}")
    if move.booked_on != move.invoiced_on:
        said.append(f"booked on {move.booked_on} and not on its invoice date {move.invoiced_on}")
    if move.ref != invoice.invoice_number:
        said.append(f"its number is {move.ref!r}, the source says {invoice.invoice_number!r}")
    if not any(said) and move.has_comparable_hash and move.content_hash != invoice.content_hash:
        said.append("the source changed its customer, due date, lines, families or taxes")
    differences = "; ".join(s for s in said if s)
    return f"posted as {move.name}, and differs from its source: {differences}" if differences else ""


def figures_differ(invoice: Invoice, move: PresentMove) -> str:
    """In words, how an entry differs from what was sent; '' when it is equal to the cent and has the source's rate and number,
    where those were sent."""
    return "; ".join(
        filter(None, (_amounts_differ(invoice, move), rate_differs(invoice, move), number_differs(invoice, move)))
    )


def _amounts_differ(invoice: Invoice, move: PresentMove) -> str:
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


def _stands(invoice: Invoice, present: Present) -> bool:
    """Whether it is posted and still equals its source: only then is money added to it."""
    move = present.moves.get(invoice.key)
    is_posted = bool(move and move.state == "posted" and not _changes_since_posting(invoice, move))
    return is_posted and invoice.verdict == "verified"
