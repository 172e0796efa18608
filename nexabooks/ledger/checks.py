"""What must hold before an invoice may be sent, as a table of rules. Odoo itself lets a purchase tax, an archived tax,
a receivable account or an archived partner pass (facts: odoo "What Odoo does not check"): it is refused here, by name.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from nexabooks.ledger.books import Books
from nexabooks.ledger.desired import Desired, Invoice
from nexabooks.ledger.desired_payments import Payment
from nexabooks.ledger.own_numbers import number_of, numbers_trouble
from nexabooks.ledger.payment_journals import account_trouble, route_trouble
from nexabooks.ledger.present import Present
from nexabooks.ledger.twins import twin_says
from nexabooks.money import format_minor

LOCK_WORDS = {
    "fiscalyear_lock_date": "the global lock date",
    "sale_lock_date": "the sales lock date",
    "tax_lock_date": "the tax return lock date",
    "hard_lock_date": "the hard lock date",
}

NO_RATES = "this Odoo takes no rate from an invoice, 19 is the first that does: set NEXABOOKS_ODOO_RATE=odoo"

Rule = Callable[[Invoice, Desired, Present], str]


def reason_to_refuse(invoice: Invoice, desired: Desired, present: Present) -> str:
    """Why this invoice cannot be sent as it is, or ''. The first rule that is broken speaks."""
    return next((said for rule in REFUSALS if (said := rule(invoice, desired, present))), "")


def reason_to_park(invoice: Invoice, desired: Desired, present: Present) -> str:
    """Why this invoice must wait although its data is sound, or ''. It comes back by itself when the reason is gone."""
    return next((said for rule in PARKS if (said := rule(invoice, desired, present))), "")


def _adds_up(invoice: Invoice, desired: Desired, present: Present) -> str:
    def show(amount_minor: int) -> str:
        return format_minor(amount_minor, invoice.currency_code)

    if not invoice.lines:
        return "it has no lines"
    lines_minor = sum(line.amount_minor for line in invoice.lines)
    if lines_minor != invoice.subtotal_minor:
        return f"its lines add up to {show(lines_minor)}, its subtotal is {show(invoice.subtotal_minor)}"
    if invoice.subtotal_minor + invoice.tax_minor != invoice.total_minor:
        parts = f"subtotal {show(invoice.subtotal_minor)} plus tax {show(invoice.tax_minor)}"
        return f"{parts} is not its total {show(invoice.total_minor)}"
    taxes_minor = sum(invoice.tax_minor_by_code.values())
    if invoice.tax_minor_by_code and taxes_minor != invoice.tax_minor:
        return f"its taxes add up to {show(taxes_minor)}, its tax is {show(invoice.tax_minor)}"
    return ""


def _is_not_negative(invoice: Invoice, desired: Desired, present: Present) -> str:
    if invoice.total_minor < 0:
        total = format_minor(invoice.total_minor, invoice.currency_code)
        return f"its total {total} is negative; Odoo wants a credit note"
    return ""


def _has_customer(invoice: Invoice, desired: Desired, present: Present) -> str:
    partner = desired.partners.get(invoice.customer_id)
    if partner is None:
        return f"its customer {invoice.customer_id!r} is not among the partners"
    return "" if partner.name else f"its customer {invoice.customer_id!r} has no name"


def _has_accounts(invoice: Invoice, desired: Desired, present: Present) -> str:
    for line in invoice.lines:
        family = desired.families.get(line.service_family)
        if family is None:
            return f"line {line.position} is of the family {line.service_family!r}, which has no account"
        account = present.books.accounts.get(family.account_code)
        if said := account_trouble(family.account_code, family.account_type, account):
            return f"{said} (family {line.service_family})"
    return ""


def _has_taxes(invoice: Invoice, desired: Desired, present: Present) -> str:
    used: set[str] = set()
    for line in invoice.lines:
        if line.tax_codes is None:
            return f"the tax of line {line.position} ({line.description!r}) is not mapped"
        used.update(line.tax_codes)
    for code in sorted(used):
        known = desired.taxes.get(code)
        if known is None:
            return f"the tax code {code!r} is not in the list of tax codes"
        tax = present.books.taxes.get(known.odoo_external_name)
        if tax is None:
            return f"Odoo has no sale tax {known.odoo_external_name} ({known.tax_name})"
        if not tax.is_active:
            return f"the sale tax {tax.name} is archived in Odoo"
        if tax.is_price_included:
            return f"the sale tax {tax.name} is price-included in Odoo; amounts here are before tax"
    if invoice.tax_minor and not used:
        return f"it has {format_minor(invoice.tax_minor, invoice.currency_code)} of tax, and no line carries a tax"
    return ""


def _has_currency(invoice: Invoice, desired: Desired, present: Present) -> str:
    currency = present.books.currencies.get(invoice.currency_code)
    return "" if currency else f"Odoo does not know the currency {invoice.currency_code}"


def _may_bring_its_rate(invoice: Invoice, desired: Desired, present: Present) -> str:
    return NO_RATES if invoice.rate and not present.books.takes_rates else ""


def _has_sale_journal(invoice: Invoice, desired: Desired, present: Present) -> str:
    if invoice.own_number:
        return numbers_trouble(present.books.numbers_journal)
    return "" if present.books.sale_journal else "Odoo has no sales journal in this company"


REFUSALS: tuple[Rule, ...] = (
    _adds_up,
    _is_not_negative,
    _has_customer,
    _has_accounts,
    _has_taxes,
    _has_currency,
    _may_bring_its_rate,
    _has_sale_journal,
)


def _has_no_twin(invoice: Invoice, desired: Desired, present: Present) -> str:
    twin = present.twins.get(invoice.key)
    return twin_says(invoice, twin, has_draft=invoice.key in present.moves) if twin else ""


def _is_in_open_period(invoice: Invoice, desired: Desired, present: Present) -> str:
    """A lock date does not fail the post: Odoo silently moves the entry (facts: odoo "Lock dates")."""
    is_taxed = any(line.tax_codes for line in invoice.lines)
    for name, locked_until in present.books.locks.items():
        if invoice.invoiced_on <= locked_until and (name != "tax_lock_date" or is_taxed):
            return f"{invoice.invoiced_on} lies in a locked period ({LOCK_WORDS[name]} is {locked_until})"
    return ""


def _has_rate(invoice: Invoice, desired: Desired, present: Present) -> str:
    """Before the first rate Odoo silently uses the earliest, and without any it counts 1.0 (facts: odoo "Rates"). An
    invoice that brings its own needs none."""
    books, code = present.books, invoice.currency_code
    if code == books.company_currency:
        return ""
    currency = books.currencies[code]
    if not currency.is_active:
        return f"the currency {code} is not active in Odoo; activate it"
    if invoice.rate:
        return ""
    if currency.first_rate_on is None or currency.first_rate_on > invoice.invoiced_on:
        return f"Odoo has no {code} rate on or before {invoice.invoiced_on}; enter one"
    return ""


def _has_active_partner(invoice: Invoice, desired: Desired, present: Present) -> str:
    partner = present.partners.get(invoice.customer_id)
    if partner and not partner.is_active:
        return f"its customer {partner.name!r} is archived in Odoo; unarchive it"
    return ""


def _has_a_free_number(invoice: Invoice, desired: Desired, present: Present) -> str:
    """Odoo refuses a number that is taken only when it posts, and leaves the draft behind (facts: odoo "Invoice numbers")."""
    if desired.choices.numbers != "source":
        return ""
    if not invoice.invoice_number:
        return "its source gives it no number, and entries keep their source's number (NEXABOOKS_ODOO_NUMBERS)"
    number = number_of(invoice.own_number, present.revision_of(invoice.key))
    if number in present.numbers:
        entry_id, key = present.numbers[number]
        whose = f"that of {key}" if key else "of no source: rename it"
        return f"its number {number} is taken in Odoo by entry {entry_id}, {whose}"
    others = desired.by_number[invoice.invoice_number]
    first = next((one for one in others if one.key == invoice.key or _may_keep(one, present)), invoice)
    return "" if first.key == invoice.key else f"its number {number} is also that of {first.key}"


def _may_keep(invoice: Invoice, present: Present) -> bool:
    """Whether its entry keeps its number, or will."""
    move = present.moves.get(invoice.key)
    return bool(invoice.own_number) and (move is None or move.state == "draft")


PARKS: tuple[Rule, ...] = (_has_no_twin, _is_in_open_period, _has_rate, _has_active_partner, _has_a_free_number)


def payment_reason_to_refuse(payment: Payment, invoice: Invoice, desired: Desired, present: Present) -> str:
    """Why this payment cannot be sent, or ''."""
    if payment.amount_minor <= 0:
        return f"its amount {format_minor(payment.amount_minor, payment.currency_code)} is not above zero"
    if (payment.document_currency_code or payment.currency_code) != invoice.currency_code:
        return f"it is in {payment.currency_code}, its {invoice.kind.replace('_', ' ')} in {invoice.currency_code}"
    route = desired.routes.get(payment.route)
    if route is None:
        return f"its route {payment.route!r} is not among the payment routes (payment_routes.csv)"
    if not route.is_booked:
        return f"its route {payment.route} is not booked (payment_routes.csv)"
    if said := route_trouble(route, present.books.payment_journals, present.books.accounts):
        return said
    if payment.settles_kind == "payment":
        if payment.settled_payment_key not in {p.key for p in invoice.payments}:
            return f"the payment that it settles, {payment.settles_payment_id}, is not one of its invoice"
        settled = present.payments.get(payment.settled_payment_key)
        if settled and settled.is_spent:
            return f"the payment that it settles, {payment.settles_payment_id}, has nothing left"
    return ""


def payment_reason_to_park(payment: Payment, books: Books) -> str:
    """Why this payment must wait, or ''. Its entry would silently be dated into the first open period."""
    for name in ("fiscalyear_lock_date", "hard_lock_date"):
        locked_until: date | None = books.locks.get(name)
        if locked_until and payment.paid_on <= locked_until:
            return f"{payment.paid_on} lies in a locked period ({LOCK_WORDS[name]} is {locked_until})"
    return ""
