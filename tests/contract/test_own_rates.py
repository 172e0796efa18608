"""The source's own rate, by the ledger itself: what Odoo makes of an invoice that brings its rate and of the money that was
settled at it. NEXABOOKS_ODOO_RATE=source, docs/decisions/0017.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from nexabooks.ledger import make_plan, read_present
from nexabooks.ledger.choices import odoo_rate
from nexabooks.ledger.desired import Choices, Desired, Invoice
from tests.contract.conftest import Server
from tests.contract.test_currencies import currency, in_currency
from tests.contract.test_taking_a_run_back import Story
from tests.contract.test_to_the_cent import source_invoice
from tests.contract.test_what_the_ledger_relies_on import FIELDS, post, read, rows
from tests.ledger.makers import a_payment, applied, desired_of


@pytest.fixture(autouse=True)
def _has_own_rates(server: Server) -> None:
    """Odoo 18 counts by its own rate whatever it is sent, so the ledger leaves such a draft as it is and says so."""
    if server.version < 19:
        pytest.skip("before 19 Odoo takes no rate from an invoice")


SOURCE, ODOO = Choices(rate="source"), Choices()
RATES = {"1999-01-01": "1.40"}  # Odoo's, of a day before all that is tested here
H = ("hst_13",)


def settled(story: Story, name: str, lines, settled_minor: int, rate: str, **changes) -> Invoice:
    """An invoice in francs, paid through Stripe at once and settled in the company's currency."""
    subtotal_minor = sum(minor for minor, _ in lines)
    tax_minor = {"hst_13": round(subtotal_minor * 13 / 100)} if lines[0][1] else {}
    invoice = source_invoice(story, name, lines, tax_minor, currency_code="CHF", **changes)
    payment = a_payment(
        invoice,
        invoice.total_minor,
        f"{invoice.source_invoice_id}_pi",
        invoice.invoiced_on,
        settled_minor=settled_minor,
        settled_currency_code=story.server.books.company_currency,
    )
    return replace(invoice, source_rate=Decimal(rate), payments=(payment,))


def desired(story: Story, choices: Choices, *invoices: Invoice) -> Desired:
    return replace(desired_of(*invoices, partners=(story.partner,)), choices=choices)


def close(story: Story, choices: Choices, *invoices: Invoice, run: str = "r", mode: str = "post") -> list[str]:
    """One run over these invoices; what did not go well, in words."""
    client, wanted = story.server.client, desired(story, choices, *invoices)
    plan = make_plan(wanted, read_present(client, wanted), mode=mode, run_id=f"{story.prefix}_{run}")
    mine = replace(plan, actions=tuple(a for a in plan.actions if a.customer_id == story.prefix))
    stopped = [a.reason for a in mine.of("refuse", "park", "report", "correct")]
    receipts = applied(mine, client, story.journal)
    return [*stopped, *(r.says for r in receipts if r.outcome != "done")]


def entry_of(story: Story, invoice: Invoice, *fields: str) -> tuple:
    (row,) = [r for r in story.moves("x_fc_source_invoice_id", *fields) if r[0] == invoice.source_invoice_id]
    return row[1:]


def in_bank(story: Story) -> Decimal:
    """What the runs of this story have put on the account of the Stripe journal."""
    domain = [
        ["partner_id.x_fc_customer_id", "=", story.prefix],
        ["account_id", "=", story.server.books.payment_journals["NCSTR"].own_account_id],
        ["parent_state", "=", "posted"],
    ]
    return sum(
        (line["balance"] for line in story.server.client.all_of("account.move.line", domain, ["balance"])), Decimal(0)
    )


def exchange(story: Story) -> Decimal:
    """What stands on accounts of exchange gain or loss because of this story, in whichever entry."""
    domain = [
        ["partner_id.x_fc_customer_id", "=", story.prefix],
        ["parent_state", "=", "posted"],
        ["name", "ilike", "exchange"],
        ["account_id.account_type", "!=", "asset_receivable"],
    ]
    return sum(
        (line["balance"] for line in story.server.client.all_of("account.move.line", domain, ["balance"])), Decimal(0)
    )


SETTLED = {
    # lines, what Stripe put on the balance in all, its rate -> the invoice in the company's currency
    "one line": ([(9_900, ())], 13_588, "1.3725", "135.88"),
    "a rate of many digits": ([(123_456, ())], 112_867, "0.914229", "1128.67"),
    "three lines, each rounded up": ([(1_005, ())] * 3, 4_138, "1.3725", "41.38"),
    "three lines, each rounded down": ([(1_001, ())] * 3, 4_121, "1.3722", "41.21"),
    "a tax": ([(9_900, H)], 15_354, "1.3725", "153.54"),
    "a tax that rounds otherwise before it is converted": ([(1_002, H)], 1_554, "1.3725", "15.54"),
    "line and tax both rounded up": ([(1_011, H)], 1_567, "1.3725", "15.68"),
}


@pytest.mark.parametrize("name", SETTLED)
def test_an_invoice_takes_the_rate_of_its_charge_and_is_paid_by_what_was_settled(server: Server, name: str):
    """It ends paid and the bank has what Stripe settled. Odoo rounds the lines together and each tax by itself: what
    that leaves over, half a cent for the lines and half a cent a tax at most, is an exchange difference."""
    lines, settled_minor, rate, signed = SETTLED[name]
    story = Story(server, f"rate{list(SETTLED).index(name)}")
    with currency(server, "CHF", rates=RATES):
        invoice = settled(story, "a", lines, settled_minor, rate)
        assert close(story, SOURCE, invoice) == []
        state, payment_state, left, total, held = entry_of(
            story, invoice, "state", "payment_state", "amount_residual", "amount_total_signed", "invoice_currency_rate"
        )
        assert (state, payment_state, left, total) == ("posted", "paid", 0, Decimal(signed))
        assert abs(held * Decimal(rate) - 1) < Decimal("0.0000000001")
        assert in_bank(story) == Decimal(settled_minor) / 100
        assert exchange(story) == Decimal(signed) - Decimal(settled_minor) / 100
        wanted = desired(story, SOURCE, invoice)
        again = make_plan(wanted, read_present(server.client, wanted), mode="post", run_id="again")
        assert [a for a in again.actions if a.customer_id == story.prefix and a.verb != "keep"] == []


@pytest.mark.parametrize("first", ["with", "without"])
def test_one_run_makes_invoices_with_and_without_a_rate_of_their_own(server: Server, first: str):
    """They are sent apart, whichever is met first: Odoo refuses an empty cell, and would count a rate that was left out itself."""
    story = Story(server, f"mix{first}")
    with currency(server, "CHF", rates=RATES):
        has = settled(story, "a" if first == "with" else "z", [(10_000, ())], 13_725, "1.3725")
        has_none = settled(story, "m", [(10_000, ())], 13_725, "1.3725")
        has_none = replace(has_none, source_rate=None, no_rate_reason="it is not paid yet", payments=())
        both = (has, has_none) if first == "with" else (has_none, has)
        assert close(story, SOURCE, *both) == []
        assert entry_of(story, has, "state", "amount_total_signed") == ("posted", Decimal("137.25"))
        assert entry_of(story, has_none, "state", "amount_total_signed") == ("posted", Decimal("140"))


def test_an_invoice_posted_before_it_was_paid_keeps_odoos_rate_and_shows_the_difference(server: Server):
    """Its money is what Stripe settled all the same; the gain or loss is an entry of its own."""
    story = Story(server, "late")
    with currency(server, "CHF", rates=RATES):
        invoice = settled(story, "a", [(10_000, ())], 13_725, "1.3725")
        unpaid = replace(invoice, source_rate=None, no_rate_reason="it is not paid yet", payments=())
        assert close(story, SOURCE, unpaid) == []
        assert close(story, SOURCE, invoice, run="r2") == []
        assert entry_of(story, invoice, "payment_state", "amount_total_signed") == ("paid", Decimal("140"))
        assert in_bank(story) == Decimal("137.25")
        assert exchange(story) == Decimal("2.75")


def test_two_payments_of_one_invoice_each_meet_it_at_their_own_rate(server: Server):
    """The invoice has Odoo's rate, for it has no one rate of its own, and ends paid."""
    story = Story(server, "parts")
    with currency(server, "CHF", rates=RATES):
        invoice = settled(story, "a", [(10_000, ())], 13_725, "1.3725")
        parts = [
            a_payment(
                invoice, minor, f"{invoice.source_invoice_id}_{minor}", settled_minor=cad, settled_currency_code="CAD"
            )
            for minor, cad in ((4_000, 5_490), (6_000, 8_290))
        ]
        why = "it was paid in 2 parts, and each has a rate of its own"
        invoice = replace(invoice, source_rate=None, no_rate_reason=why, payments=tuple(parts))
        assert close(story, SOURCE, invoice) == []
        assert entry_of(story, invoice, "payment_state", "amount_residual") == ("paid", 0)
        assert in_bank(story) == Decimal("137.80")
        assert exchange(story) == Decimal("2.20")


def test_a_setting_that_changes_later_changes_nothing_in_the_books(server: Server):
    """What was posted at one rate stays as it is under the other setting, and so does its money."""
    story = Story(server, "turned")
    with currency(server, "CHF", rates=RATES):
        by_source = settled(story, "a", [(10_000, ())], 13_725, "1.3725")
        by_odoo = settled(story, "b", [(10_000, ())], 13_725, "1.3725")
        assert close(story, SOURCE, by_source) == []
        assert close(story, ODOO, by_odoo, run="r2") == []
        for choices in (SOURCE, ODOO):
            assert close(story, choices, by_source, by_odoo, run=f"r3 {choices.rate}") == []
        assert [r[:3] for r in story.moves("state", "payment_state", "amount_total_signed")] == [
            ("posted", "paid", Decimal("137.25")),
            ("posted", "paid", Decimal("140")),
        ]


def test_a_draft_follows_the_setting_until_it_is_posted(server: Server):
    """With a rate of its own when there is one, and back at Odoo's rate of the day when it is renewed without."""
    story = Story(server, "draft")
    with currency(server, "CHF", rates=RATES):
        invoice = settled(story, "a", [(10_000, ())], 13_725, "1.3725")
        totals = []
        for n, choices in enumerate((ODOO, SOURCE, ODOO, SOURCE)):
            assert close(story, choices, invoice, run=f"r{n}", mode="draft") == []
            totals.append(entry_of(story, invoice, "state", "amount_total_signed"))
        assert totals == [("draft", Decimal(total)) for total in ("140", "137.25", "140", "137.25")]


def test_an_invoice_with_a_rate_of_its_own_waits_for_none_of_odoos(server: Server):
    """Without any rate in Odoo it is posted; one that is not paid yet waits for an accountant's rate."""
    story = Story(server, "norate")
    with currency(server, "CHF", rates={}):
        paid, unpaid = (settled(story, name, [(10_000, ())], 13_725, "1.3725") for name in "ab")
        unpaid = replace(unpaid, source_rate=None, no_rate_reason="it is not paid yet", payments=())
        (waits,) = close(story, SOURCE, paid, unpaid)
        assert waits.startswith("Odoo has no CHF rate on or before")
        assert entry_of(story, paid, "payment_state", "amount_total_signed") == ("paid", Decimal("137.25"))


def test_an_empty_rate_is_refused_beside_a_rate(server: Server):
    """So invoices with a rate of their own are sent apart from the others."""
    with currency(server, "CHF", rates=RATES) as chf:
        sent = [rows(server, f"apart_{n}", ["10.00"], "")[0] for n in range(2)]
        data = [[str(chf), rate, *row] for rate, row in zip((str(odoo_rate(Decimal("1.3725"))), ""), sent, strict=True)]
        with pytest.raises(Exception, match="strictly positive"):
            server.client.load("account.move", ("currency_id/.id", "invoice_currency_rate", *FIELDS), data)


def test_odoo_keeps_every_digit_of_a_rate(server: Server):
    """Fifteen are sent and come back: a total of ten figures is Stripe's to the cent."""
    with currency(server, "CHF", rates=RATES) as chf:
        rate = odoo_rate(Decimal("1.3725"))
        id = in_currency(server, "digits", chf, rate=str(rate))
        post(server, id)
        assert abs(read(server, id, "invoice_currency_rate")[0] / rate - 1) < Decimal("1e-14")


@pytest.mark.parametrize(
    "name", ["one line", "a tax that rounds otherwise before it is converted", "line and tax both rounded up"]
)
def test_a_run_with_rates_of_its_own_goes_back_and_the_balances_are_as_before(server: Server, name: str):
    """The reversal has the rate of what it reverses, and an exchange difference goes with the match that made it."""
    lines, settled_minor, rate, _ = SETTLED[name]
    story = Story(server, f"back{list(SETTLED).index(name)}")
    with currency(server, "CHF", rates=RATES):
        invoice = settled(story, "a", lines, settled_minor, rate)
        assert close(story, SOURCE, invoice, run="r1") == []
        assert [r.says for r in story.undo() if r.outcome not in ("done", "already")] == []
        assert story.moves("state", "payment_state") == [("posted", "reversed")]
        assert story.balances() == {}
