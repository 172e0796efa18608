"""The source's tax is forced where rounding alone differs, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nexabooks.ledger.desired import Line
from nexabooks.ledger.forced_tax import TaxLine, tax_corrections
from tests.ledger.makers import an_invoice, books, desired_of

THREE = (1_005, 1_005, 1_005)

# (amounts, codes, the source's tax by code, Odoo's tax lines) -> (corrected lines, words of a refusal)
CASES = {
    "equal": (THREE, ("hst_13",), {"hst_13": 392}, [TaxLine(1, 11, -392)], [], ""),
    "13 % per line and not per document": (
        THREE,
        ("hst_13",),
        {"hst_13": 393},
        [TaxLine(1, 11, -392)],
        [(1, -393)],
        "",
    ),
    "GST and QST, the second off by one": (
        (9_999,),
        ("gst_5", "qst_9975"),
        {"gst_5": 500, "qst_9975": 998},
        [TaxLine(1, 13, -500), TaxLine(2, 14, -997)],
        [(2, -998)],
        "",
    ),
    "a group tax gives the cent to its larger member": (
        (9_999,),
        ("gst_qst",),
        {"gst_qst": 1_498},
        [TaxLine(1, 13, -500), TaxLine(2, 14, -997)],
        [(2, -998)],
        "",
    ),
    "three lines may differ by three": (THREE, ("hst_13",), {"hst_13": 395}, [TaxLine(1, 11, -392)], [(1, -395)], ""),
    "three lines may not differ by four": (THREE, ("hst_13",), {"hst_13": 396}, [TaxLine(1, 11, -392)], [], "rounding"),
    "no tax line to correct": ((1,), ("hst_13",), {"hst_13": 1}, [], [], "no tax line"),
    "exempt": ((9_999,), ("exempt",), {"exempt": 0}, [], [], ""),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_how_far_a_tax_is_forced(case):
    """At most one minor unit a line and tax."""
    amounts, codes, taxes, lines, expected, words = case
    rates = {code: taxes.get(code, 0) for code in codes}
    invoice = an_invoice(amounts_minor=amounts, tax_codes=codes, tax_minor_by_code=rates)
    corrections, why_not = tax_corrections(invoice, lines, desired_of(invoice), books())
    assert [(c.line_id, c.amount_currency_minor) for c in corrections] == expected
    assert words in why_not
    assert bool(words) is bool(why_not)


def test_a_credit_note_has_its_tax_on_the_other_side():
    """The tax line of a refund is a debit."""
    note = an_invoice("cn_1", THREE, tax_minor_by_code={"hst_13": 393}, kind="credit_note")
    corrections, _ = tax_corrections(note, [TaxLine(1, 11, 392)], desired_of(note), books())
    assert [(c.line_id, c.amount_currency_minor) for c in corrections] == [(1, 393)]


def test_one_tax_needs_no_split_by_code():
    """A source that gives one tax in all, and lines with one code, leave nothing to guess."""
    invoice = replace(an_invoice(amounts_minor=THREE, tax_minor_by_code={"hst_13": 393}), tax_minor_by_code={})
    corrections, why_not = tax_corrections(invoice, [TaxLine(1, 11, -392)], desired_of(invoice), books())
    assert [c.amount_currency_minor for c in corrections] == [-393]
    assert why_not == ""


def test_two_taxes_without_a_split_are_not_guessed():
    """Which of the two would get the cent nobody said."""
    lines = (Line(1, "A", "hosting", 9_999, ("gst_5", "qst_9975")),)
    invoice = replace(
        an_invoice(amounts_minor=(9_999,), tax_minor_by_code={"gst_5": 1_498}), lines=lines, tax_minor_by_code={}
    )
    _, why_not = tax_corrections(invoice, [TaxLine(1, 13, -500), TaxLine(2, 14, -997)], desired_of(invoice), books())
    assert "does not say" in why_not
