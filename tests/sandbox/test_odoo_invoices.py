"""What the pretend Odoo works out for a draft: totals, taxes, rounding, dates, forced taxes (facts: odoo, test vectors)."""

import pytest

from nexabooks.sandbox.odoo.asking import Refused
from nexabooks.sandbox.odoo.practice import Practice


@pytest.fixture
def books():
    return Practice()


def test_a_draft_has_its_lines_worked_out(books):
    """The create example of the facts, line by line."""
    hst = [[6, 0, [books.tax("hst_sale_tax_13")]]]
    id = books.draft(
        [0, 0, {"name": "Sub", "quantity": 1, "price_unit": 100.0, "account_id": books.saas, "tax_ids": hst}],
        [0, 0, {"name": "Svc", "quantity": 2, "price_unit": 33.335, "account_id": books.pro, "tax_ids": hst}],
        ref="INV-1001",
        x_fc_source_invoice_id="inv_1",
    )
    assert books.move(id, "amount_untaxed", "amount_tax", "amount_total", "amount_residual") == (
        166.67,
        21.67,
        188.34,
        188.34,
    )
    assert books.move(id, "state", "payment_state", "name", "date") == ("draft", "not_paid", False, "2026-10-05")
    rows = [
        (r["name"], r["display_type"], r["balance"], r["price_subtotal"], r["price_total"]) for r in books.lines(id)
    ]
    assert rows == [
        ("Sub", "product", -100.0, 100.0, 113.0),
        ("Svc", "product", -66.67, 66.67, 75.34),
        ("13% HST", "tax", -21.67, 0, 0),
        (False, "payment_term", 188.34, 0, 0),
    ]
    accounts = books.ask(
        "account.move.line", "search_read", domain=[["move_id", "=", id]], fields=["account_id"], order="id"
    )
    assert [a["account_id"][1].split(" ", 1)[1] for a in accounts] == [
        "SaaS subscriptions",
        "Professional services",
        "HST to pay - 13%",
        "Trade Accounts Receivable",
    ]


TAXES = {
    "a group tax": (["gstpst_sale_tax_12_bc"], [5.00, 7.00], 111.99),
    "two taxes": (["gst_sale_tax_5", "pst_sale_tax_7_bc"], [5.00, 7.00], 111.99),
    "GST and QST": (["gstqst_sale_tax_14975"], [5.00, 9.97], 114.96),
    "15% HST": (["hst_sale_tax_15"], [15.00], 114.99),
    "exempt": (["exempt_sale_tax_0"], [], 99.99),
    "none": ([], [], 99.99),
}


@pytest.mark.parametrize(("names", "amounts", "total"), TAXES.values(), ids=TAXES.keys())
def test_taxes_on_99_99(books, names, amounts, total):
    """The test vectors of the section on taxes."""
    id = books.draft(books.line(99.99, None, tax_ids=[[6, 0, [books.tax(n) for n in names]]]))
    assert [-b for b in books.lines(id, "tax", "balance")] == amounts
    assert books.move(id, "amount_total") == total


@pytest.mark.parametrize(("method", "total"), [("round_globally", 34.07), ("round_per_line", 34.08)])
def test_three_lines_of_10_05_round_by_the_company_setting(books, method, total):
    """Globally 3.92, per line 3.93; a draft that is there already does not change with the setting."""
    books.ask("res.company", "write", ids=[1], vals={"tax_calculation_rounding_method": method})
    id = books.draft(10.05, 10.05, 10.05)
    assert books.move(id, "amount_total") == total
    other = {"round_globally": "round_per_line", "round_per_line": "round_globally"}[method]
    books.ask("res.company", "write", ids=[1], vals={"tax_calculation_rounding_method": other})
    books.ask("account.move", "write", ids=[id], vals={"ref": "again"})
    assert books.move(id, "amount_total") == total


def test_unrounded_prices_are_rounded_once_a_document(books):
    """Three lines of 0.335 are 0.34 each, yet 1.01 together when the company rounds globally."""
    id = books.draft(*(books.line("0.335", None) for _ in range(3)))
    assert books.lines(id, "product", "price_subtotal") == [0.34, 0.34, 0.34]
    assert books.move(id, "amount_total") == 1.01


def test_a_quantity_is_rounded_to_two_places_and_a_price_is_kept(books):
    """3.333 becomes 3.33; 3.33 x 0.12345 is 0.41."""
    id = books.draft(books.line(0.12345, None, quantity=3.333))
    row = books.lines(id, "product")[0]
    assert (row["quantity"], row["price_unit"], row["price_subtotal"]) == (3.33, 0.12345, 0.41)


def test_numbers_may_come_as_text(books):
    """Quantity "1" and price "10.10" with 13 % are 11.41."""
    assert books.move(books.draft(books.line("10.10", quantity="1")), "amount_total") == 11.41


def test_a_negative_line_in_a_positive_invoice_counts(books):
    """50 and -5 with 13 %: 45.00 + 5.85 = 50.85."""
    assert books.move(books.posted(50, -5), "amount_untaxed", "amount_tax", "amount_total") == (45.0, 5.85, 50.85)


def test_without_a_due_date_today_is_due(books):
    """The trap: an October invoice is due on 2026-11-20; a payment term counts from the invoice's day."""
    assert books.move(books.draft(10, invoice_date_due=False), "invoice_date_due") == "2026-11-20"
    thirty = books.ref("account.account_payment_term_30days")
    assert (
        books.move(books.draft(10, invoice_date_due=False, invoice_payment_term_id=thirty), "invoice_date_due")
        == "2026-11-04"
    )


def test_a_term_in_two_parts_makes_two_due_lines(books):
    """30% now, the balance in 60 days; the parts add up."""
    term = books.ref("account.account_payment_term_advance")
    id = books.draft(books.line("10.01", None), invoice_date_due=False, invoice_payment_term_id=term)
    parts = [(r["balance"], r["date_maturity"]) for r in books.lines(id, "payment_term")]
    assert parts == [(3.0, "2026-10-05"), (7.01, "2026-12-04")]


def test_the_dates_of_a_draft(books):
    """Without invoice_date the accounting date is today, and posting sets it; an explicit date is honoured."""
    id = books.draft(10, invoice_date=False)
    assert books.move(id, "invoice_date", "date") == (False, "2026-11-20")
    books.ask("account.move", "action_post", ids=[id])
    assert books.move(id, "invoice_date") == "2026-11-20"
    later = books.posted(10, date="2026-11-01")
    assert books.move(later, "invoice_date", "date") == ("2026-10-05", "2026-11-01")


def totals(books, suffix, amount):
    return {
        "subtotals": [
            {"tax_groups": [{"id": books.ref(f"account.1_tax_group_{suffix}"), "tax_amount_currency": amount}]}
        ]
    }


def test_a_forced_tax_stays_through_posting(books):
    """3.93 instead of 3.92 by tax_totals in the create: 34.08."""
    id = books.posted(10.05, 10.05, 10.05, tax_totals=totals(books, "hst_13", 3.93))
    assert books.move(id, "amount_tax", "amount_total") == (3.93, 34.08)


def test_two_groups_and_a_credit_note_can_be_forced(books):
    """GST 5.00 + QST 9.98 on 99.99 is 114.97, on a credit note too."""
    groups = [
        {"id": books.ref(f"account.1_tax_group_{g}"), "tax_amount_currency": a}
        for g, a in (("gst", 5.00), ("qst", 9.98))
    ]
    line = books.line(99.99, "gstqst_sale_tax_14975")
    for kind in ("out_invoice", "out_refund"):
        id = books.posted(line, move_type=kind, tax_totals={"subtotals": [{"tax_groups": groups}]})
        assert books.move(id, "amount_tax", "amount_total") == (14.98, 114.97)


def test_an_unknown_tax_group_is_passed_over_silently(books):
    """The trap of tax_totals: 3.92 stays."""
    wrong = {"subtotals": [{"tax_groups": [{"id": 9999, "tax_amount_currency": 3.93}]}]}
    assert books.move(books.draft(10.05, 10.05, 10.05, tax_totals=wrong), "amount_tax") == 3.92


def test_there_is_no_bound_to_a_forced_tax(books):
    """+5.00 is accepted and posted."""
    id = books.posted(10.05, 10.05, 10.05, tax_totals=totals(books, "hst_13", 8.93))
    assert books.move(id, "amount_total") == 39.08


@pytest.mark.parametrize("way", ["through the move", "on the line", "whole structure"])
def test_a_tax_can_be_forced_on_a_draft(books, way):
    """By the tax line (negative on a sale) or by writing the structure back; the receivable line follows."""
    id = books.draft(10.05, 10.05, 10.05)
    tax_line = books.lines(id, "tax", "id")[0]
    if way == "through the move":
        books.ask("account.move", "write", ids=[id], vals={"line_ids": [[1, tax_line, {"amount_currency": -3.93}]]})
    elif way == "on the line":
        books.ask("account.move.line", "write", ids=[tax_line], vals={"amount_currency": -3.93})
    else:
        structure = books.move(id, "tax_totals")
        structure["subtotals"][0]["tax_groups"][0]["tax_amount_currency"] = 3.93
        books.ask("account.move", "write", ids=[id], vals={"tax_totals": structure})
    assert books.move(id, "amount_total") == 34.08
    assert books.lines(id, "payment_term", "balance") == [34.08]


def test_a_forced_tax_is_kept_until_a_quantity_or_price_changes(books):
    """Edits of ref, date and a line's name keep it; quantity 2 on one line makes it 40.20 + 5.23."""
    id = books.draft(10.05, 10.05, 10.05, tax_totals=totals(books, "hst_13", 3.93))
    line = books.lines(id, "product", "id")[0]
    books.ask("account.move", "write", ids=[id], vals={"ref": "R", "invoice_date": "2026-10-06"})
    books.ask("account.move", "write", ids=[id], vals={"invoice_line_ids": [[1, line, {"name": "Other"}]]})
    assert books.move(id, "amount_tax") == 3.93
    books.ask("account.move", "write", ids=[id], vals={"invoice_line_ids": [[1, line, {"quantity": 2}]]})
    assert books.move(id, "amount_untaxed", "amount_tax") == (40.20, 5.23)


def test_an_own_tax_line_at_create_is_worked_out_again(books):
    """2.62 asked, 2.61 stored."""
    tax = {
        "display_type": "tax",
        "name": "13% HST",
        "tax_line_id": books.tax("hst_sale_tax_13"),
        "amount_currency": -2.62,
    }
    id = books.draft(10.05, 10.05, line_ids=[[0, 0, tax]])
    assert books.lines(id, "tax", "balance") == [-2.61]


UNCHECKED = {
    "a purchase tax on a sale line": {"tax_ids": "hst_purchase_tax_13"},
    "a receivable account on a product line": {"account_id": "l10n_ca_112110"},
}


@pytest.mark.parametrize("given", UNCHECKED.values(), ids=UNCHECKED.keys())
def test_odoo_does_not_check_these(books, given):
    """They post; the loader must look itself."""
    vals = (
        {"tax_ids": [[6, 0, [books.tax(given["tax_ids"])]]]}
        if "tax_ids" in given
        else {"account_id": books.tax(given["account_id"])}
    )
    assert books.move(books.posted(books.line(10, **vals)), "state") == "posted"


def test_archived_taxes_and_partners_post_and_archived_accounts_do_not(books):
    """10.00 at an archived 7 % gives 0.70; an archived account stops the post and leaves the draft."""
    tax = books.tax("pst_sale_tax_7_bc")
    books.ask("account.tax", "write", ids=[tax], vals={"active": False})
    books.ask("res.partner", "write", ids=[books.partner], vals={"active": False})
    assert books.move(books.posted(books.line(10, None, tax_ids=[[6, 0, [tax]]])), "amount_tax") == 0.7
    books.ask("account.account", "write", ids=[books.pro], vals={"active": False})
    id = books.draft(books.line(10, account_id=books.pro))
    with pytest.raises(Refused, match=r"The account Professional services \(411902\) is archived."):
        books.ask("account.move", "action_post", ids=[id])


@pytest.mark.parametrize("vals", [{"account_id": 99999}, {"tax_ids": [[6, 0, [99999]]]}], ids=["account", "tax"])
def test_a_missing_account_or_tax_refuses_the_create(books, vals):
    """404 MissingError, and no draft."""
    with pytest.raises(Refused) as refused:
        books.draft(books.line(10, **vals))
    assert refused.value.name == "odoo.exceptions.MissingError"
    assert books.ask("account.move", "search_count", domain=[]) == 0


def test_omitted_taxes_and_accounts_are_filled_and_only_where_the_facts_tell_how(books):
    """Ontario gets 13% HST and the journal's account; a Canadian without a province no tax; others are not pretended."""
    id = books.draft([0, 0, {"name": "x", "price_unit": 100}])
    assert books.lines(id, "product", "tax_ids") == [[books.tax("hst_sale_tax_13")]]
    assert books.lines(id, "product", "account_id") == [books.tax("l10n_ca_411100")]
    nowhere, abroad = books.ask(
        "res.partner",
        "create",
        vals_list=[
            {"name": "N", "country_id": books.ref("base.ca")},
            {"name": "U", "country_id": books.ref("base.us")},
        ],
    )
    bare = [0, 0, {"name": "x", "price_unit": 100, "account_id": books.saas}]
    assert books.lines(books.draft(bare, partner_id=nowhere), "product", "tax_ids") == [[]]
    with pytest.raises(Refused) as refused:
        books.draft(bare, partner_id=abroad)
    assert refused.value.status == 501
