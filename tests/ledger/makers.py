"""Small invented worlds for the ledger's tests: desired values, and books as Odoo would show them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from nexabooks.clients.odoo import OdooWriter
from nexabooks.ledger import MemoryJournal, Plan, Receipt, apply_plan
from nexabooks.ledger.books import Account, Books, Currency, Journal, Tax
from nexabooks.ledger.desired import Desired, Family, Invoice, Line, Partner, TaxCode
from nexabooks.ledger.desired_payments import Payment, route_of
from nexabooks.ledger.payment_journals import PaymentJournal
from nexabooks.ledger.present import Present, PresentMove, PresentPartner
from nexabooks.money import round_minor

DAY = date(2026, 10, 5)
FAMILY_WORDS = ("service_family", "account_code", "account_name", "account_type")
FAMILY_ROWS = [
    dict(zip(FAMILY_WORDS, words, strict=True))
    for words in (
        ("hosting", "NCR.HOSTIN", "NexaCloud Hosting Revenue", "income"),
        ("other", "NCR.OTHER", "NexaCloud Other Revenue", "income"),
        ("prepaid", "NCR.CREDIT", "Customer Credit and Prepaid", "liability_current"),
    )
]
FAMILIES = {row["service_family"]: Family(**row) for row in FAMILY_ROWS}
ROUTE_WORDS = ("route", "journal_code", "journal_name", "account_code", "account_name", "account_type", "is_booked")
ROUTE_ROWS = [
    dict(zip(ROUTE_WORDS, words, strict=True))
    for words in (
        ("stripe", "NCSTR", "NexaCloud Stripe", None, None, None, True),
        ("elsewhere", "NCOTH", "NexaCloud Other Receipts", "outstanding", None, None, True),
        ("balance", "NCBAL", "NexaCloud Customer Credit", *list(FAMILY_ROWS[2].values())[1:], True),
    )
]
ROUTES = {row["route"]: route_of(row) for row in ROUTE_ROWS}
RATES = {"hst_13": Decimal(13), "gst_5": Decimal(5), "qst_9975": Decimal("9.975"), "hst_15": Decimal(15)}
TAXES = {
    "hst_13": TaxCode("hst_13", "13% HST", RATES["hst_13"], "hst_sale_tax_13"),
    "hst_15": TaxCode("hst_15", "15% HST", RATES["hst_15"], "hst_sale_tax_15"),
    "gst_5": TaxCode("gst_5", "5% GST", RATES["gst_5"], "gst_sale_tax_5"),
    "qst_9975": TaxCode("qst_9975", "9.975% QST", RATES["qst_9975"], "qst_sale_tax_9975"),
    "gst_qst": TaxCode("gst_qst", "14.975% GST+QST", Decimal("14.975"), "gstqst_sale_tax_14975"),
    "exempt": TaxCode("exempt", "0% Exempt", Decimal(0), "exempt_sale_tax_0"),
}
ACME = Partner(
    "cust_1", "Acme Inc", email="books@acme.example", city="Toronto", state_name="Ontario", country_code="CA"
)


def an_invoice(
    id: str = "in_1",
    amounts_minor: tuple[int, ...] = (10_000,),
    tax_codes: tuple[str, ...] = ("hst_13",),
    *,
    paid_minor: int = 0,
    tax_minor_by_code: dict[str, int] | None = None,
    **changes: object,
) -> Invoice:
    """An invoice whose taxes are rounded over the whole document, unless they are given."""
    subtotal_minor = sum(amounts_minor)
    taxes = tax_minor_by_code
    if taxes is None:
        taxes = {code: round_minor(subtotal_minor * RATES[code] / 100) for code in tax_codes}
    lines = tuple(
        Line(n, f"Hosting {n}", "hosting", amount, tuple(sorted(tax_codes)))
        for n, amount in enumerate(amounts_minor, start=1)
    )
    invoice = Invoice(
        source_system="stripe",
        source_invoice_id=id,
        kind="invoice",
        customer_id="cust_1",
        invoice_number=f"N-{id}",
        invoiced_on=DAY,
        due_on=date(2026, 11, 4),
        currency_code="CAD",
        subtotal_minor=subtotal_minor,
        tax_minor=sum(taxes.values()),
        total_minor=subtotal_minor + sum(taxes.values()),
        verdict="verified",
        stripe_invoice_id=id,
        lines=lines,
        tax_minor_by_code=taxes,
    )
    invoice = replace(invoice, **changes)
    if paid_minor:
        invoice = replace(invoice, payments=(a_payment(invoice, paid_minor),))
    return invoice


def a_payment(
    invoice: Invoice, amount_minor: int, id: str = "", day: date = date(2026, 10, 12), **changes: object
) -> Payment:
    """Money that comes in through Stripe for an invoice, unless `changes` say otherwise."""
    payment_id = id or f"pi_{invoice.source_invoice_id}"
    payment = Payment(
        invoice.source_system,
        payment_id,
        invoice.source_invoice_id,
        invoice.customer_id,
        day,
        amount_minor,
        invoice.currency_code,
        reference=payment_id,
    )
    return replace(payment, **changes)


def a_note(invoice: Invoice, id: str = "cn_1", amounts_minor: tuple[int, ...] = (4_000,), **changes: object) -> Invoice:
    """A credit note that lowers its invoice by all of its total, unless `changes` say otherwise."""
    note = an_invoice(
        id,
        amounts_minor,
        kind="credit_note",
        customer_id=invoice.customer_id,
        corrects_source_invoice_id=invoice.source_invoice_id,
    )
    return replace(note, **{"settles_corrected_minor": note.total_minor, **changes})


def paid_back(note: Invoice, amount_minor: int, id: str = "re_1", route: str = "stripe") -> Payment:
    """Money that goes back to the customer for a credit note."""
    return a_payment(note, amount_minor, id, direction="outbound", route=route, settles_kind="credit_note")


def desired_of(*invoices: Invoice, partners: tuple[Partner, ...] = (ACME,)) -> Desired:
    return Desired({p.customer_id: p for p in partners}, invoices, FAMILIES, TAXES, ROUTES)


def a_journal(id: int, code: str, name: str, own_account_id: int, books_to: int | None) -> PaymentJournal:
    lines = {"inbound": (2 * id,), "outbound": (2 * id + 1,)}
    accounts = dict.fromkeys(lines, (books_to,))
    return PaymentJournal(id, code, name, "bank", True, own_account_id, lines, accounts)


def books(**changes: object) -> Books:
    """Books in which everything is in order."""
    held = Books(
        company_name="Example Hosting Inc",
        company_currency="CAD",
        rounding_method="round_globally",
        accounts={
            "NCR.HOSTIN": Account(401, "NCR.HOSTIN", "NexaCloud Hosting Revenue", "income", True),
            "NCR.OTHER": Account(402, "NCR.OTHER", "NexaCloud Other Revenue", "income", True),
            "NCR.CREDIT": Account(405, "NCR.CREDIT", "Customer Credit and Prepaid", "liability_current", True),
        },
        taxes={
            "hst_sale_tax_13": Tax(11, "13% HST", Decimal(13), "percent", True, False, ()),
            "hst_sale_tax_15": Tax(12, "15% HST", Decimal(15), "percent", True, False, ()),
            "gst_sale_tax_5": Tax(13, "5% GST", Decimal(5), "percent", True, False, ()),
            "qst_sale_tax_9975": Tax(14, "9.975% QST", Decimal("9.975"), "percent", True, False, ()),
            "gstqst_sale_tax_14975": Tax(15, "14.975% GST+QST", Decimal(100), "group", True, False, (13, 14)),
            "exempt_sale_tax_0": Tax(16, "0% Exempt", Decimal(0), "percent", True, False, ()),
        },
        currencies={
            "CAD": Currency(3, True, None),
            "USD": Currency(1, True, date(2026, 10, 1)),
            "EUR": Currency(2, False, None),
        },
        sale_journal=Journal(7, "INV", "Sales"),
        payment_journals={
            "NCSTR": a_journal(13, "NCSTR", "NexaCloud Stripe", 403, 403),
            "NCOTH": a_journal(14, "NCOTH", "NexaCloud Other Receipts", 404, None),
            "NCBAL": a_journal(15, "NCBAL", "NexaCloud Customer Credit", 406, 405),
        },
        locks={},
    )
    return replace(held, **changes)


def move_of(invoice: Invoice, **changes: object) -> PresentMove:
    """The entry that Odoo holds after `invoice` was posted."""
    held = PresentMove(
        move_id=91,
        name="INV/2026/00001",
        state="posted",
        move_type="out_invoice",
        payment_state="not_paid",
        invoiced_on=invoice.invoiced_on,
        booked_on=invoice.invoiced_on,
        due_on=invoice.due_on,
        ref=invoice.invoice_number,
        partner_id=5,
        currency_code=invoice.currency_code,
        untaxed_minor=invoice.subtotal_minor,
        tax_minor=invoice.tax_minor,
        total_minor=invoice.total_minor,
        residual_minor=invoice.total_minor,
        content_hash=invoice.content_hash,
        foreign_ids=invoice.foreign_ids,
    )
    return replace(held, **changes)


def present_of(*moves: tuple[Invoice, PresentMove], **changes: object) -> Present:
    """What Odoo holds: these entries, their customer, and books in order."""
    partners = {"cust_1": PresentPartner(5, "Acme Inc", True, ACME.content_hash)} if moves else {}
    held = Present(books(), {invoice.key: move for invoice, move in moves}, {}, partners, {})
    return replace(held, **changes)


def applied(plan: Plan, client: OdooWriter, journal: MemoryJournal | None = None, **more: Any) -> list[Receipt]:
    """Carry `plan` out; what its run wrote down, in order."""
    journal = journal or MemoryJournal()
    apply_plan(plan, client, journal, now=now, **more)
    return [receipt for receipt in journal.receipts.values() if receipt.run_id == plan.run_id]


def now() -> datetime:
    return datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
