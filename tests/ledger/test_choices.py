"""What finance chose, laid over what is asked for: the rate and the number of an invoice, and what stays as it was booked."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from nexabooks.ledger.checks import NO_RATES
from nexabooks.ledger.choices import as_chosen, number_differs, odoo_rate, rate_differs
from nexabooks.ledger.desired import Choices
from nexabooks.ledger.own_numbers import NUMBER_FORM, NumbersJournal, number_of
from nexabooks.ledger.plan import make_plan
from nexabooks.ledger.plan_page import plan_page
from nexabooks.ledger.present import PresentPayment, read_present
from tests.ledger.makers import DAY, a_payment, an_invoice, applied, books, desired_of, move_of, now, present_of

SOURCE, ODOO = Choices(rate="source"), Choices()
RATE = Decimal("1.3725")


def in_dollars(**changes):
    """An invoice of 113.00 USD whose charge was settled as 155.09 CAD."""
    invoice = an_invoice(currency_code="USD", source_rate=RATE)
    paid = a_payment(invoice, 11_300, settled_minor=15_509, settled_currency_code="CAD")
    return replace(invoice, payments=(paid,), **changes)


def chosen(choices, invoice, present=None):
    return as_chosen(replace(desired_of(invoice), choices=choices), present or present_of()).invoices[0]


def booked(payment, currency_code, amount_minor):
    return PresentPayment(7, "paid", amount_minor, payment.paid_on, currency_code, 8, (91,))


@pytest.mark.parametrize(("choices", "rate", "money"), [(ODOO, None, (11_300, "USD")), (SOURCE, RATE, (15_509, "CAD"))])
def test_an_invoice_and_its_money_go_by_the_setting(choices, rate, money):
    """By Odoo's rate in its own currency, or by its charge's in the company's."""
    invoice = chosen(choices, in_dollars())
    (payment,) = invoice.payments
    assert (invoice.rate, (payment.amount_minor, payment.currency_code)) == (rate, money)


def test_an_odoo_that_takes_no_rates_refuses_an_invoice_that_brings_one():
    """Before 19: it would be converted by another rate, or not be taken. By Odoo's own it goes through."""
    present = present_of(books=books(takes_rates=False))
    for choices, said in ((SOURCE, [NO_RATES]), (ODOO, [])):
        plan = make_plan(replace(desired_of(in_dollars()), choices=choices), present, mode="post", run_id="r")
        assert [a.reason for a in plan.of("refuse")] == said


def test_choosing_twice_is_choosing_once():
    """The brakes plan what was planned before."""
    once = as_chosen(replace(desired_of(in_dollars()), choices=SOURCE), present_of())
    assert as_chosen(once, present_of()) == once


@pytest.mark.parametrize("other", [ODOO, SOURCE], ids=lambda c: c.rate)
@pytest.mark.parametrize("rate", [None, RATE], ids=["posted at Odoo's rate", "posted at its own"])
def test_what_is_posted_keeps_its_rate_whatever_is_chosen_later(rate, other):
    """And is no difference between Odoo and the source."""
    invoice = in_dollars()
    posted = replace(invoice, rate=rate)
    move = move_of(posted, currency_rate=odoo_rate(rate or Decimal("1.4")), residual_minor=0)
    present = present_of((posted, move))
    assert chosen(other, invoice, present).rate == rate
    plan = make_plan(replace(desired_of(invoice), choices=other), present, mode="post", run_id="r")
    assert [a.verb for a in plan.actions if a.kind == "invoice"] == ["keep"]


@pytest.mark.parametrize("other", [ODOO, SOURCE], ids=lambda c: c.rate)
@pytest.mark.parametrize("held", [(11_300, "USD"), (15_509, "CAD")], ids=["in dollars", "as settled"])
def test_money_that_is_booked_keeps_its_currency(held, other):
    """One that was taken back is made anew as finance chooses now."""
    invoice = in_dollars()
    payment = booked(invoice.payments[0], held[1], held[0])
    present = present_of(payments={invoice.payments[0].key: payment})
    assert chosen(other, invoice, present).payments[0].currency_code == held[1]
    gone = present_of(payments={invoice.payments[0].key: replace(payment, state="canceled")})
    wanted = "CAD" if other is SOURCE else "USD"
    assert chosen(other, invoice, gone).payments[0].currency_code == wanted


def test_a_payment_with_a_surplus_stays_in_the_currency_in_which_the_surplus_is_settled():
    """Two open lines of two currencies would not meet to the cent."""
    invoice = in_dollars()
    surplus = a_payment(
        invoice, 100, "in_1:overpaid", direction="outbound", settles_kind="payment", settles_payment_id="pi_in_1"
    )
    invoice = replace(invoice, payments=(*invoice.payments, surplus))
    assert {p.currency_code for p in chosen(SOURCE, invoice).payments} == {"USD"}


def test_money_settled_in_a_third_currency_is_booked_in_the_invoices():
    """The company never had it in its own."""
    invoice = in_dollars()
    paid = replace(invoice.payments[0], settled_currency_code="EUR")
    assert chosen(SOURCE, replace(invoice, payments=(paid,))).payments == (paid,)


@pytest.mark.parametrize(
    ("choices", "changes", "says"),
    [
        (ODOO, {}, f"Odoo's rate of {DAY}"),
        (SOURCE, {}, "1.3725 CAD for one USD: its source settled it at that"),
        (
            SOURCE,
            {"source_rate": None, "no_rate_reason": "it is not paid yet"},
            f"Odoo's rate of {DAY}: it is not paid yet",
        ),
        (SOURCE, {"currency_code": "CAD", "source_rate": None, "payments": ()}, ""),
    ],
)
def test_the_plan_says_which_rate_and_why(choices, changes, says):
    """On each of its rows; in the company's own currency there is nothing to say."""
    desired = replace(desired_of(replace(in_dollars(), **changes)), choices=choices)
    plan = make_plan(desired, present_of(), mode="post", run_id="r")
    assert {a.rate for a in plan.of("create", "post")} == {says}


def test_the_page_shows_the_rate_and_what_it_is_settled_from():
    """Beside the step, for the person who approves it."""
    plan = make_plan(replace(desired_of(in_dollars()), choices=SOURCE), present_of(), mode="post", run_id="r")
    page = plan_page(plan.to_dict(), None, made_at=now())
    assert "Rate: 1.3725 CAD for one USD: its source settled it at that" in page
    assert "paid 155.09 CAD on 2026-10-12, settled from 113.00 USD" in page


def test_an_approval_is_of_one_rate():
    """The same invoice at another rate is another step."""
    plans = [
        make_plan(replace(desired_of(in_dollars()), choices=c), present_of(), mode="post", run_id="r")
        for c in (ODOO, SOURCE)
    ]
    first, second = ({a.fingerprint for a in plan.of("create", "post", "pay")} for plan in plans)
    assert first & second == set()


@pytest.mark.parametrize(
    ("held", "differs"),
    [
        (odoo_rate(RATE), ""),
        (Decimal("0.7285974499089252"), ""),  # as a double comes back
        (odoo_rate(Decimal("1.4")), "the source settled it at the rate 1.3725, Odoo holds 1.4"),
        (None, "the source settled it at the rate 1.3725, Odoo holds none"),
    ],
)
def test_a_rate_that_was_sent_is_compared(held, differs):
    """To the last digits that a double keeps."""
    invoice = replace(in_dollars(), rate=RATE)
    assert rate_differs(invoice, move_of(invoice, currency_rate=held)) == differs


def test_a_posted_entry_at_another_rate_than_it_was_sent_is_a_difference():
    """Somebody changed the rate in Odoo before it was posted."""
    invoice = replace(in_dollars(), rate=RATE)
    present = present_of((invoice, move_of(invoice, currency_rate=odoo_rate(Decimal("1.4")))))
    plan = make_plan(replace(desired_of(invoice), choices=SOURCE), present, mode="post", run_id="r")
    (action,) = [a for a in plan.actions if a.kind == "invoice"]
    assert action.verb == "correct"
    assert "the rate 1.3725, Odoo holds 1.4" in action.reason


# Numbers


KEPT = Choices(numbers="source")
JOURNAL = NumbersJournal(9, "NCINV", "NexaCloud Invoices", "sale", True, NUMBER_FORM)


def in_books(*moves, journal=JOURNAL, **changes):
    """What Odoo holds, with the journal of the source's numbers."""
    return present_of(*moves, books=books(numbers_journal=journal), **changes)


def reasons(present, *invoices, choices=KEPT):
    """verb and reason of each invoice that is not simply made."""
    plan = make_plan(replace(desired_of(*invoices), choices=choices), present, mode="post", run_id="r")
    return [(a.verb, a.reason) for a in plan.actions if a.verb in ("park", "refuse", "correct", "report")]


@pytest.mark.parametrize(("choices", "number"), [(ODOO, ""), (KEPT, "N-in_1")])
def test_an_entry_keeps_its_sources_number_where_finance_chose_so(choices, number):
    """Else Odoo numbers it, and the source's stands in its reference alone."""
    assert chosen(choices, an_invoice(), in_books()).own_number == number


@pytest.mark.parametrize("other", [ODOO, KEPT], ids=lambda c: c.numbers)
@pytest.mark.parametrize(("number", "name"), [("", "INV/2026/00001"), ("N-in_1", "N-in_1")])
def test_what_is_posted_keeps_its_number_whatever_is_chosen_later(number, name, other):
    """And is no difference."""
    posted = replace(an_invoice(), own_number=number)
    move = move_of(posted, name=name, journal_id=9 if number else 7)
    assert reasons(in_books((posted, move)), an_invoice(), choices=other) == []


@pytest.mark.parametrize("choices", [KEPT, SOURCE], ids=["numbers", "rate"])
def test_an_entry_that_was_hashed_an_older_way_is_held_to_no_number_and_no_rate(choices):
    """By its hash nobody can tell what was chosen when it was posted; what is chosen now is no difference."""
    invoice = replace(in_dollars(), payments=())
    held = move_of(invoice, content_hash="1-abc", currency_rate=odoo_rate(Decimal("1.4")))
    assert reasons(in_books((invoice, held)), invoice, choices=choices) == []


@pytest.mark.parametrize(
    ("journal", "says"),
    [
        (
            None,
            "Odoo has no sales journal NCINV, where entries keep their source's number; run `nexabooks odoo setup --apply`",
        ),
        (replace(JOURNAL, is_active=False), "the journal NCINV is archived: activate it"),
        (replace(JOURNAL, journal_type="bank"), "the journal NCINV is of type bank, not sale: free the code"),
        (
            replace(JOURNAL, form=""),
            "the journal NCINV would read years into the source's numbers; run `nexabooks odoo setup --apply`",
        ),
    ],
)
def test_without_a_sound_journal_an_invoice_is_refused_and_one_that_odoo_numbers_is_not(journal, says):
    """By name, with what to do."""
    assert reasons(in_books(journal=journal), an_invoice()) == [("refuse", says)]
    assert reasons(in_books(journal=journal), an_invoice(), choices=ODOO) == []


def test_the_number_of_a_reversed_posting_stays_taken_and_the_next_one_says_which_it_is():
    """So it is free for the invoice that had it, and for no other."""
    first, other = an_invoice(), an_invoice("in_2", invoice_number="N-in_1")
    reversed_once = move_of(first, name="N-in_1", journal_id=9)
    present = in_books(taken_back={first.key: (reversed_once,)})
    assert reasons(present, first) == []
    says = f"its number N-in_1 is taken in Odoo by entry 91, that of {first.key}"
    assert reasons(present, other) == [("park", says)]


@pytest.mark.parametrize(("revision", "name"), [(1, "N-1"), (2, "N-1-R2"), (3, "N-1-R3")])
def test_a_later_posting_says_which_it_is(revision, name):
    """The first one keeps its own for ever."""
    assert number_of("N-1", revision) == name
    invoice = an_invoice(invoice_number="N-1", own_number="N-1")
    assert number_differs(invoice, move_of(invoice, name=name, revision=revision)) == ""
    assert number_differs(invoice, move_of(invoice, name="N-9", revision=revision)).endswith("Odoo calls it N-9")


def test_a_number_that_two_may_have_goes_to_the_one_that_still_needs_it():
    """An entry that Odoo numbered takes none of the source's."""
    old, new = an_invoice(), an_invoice("in_2", invoice_number="N-in_1")
    by_odoo = move_of(old, journal_id=7)
    assert reasons(in_books((old, by_odoo)), old, new) == []
    assert reasons(in_books(), old, new) == [("park", f"its number N-in_1 is also that of {old.key}")]


def test_drafts_with_and_without_a_rate_are_sent_apart(client, accountant, odoo):
    """Each kind is loaded once and marked once, whatever their order: together Odoo would refuse the empty cells, and each would be sent alone."""
    usd = accountant.search_read("res.currency", [["name", "=", "USD"]], ["id"])[0]["id"]
    rate = {"currency_id": usd, "name": "2026-01-01", "inverse_company_rate": Decimal("1.4")}
    accountant.write_call("res.currency.rate", "create", vals_list=[rate])
    invoices = [
        an_invoice(f"in_{n}", currency_code="USD", source_rate=RATE, tax_codes=())
        if n % 2
        else an_invoice(f"in_{n}", tax_codes=())
        for n in range(6)
    ]
    desired = replace(desired_of(*invoices), choices=SOURCE)
    plan = make_plan(desired, read_present(client, desired), mode="draft", run_id="r1")
    odoo.faults.calls.clear()
    assert {r.outcome for r in applied(plan, client)} == {"done"}
    assert len([call for call in odoo.faults.calls if call.endswith("account.move/load")]) == 4
