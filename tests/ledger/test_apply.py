"""Carrying a plan out against the pretend Odoo: what stands in the books afterwards, and what the receipts say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from nexabooks.errors import PermanentError
from nexabooks.ledger import MemoryJournal, apply_plan
from tests.ledger.conftest import close, move, outcomes, plan_again
from tests.ledger.makers import ACME, a_note, a_payment, an_invoice, desired_of, now

THREE = (1_005, 1_005, 1_005)


STATES = {
    "paid": (an_invoice(paid_minor=11_300), "paid", Decimal("0")),
    "open": (an_invoice(), "not_paid", Decimal("113.00")),
    "paid in part": (an_invoice(paid_minor=5_000), "partial", Decimal("63.00")),
    "paid too much": (an_invoice(paid_minor=15_000), "paid", Decimal("0")),
}


@pytest.mark.parametrize(("invoice", "payment_state", "residual"), STATES.values(), ids=STATES.keys())
def test_an_invoice_reads_as_its_source_says(client, invoice, payment_state, residual):
    """Posted on its own day, with the money that came in and no more."""
    close(client, desired_of(invoice))
    assert move(client, "in_1", "state", "payment_state", "amount_residual") == ["posted", payment_state, residual]
    assert plan_again(client, desired_of(invoice)).is_empty


def test_what_is_written_on_an_invoice(client):
    """Header, line and payment carry the source's facts, field by field."""
    close(client, desired_of(an_invoice(paid_minor=11_300)))
    header = ("ref", "invoice_date", "date", "invoice_date_due", "x_fc_source_system", "x_fc_kind", "x_fc_run_id")
    assert move(client, "in_1", *header) == [
        "N-in_1",
        "2026-10-05",
        "2026-10-05",
        "2026-11-04",
        "stripe",
        "invoice",
        "r1",
    ]
    lines = client.search_read(
        "account.move.line",
        [["display_type", "=", "product"], ["move_id.x_fc_source_invoice_id", "=", "in_1"]],
        ["name", "quantity", "price_unit", "account_id", "tax_ids"],
    )
    assert [(x["name"], x["quantity"], x["price_unit"]) for x in lines] == [("Hosting 1", 1, 100)]
    assert "NexaCloud Hosting Revenue" in lines[0]["account_id"][1]
    fields = ["amount", "date", "memo", "state", "journal_id", "x_fc_source_system", "x_fc_source_invoice_id"]
    payment = client.search_read("account.payment", [["x_fc_payment_id", "=", "pi_in_1"]], fields)[0]
    assert (payment["amount"], payment["date"], payment["memo"], payment["state"]) == (
        113,
        "2026-10-12",
        "pi_in_1",
        "paid",
    )
    assert payment["journal_id"][1] == "NexaCloud Stripe"
    assert (payment["x_fc_source_system"], payment["x_fc_source_invoice_id"]) == ("stripe", "in_1")


def test_an_id_that_comes_late_is_written_on_a_draft_and_on_nothing_that_is_posted(client):
    """NexaCloud's row comes days after its source's invoice."""
    ids = ("x_fc_nexacloud_invoice_id", "x_fc_stripe_customer_id")
    named = replace(an_invoice(), nexacloud_invoice_id="u-1", stripe_customer_id="cus_1")
    close(client, desired_of(an_invoice()), "draft")
    assert outcomes(close(client, desired_of(named), "draft", "r2")) == [("update", "in_1", "done")]
    assert move(client, "in_1", "state", *ids) == ["draft", "u-1", "cus_1"]
    close(client, desired_of(named), run_id="r3")
    other = replace(named, nexacloud_invoice_id="u-2", payments=an_invoice(paid_minor=11_300).payments)
    assert outcomes(close(client, desired_of(other), run_id="r4")) == [("pay", "in_1", "done")]
    assert move(client, "in_1", "state", *ids, "payment_state") == ["posted", "u-1", "cus_1", "paid"]


TAXES = {
    "13 %": (an_invoice(amounts_minor=(9_999,)), 11_299, "equal"),
    "13 % rounded per document": (an_invoice(amounts_minor=THREE), 3_407, "equal"),
    "13 % rounded per line": (an_invoice(amounts_minor=THREE, tax_minor_by_code={"hst_13": 393}), 3_408, "0.01 CAD"),
    "15 %": (an_invoice(amounts_minor=(9_999,), tax_codes=("hst_15",)), 11_499, "equal"),
    "GST and QST": (an_invoice(amounts_minor=(9_999,), tax_codes=("gst_5", "qst_9975")), 11_496, "equal"),
    "GST and QST off by a cent": (
        an_invoice(
            amounts_minor=(9_999,), tax_codes=("gst_5", "qst_9975"), tax_minor_by_code={"gst_5": 500, "qst_9975": 998}
        ),
        11_497,
        "0.01 CAD",
    ),
    "GST and QST as one group": (
        an_invoice(amounts_minor=(9_999,), tax_codes=("gst_qst",), tax_minor_by_code={"gst_qst": 1_498}),
        11_497,
        "0.01 CAD",
    ),
    "exempt": (
        an_invoice(amounts_minor=(9_999,), tax_codes=("exempt",), tax_minor_by_code={"exempt": 0}),
        9_999,
        "equal",
    ),
    "no tax": (an_invoice(amounts_minor=(9_999,), tax_codes=()), 9_999, "equal"),
    "a negative line": (an_invoice(amounts_minor=(5_000, -500)), 5_085, "equal"),
}


@pytest.mark.parametrize(("invoice", "total_minor", "words"), TAXES.values(), ids=TAXES.keys())
def test_odoos_figures_equal_the_sources_to_the_cent(client, invoice, total_minor, words):
    """Where rounding alone differs the source's tax is forced, and said."""
    receipts = close(client, desired_of(invoice))
    assert {r.outcome for r in receipts} == {"done"}
    draft = next(r for r in receipts if r.action == "create")
    assert words in draft.says
    assert move(client, "in_1", "amount_total", "state") == [Decimal(total_minor) / 100, "posted"]
    assert plan_again(client, desired_of(invoice)).is_empty


def test_more_than_rounding_leaves_the_draft_and_says_both_figures(client):
    """The other invoice goes on; the draft is refused until somebody or the source corrects it."""
    wrong = an_invoice("in_2", THREE, tax_minor_by_code={"hst_13": 399})
    desired = desired_of(an_invoice(), wrong)
    receipts = close(client, desired)
    assert ("create", "in_2", "refused") in outcomes(receipts)
    assert ("post", "in_2", "refused") in outcomes(receipts)  # a step that is not taken has its receipt too
    assert ("post", "in_1", "done") in outcomes(receipts)
    said = next(r.says for r in receipts if r.source_invoice_id == "in_2")
    assert "the source says 30.15 + 3.99 = 34.14 CAD, Odoo holds 30.15 + 3.92 = 34.07 CAD" in said
    assert "more than rounding" in said
    assert move(client, "in_2", "state") == ["draft"]
    again = plan_again(client, desired)
    assert again.is_empty
    assert [a.verb for a in again.actions if a.source_invoice_id == "in_2"] == ["refuse"]
    right = desired_of(an_invoice(), an_invoice("in_2", THREE))
    close(client, right, run_id="r2")
    assert move(client, "in_2", "state", "amount_total") == ["posted", Decimal("34.07")]


def test_a_dollar_invoice_keeps_its_currency(client, accountant):
    """100.00 USD at 1.40, paid in USD."""
    rate = {"currency_id": 1, "name": "2026-10-01", "inverse_company_rate": Decimal("1.40")}
    usd = client.search_read("res.currency", [["name", "=", "USD"]], ["id"])[0]["id"]
    accountant.write_call("res.currency.rate", "create", vals_list=[rate | {"currency_id": usd}])
    invoice = an_invoice(currency_code="USD", tax_codes=(), paid_minor=10_000)
    desired = desired_of(invoice)
    assert {r.outcome for r in close(client, desired)} == {"done"}
    assert move(client, "in_1", "amount_total", "amount_total_signed", "payment_state") == [100, 140, "paid"]
    assert plan_again(client, desired).is_empty


def test_draft_mode_leaves_drafts(client, odoo):
    """Nothing is posted and nothing is paid; posting later needs no second draft."""
    desired = desired_of(an_invoice(paid_minor=11_300))
    receipts = close(client, desired, mode="draft")
    assert outcomes(receipts) == [("partner_create", "cust_1", "done"), ("create", "in_1", "done")]
    assert odoo.totals()["documents"] == {"draft": 1}
    assert plan_again(client, desired, mode="draft").is_empty
    assert outcomes(close(client, desired, run_id="r2")) == [("post", "in_1", "done"), ("pay", "in_1", "done")]


def test_a_dry_run_is_never_applied(client, odoo):
    """It plans what posting would do, and touches nothing."""
    desired = desired_of(an_invoice())
    with pytest.raises(PermanentError, match="dry_run"):
        close(client, desired, mode="dry_run")
    assert odoo.totals()["documents"] == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [((10_000, 5_000, 200), (10_000,)), ((10_000,), (900, 9_000, 90, 9)), ((10_000,), (20_000,))],
    ids=["lines disappear", "lines appear", "an amount changes"],
)
def test_a_draft_follows_its_source(client, odoo, before, after):
    """What is no longer at the source is no longer on the draft, and nothing is there twice."""
    close(client, desired_of(an_invoice(amounts_minor=before)), mode="draft")
    desired = desired_of(an_invoice(amounts_minor=after))
    assert outcomes(close(client, desired, mode="draft", run_id="r2")) == [("update", "in_1", "done")]
    assert move(client, "in_1", "amount_untaxed") == [Decimal(sum(after)) / 100]
    assert plan_again(client, desired, mode="draft").is_empty
    assert odoo.totals()["documents"] == {"draft": 1}


def test_a_line_that_went_away_may_come_back(client):
    """Under the same external id, and once."""
    for n, amounts in enumerate([(10_000, 5_000, 200), (10_000,), (10_000, 600)]):
        desired = desired_of(an_invoice(amounts_minor=amounts))
        close(client, desired, mode="draft", run_id=f"r{n}")
        assert move(client, "in_1", "amount_untaxed") == [Decimal(sum(amounts)) / 100]
        assert plan_again(client, desired, mode="draft").is_empty


def test_a_posted_entry_is_never_touched(client, odoo):
    """Void after posting, and another amount after posting, are proposals for a person."""
    invoice = an_invoice()
    close(client, desired_of(invoice))
    before = odoo.snapshot()
    for changed in (replace(invoice, verdict="void"), an_invoice(amounts_minor=(20_000,), paid_minor=100)):
        plan = plan_again(client, desired_of(changed))
        assert [a.verb for a in plan.actions] == ["correct"]
        assert not apply_plan(plan, client, MemoryJournal(), now=now)
    assert move(client, "in_1", "state", "amount_total") == ["posted", 113]
    odoo.restore(before)


def test_a_credit_note_is_matched_with_its_invoice(client):
    """113.00 less 45.20 leaves 67.80, which the customer then pays."""
    invoice = an_invoice(paid_minor=6_780)
    note = a_note(invoice)
    desired = desired_of(invoice, note)
    receipts = close(client, desired)
    assert ("match", "cn_1", "done") in outcomes(receipts)
    assert move(client, "cn_1", "move_type", "payment_state", "amount_total") == [
        "out_refund",
        "paid",
        Decimal("45.20"),
    ]
    assert move(client, "in_1", "payment_state", "amount_residual") == ["paid", 0]
    assert plan_again(client, desired).is_empty


def test_a_credit_note_of_a_paid_invoice_stays_open(client):
    """The customer's credit, until money goes back."""
    invoice = an_invoice(paid_minor=11_300)
    close(client, desired_of(invoice))
    desired = desired_of(
        invoice,
        an_invoice(
            "cn_1", THREE, kind="credit_note", corrects_source_invoice_id="in_1", tax_minor_by_code={"hst_13": 393}
        ),
    )
    close(client, desired, run_id="r2")
    assert move(client, "cn_1", "payment_state", "amount_total") == ["not_paid", Decimal("34.08")]
    assert plan_again(client, desired).is_empty


def test_an_invoice_may_be_paid_in_parts_on_several_days(client):
    """Each payment on its own day."""
    invoice = an_invoice()
    parts = (a_payment(invoice, 5_000, "pi_a"), a_payment(invoice, 6_300, "pi_b", date(2026, 10, 20)))
    desired = desired_of(replace(invoice, payments=parts))
    close(client, desired)
    assert move(client, "in_1", "payment_state") == ["paid"]
    payments = client.search_read("account.payment", [], ["date", "amount", "x_fc_payment_id"], order="id")
    assert [(p["x_fc_payment_id"], p["date"], p["amount"]) for p in payments] == [
        ("pi_a", "2026-10-12", 50),
        ("pi_b", "2026-10-20", 63),
    ]
    assert plan_again(client, desired).is_empty


def test_one_payment_may_settle_two_invoices(client):
    """As at Lago: one payment id, each invoice its own part."""
    one, two = an_invoice("in_1"), an_invoice("in_2", (5_000,))
    one = replace(one, payments=(a_payment(one, 11_300, "pay_9"),))
    two = replace(two, payments=(a_payment(two, 5_650, "pay_9"),))
    desired = desired_of(one, two)
    close(client, desired)
    assert move(client, "in_1", "payment_state") == move(client, "in_2", "payment_state") == ["paid"]
    assert plan_again(client, desired).is_empty


def test_an_invoice_paid_late_is_paid_then(client, odoo):
    """The entry stands, the money is added."""
    close(client, desired_of(an_invoice()))
    receipts = close(client, desired_of(an_invoice(paid_minor=11_300)), run_id="r2")
    assert outcomes(receipts) == [("pay", "in_1", "done")]
    assert odoo.totals()["documents"] == {"posted": 1}


def test_a_customer_changes_his_e_mail(client):
    """The same customer, not a second one."""
    close(client, desired_of(an_invoice()))
    moved = replace(ACME, email="new@acme.example")
    receipts = close(client, desired_of(an_invoice(), partners=(moved,)), run_id="r2")
    assert outcomes(receipts) == [("partner_update", "cust_1", "done")]
    records = client.search_read(
        "res.partner", [["x_fc_customer_id", "=", "cust_1"]], ["email", "country_id", "state_id"]
    )
    assert [(r["email"], r["country_id"][1]) for r in records] == [("new@acme.example", "Canada")]
    assert "Ontario" in records[0]["state_id"][1]


def test_a_place_that_odoo_does_not_know_is_left_empty_and_said(client):
    """Nothing is guessed."""
    odd = replace(ACME, state_name="Nowhere", country_code="XX")
    receipts = close(client, desired_of(an_invoice(), partners=(odd,)))
    assert "country 'XX', province 'Nowhere'" in receipts[0].says
    assert receipts[0].outcome == "done"


def test_text_arrives_as_it_was_written(client):
    """HTML, emoji, quotes, line breaks and a leading = are text."""
    name = 'Tante "Ü" <b>& Söhne</b> 🐘'
    invoice = an_invoice(invoice_number="=1+1")
    line = replace(invoice.lines[0], description="Line one\nline <two> 🐘, 'three'; \"four\"")
    desired = desired_of(replace(invoice, lines=(line,)), partners=(replace(ACME, name=name),))
    assert {r.outcome for r in close(client, desired)} == {"done"}
    assert client.search_read("res.partner", [["x_fc_customer_id", "=", "cust_1"]], ["name"])[0]["name"] == name
    assert move(client, "in_1", "ref") == ["=1+1"]
    lines = client.search_read("account.move.line", [["display_type", "=", "product"]], ["name"])
    assert lines[0]["name"] == line.description
