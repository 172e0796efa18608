"""What finance chose, laid over what the warehouse asks for: the rate that an invoice is converted by and the currency in
which its money is booked (docs/decisions/0017), and the number that its entry carries (0024).

What is in the books stays as it was booked, whatever is chosen later: a posted entry is recognised by its hash, a payment by
its currency. So a change of a setting is no difference between Odoo and the source. An entry whose hash is of an older way
of hashing is held to neither rate nor number.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Context, Decimal

from nexabooks.ledger.desired import Desired, Invoice, rate_text
from nexabooks.ledger.desired_payments import Payment
from nexabooks.ledger.own_numbers import number_of
from nexabooks.ledger.present import Present, PresentMove

RATE_DIGITS = 15  # of the rate that is sent: as many as a double keeps, so that Odoo holds what was meant
RATE_TOLERANCE = Decimal("0.0000000001")  # relative; Odoo counts rates in binary


def as_chosen(desired: Desired, present: Present) -> Desired:
    """`desired` with each invoice and payment as it is booked, or stands in the books already. Harmless to repeat."""
    invoices = tuple(_chosen(invoice, desired, present) for invoice in desired.invoices)
    return replace(desired, invoices=invoices)


def _chosen(invoice: Invoice, desired: Desired, present: Present) -> Invoice:
    number = invoice.invoice_number if desired.choices.numbers == "source" else ""
    wanted = _as(invoice, invoice.source_rate if _takes_source_rate(invoice, desired, present) else None, number)
    move = present.moves.get(invoice.key)
    if move and move.state == "posted" and not move.has_comparable_hash:
        wanted = _as(invoice, None, "")
    elif move and move.state == "posted" and move.content_hash != wanted.content_hash:
        ways = [(rate, own) for rate in {None, invoice.source_rate} for own in ("", invoice.invoice_number)]
        as_booked = (_as(invoice, *way) for way in ways)
        wanted = next((one for one in as_booked if one.content_hash == move.content_hash), wanted)
    if not any(payment.settled_minor for payment in invoice.payments):
        return wanted
    return replace(wanted, payments=tuple(_payment(payment, invoice, desired, present) for payment in invoice.payments))


def _takes_source_rate(invoice: Invoice, desired: Desired, present: Present) -> bool:
    return desired.choices.rate == "source" and invoice.currency_code != present.books.company_currency


def _as(invoice: Invoice, rate: Decimal | None, own_number: str) -> Invoice:
    if (invoice.rate, invoice.own_number) == (rate, own_number):
        return invoice
    return replace(invoice, rate=rate, own_number=own_number)


def _payment(payment: Payment, invoice: Invoice, desired: Desired, present: Present) -> Payment:
    """As the company received it, unless another payment settles what is left of it: that one is in the invoice's currency."""
    if payment.settles_kind != "invoice" or payment.settled_currency_code != present.books.company_currency:
        return payment
    held = present.payments.get(payment.key)
    if held and not held.is_taken_back:
        is_settled = held.currency_code == payment.settled_currency_code
    else:
        is_met = any(p.settles_payment_id == payment.payment_id for p in invoice.payments)
        is_settled = desired.choices.rate == "source" and not is_met
    return payment.as_settled() if is_settled else payment


def odoo_rate(rate: Decimal) -> Decimal:
    """A rate as Odoo writes it: units of the invoice's currency for one of the company's."""
    return Context(prec=RATE_DIGITS).divide(Decimal(1), rate)


def rate_differs(invoice: Invoice, move: PresentMove) -> str:
    """Both rates side by side when an entry was not converted by the invoice's own; '' when it was, or has none."""
    if not invoice.rate:
        return ""
    if move.currency_rate and abs(move.currency_rate * invoice.rate - 1) <= RATE_TOLERANCE:
        return ""
    held = rate_text(Context(prec=10).divide(Decimal(1), move.currency_rate)) if move.currency_rate else "none"
    return f"the source settled it at the rate {rate_text(invoice.rate)}, Odoo holds {held}"


def number_differs(invoice: Invoice, move: PresentMove) -> str:
    """In words, that an entry does not carry the number that it should keep; '' when it does, or Odoo numbers it."""
    wanted = number_of(invoice.own_number, move.revision)
    if not wanted or move.name == wanted:
        return ""
    return f"it should keep the number {wanted}, Odoo calls it {move.name or 'nothing'}"


def rate_says(invoice: Invoice, company_currency: str, choices_rate: str) -> str:
    """Which rate converts it and why, for the plan; '' in the company's own currency."""
    if invoice.currency_code == company_currency:
        return ""
    if invoice.rate:
        both = f"{rate_text(invoice.rate)} {company_currency} for one {invoice.currency_code}"
        return f"{both}: its source settled it at that"
    why = invoice.no_rate_reason if choices_rate == "source" and not invoice.source_rate else ""
    return f"Odoo's rate of {invoice.invoiced_on}" + (f": {why}" if why else "")
