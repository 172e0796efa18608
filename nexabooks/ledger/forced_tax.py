"""The source's tax, where Odoo's own differs by rounding alone.

Odoo rounds a tax over the whole document (`round_globally`) or per line, a source may do the other: three lines of
10.05 at 13 % are 3.92 or 3.93. The bound is one minor unit a line and tax; anything more is not rounding and the draft
stays for a person. Odoo itself has no bound (facts: odoo "Forcing the source's tax": +5.00 was accepted and posted).
"""

from __future__ import annotations

from dataclasses import dataclass

from nexabooks.ledger.books import Books
from nexabooks.ledger.desired import Desired, Invoice
from nexabooks.money import format_minor


@dataclass(frozen=True, slots=True)
class TaxLine:
    """A tax line of a draft. Negative on an invoice, positive on a credit note."""

    line_id: int
    tax_id: int
    amount_currency_minor: int


@dataclass(frozen=True, slots=True)
class Correction:
    """The amount that a tax line should have, and by how much that differs."""

    line_id: int
    amount_currency_minor: int
    by_minor: int


def tax_corrections(
    invoice: Invoice, tax_lines: list[TaxLine], desired: Desired, books: Books
) -> tuple[list[Correction], str]:
    """(what to write so that each tax equals the source's, why it cannot be done). Both empty when they are equal.

    A group tax (GST+QST as one) is spread over its members' lines: the difference goes to the largest.
    """
    sign = 1 if invoice.kind == "credit_note" else -1
    wanted = dict(invoice.tax_minor_by_code)
    lines_by_code = {
        code: sum(code in (line.tax_codes or ()) for line in invoice.lines)
        for code in sorted({code for line in invoice.lines for code in line.tax_codes or ()})
    }
    if not wanted and len(lines_by_code) == 1:
        wanted = dict.fromkeys(lines_by_code, invoice.tax_minor)
    corrections = []
    for code, line_count in lines_by_code.items():
        tax = books.taxes[desired.taxes[code].odoo_external_name]
        ids = {tax.tax_id, *tax.member_ids}
        here = [line for line in tax_lines if line.tax_id in ids]
        held_minor = sign * sum(line.amount_currency_minor for line in here)
        if code not in wanted:
            if held_minor or invoice.tax_minor:
                return [], f"the source does not say how much of its tax is {tax.name}"
            continue
        by_minor = wanted[code] - held_minor
        if not by_minor:
            continue
        both = f"{tax.name}: the source says {_show(wanted[code], invoice)}, Odoo counts {_show(held_minor, invoice)}"
        if abs(by_minor) > line_count * max(1, len(tax.member_ids)):
            return [], f"{both}; that is more than rounding"
        if not here:
            return [], f"{both}; there is no tax line to correct"
        largest = max(here, key=lambda line: (abs(line.amount_currency_minor), -line.line_id))
        corrections.append(Correction(largest.line_id, largest.amount_currency_minor + sign * by_minor, by_minor))
    return corrections, ""


def _show(amount_minor: int, invoice: Invoice) -> str:
    return format_minor(amount_minor, invoice.currency_code)
