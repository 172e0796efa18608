"""Whole invoices by the ledger itself: Odoo's untaxed amount, tax and total are the source's to the cent, or it is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from nexabooks.ledger import make_plan, read_present
from nexabooks.ledger.desired import Invoice, Line, TaxCode
from tests.contract.conftest import Server
from tests.contract.test_currencies import currency
from tests.contract.test_taking_a_run_back import Story
from tests.ledger.makers import TAXES, applied, desired_of

LISTED = TAXES | {"gst_0": TaxCode("gst_0", "0% GST", Decimal(0), "gst_sale_tax_0")}
H = ("hst_13",)
# What the source sent: (amount, taxes) a line, tax by code -> what was done about the tax.
AS_IT_IS, FORCED = "equal to its source to the cent", "the source's tax was forced, a difference of 0.01 CAD"
EQUAL = {
    "a discount as a line of its own": ([(10_000, H), (-1_500, H)], {"hst_13": 1_105}, AS_IT_IS),
    "proration": ([(3_003, H), (-1_267, H), (2_100, H)], {"hst_13": 499}, AS_IT_IS),
    "amounts of 3.333 pieces": ([(3_333, H), (41, H), (12_345, H)], {"hst_13": 2_043}, AS_IT_IS),
    "several rates": (
        [(1_005, H), (1_005, ("hst_15",)), (777, ("gst_5",)), (500, ())],
        {"hst_13": 131, "hst_15": 151, "gst_5": 39},
        AS_IT_IS,
    ),
    "GST and QST": ([(9_999, ("gst_5", "qst_9975"))], {"gst_5": 500, "qst_9975": 997}, AS_IT_IS),
    "GST and QST, rounded up": ([(9_999, ("gst_5", "qst_9975"))], {"gst_5": 500, "qst_9975": 998}, FORCED),
    "GST and QST as one, rounded up": ([(9_999, ("gst_qst",))], {"gst_qst": 1_498}, FORCED),
    "99.91 with the tax inside": ([(8_842, H)], {"hst_13": 1_149}, AS_IT_IS),
    "three of 10.00 with the tax inside": ([(885, H)] * 3, {"hst_13": 345}, AS_IT_IS),
    "rounded line by line": ([(1_005, H)] * 3, {"hst_13": 393}, FORCED),
    "exempt": ([(9_999, ("exempt",))], {}, AS_IT_IS),
    "zero-rated": ([(9_999, ("gst_0",))], {"gst_0": 0}, AS_IT_IS),
    "no tax": ([(9_999, ())], {}, AS_IT_IS),
}


def source_invoice(story: Story, name: str, lines, tax_minor_by_code, **changes) -> Invoice:
    subtotal_minor, tax_minor = sum(minor for minor, _ in lines), sum(tax_minor_by_code.values())
    return replace(
        story.invoice(name, **changes),
        lines=tuple(Line(n, f"Line {n}", "hosting", minor, codes) for n, (minor, codes) in enumerate(lines, 1)),
        subtotal_minor=subtotal_minor,
        tax_minor_by_code=tax_minor_by_code,
        tax_minor=tax_minor,
        total_minor=subtotal_minor + tax_minor,
    )


def close(server: Server, story: Story, *invoices: Invoice) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """(what is refused or parked: why, the receipt of each draft), by invoice."""
    desired = replace(desired_of(*invoices, partners=(story.partner,)), taxes=LISTED)
    plan = make_plan(desired, read_present(server.client, desired), mode="post", run_id=f"{story.prefix}_r")
    mine = replace(plan, actions=tuple(a for a in plan.actions if a.customer_id == story.prefix))
    receipts = applied(mine, server.client, story.journal)
    stopped = {a.source_invoice_id: a.reason for a in mine.actions if a.verb in ("refuse", "park")}
    return stopped, {r.source_invoice_id: (r.outcome, r.says) for r in receipts if r.action == "create"}


def test_every_kind_of_invoice_is_posted_to_the_cent(server):
    """Taxes that only rounding turns are forced to the source's, and the receipt says so."""
    story = Story(server, "cent")
    invoices = {name: source_invoice(story, f"{n:02}", *EQUAL[name][:2]) for n, name in enumerate(EQUAL)}
    stopped, receipts = close(server, story, *invoices.values())
    assert stopped == {}
    found = {
        row[0]: row[1:]
        for row in story.moves("x_fc_source_invoice_id", "state", "amount_untaxed", "amount_tax", "amount_total")
    }
    for name, invoice in invoices.items():
        wanted = tuple(
            Decimal(minor) / 100 for minor in (invoice.subtotal_minor, invoice.tax_minor, invoice.total_minor)
        )
        assert found[invoice.source_invoice_id] == ("posted", *wanted), name
        outcome, says = receipts[invoice.source_invoice_id]
        assert (outcome, EQUAL[name][2] in says) == ("done", True), (name, says)


def test_what_is_more_than_rounding_stays_a_draft_with_both_computations(server):
    """Side by side in its receipt; nothing is posted."""
    story = Story(server, "more")
    invoice = source_invoice(story, "in", [(1_005, H)], {"hst_13": 140})
    _, receipts = close(server, story, invoice)
    outcome, says = receipts[invoice.source_invoice_id]
    assert outcome == "refused"
    assert "the source says 10.05 + 1.40 = 11.45 CAD, Odoo holds 10.05 + 1.31 = 11.36 CAD" in says
    assert story.moves("state") == [("draft",)]


def test_a_draft_that_lost_a_line_loses_it_in_odoo(server):
    """By the external ids of the lines that are left; then it is posted to the cent."""
    story = Story(server, "lost")
    story.close(story.invoice("in", amounts_minor=(10_000, 2_000)), mode="draft")
    stopped, _ = close(server, story, source_invoice(story, "in", [(10_000, H)], {"hst_13": 1_300}))
    assert stopped == {}
    ((id, state, total),) = story.moves("id", "state", "amount_total")
    assert (state, total) == ("posted", Decimal(113))
    domain = [["move_id", "=", id], ["display_type", "=", "product"]]
    assert server.client.search_count("account.move.line", domain) == 1


REFUSED = {
    "a negative total": (([(-10_000, H)], {"hst_13": -1_300}), {}, "Odoo wants a credit note"),
    "a sum that is none": (([(10_000, H)], {"hst_13": 1_300}), {"total_minor": 11_301}, "is not its total 113.01 CAD"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_add_up_is_never_sent(server, name):
    """Refused by the plan."""
    (lines, taxes), changes, words = REFUSED[name]
    story = Story(server, f"refused{list(REFUSED).index(name)}")
    invoice = replace(source_invoice(story, "in", lines, taxes), **changes)
    stopped, _ = close(server, story, invoice)
    assert words in stopped[invoice.source_invoice_id]
    assert story.moves("id") == []


def test_another_currency_is_posted_by_the_rate_of_its_day(server):
    """And waits when there is none, or it is inactive; a forced tax is in its own currency."""
    story = Story(server, "currency")
    with currency(server, "CHF", rates={"2026-10-01": "1.40"}):
        usual = source_invoice(story, "a", [(10_000, H), (3_015, H)], {"hst_13": 1_692}, currency_code="CHF")
        forced = source_invoice(story, "b", [(1_005, H)] * 3, {"hst_13": 393}, currency_code="CHF")
        day = date(2026, 9, 1)
        early = source_invoice(story, "c", [(100, H)], {"hst_13": 13}, currency_code="CHF", invoiced_on=day, due_on=day)
        stopped, receipts = close(server, story, usual, forced, early)
    assert stopped == {early.source_invoice_id: "Odoo has no CHF rate on or before 2026-09-01; enter one"}
    assert "a difference of 0.01 CHF" in receipts[forced.source_invoice_id][1]
    assert story.moves("state", "amount_total", "amount_total_signed") == [
        ("posted", Decimal("147.07"), Decimal("205.9")),
        ("posted", Decimal("34.08"), Decimal("47.71")),
    ]
    with currency(server, "CHF", is_active=False):
        stopped, _ = close(server, story, replace(early, source_invoice_id=f"{story.prefix}_d"))
    assert stopped == {f"{story.prefix}_d": "the currency CHF is not active in Odoo; activate it"}


def test_an_archived_customer_waits_and_an_archived_account_or_tax_is_refused(server):
    """By name, before anything is sent; Odoo itself would post for the customer and the tax."""
    story = Story(server, "archived")
    story.close(story.invoice("a"))
    (partner,) = server.client.search_read("res.partner", [["x_fc_customer_id", "=", story.prefix]], ["id"])
    next_one = story.invoice("b")
    changes = {
        "archived in Odoo; unarchive it": ("res.partner", partner["id"]),
        "the account NCR.HOSTIN is archived: activate it, or map another (family hosting)": (
            "account.account",
            server.books.accounts["NCR.HOSTIN"].account_id,
        ),
        "the sale tax 13% HST is archived in Odoo": ("account.tax", server.books.taxes["hst_sale_tax_13"].tax_id),
    }
    for words, (model, id) in changes.items():
        server.admin.write_call(model, "write", ids=[id], vals={"active": False})
        try:
            stopped, _ = close(server, story, next_one)
        finally:
            server.admin.write_call(model, "write", ids=[id], vals={"active": True})
        assert words in stopped[next_one.source_invoice_id]
    assert len(story.moves("id")) == 1
