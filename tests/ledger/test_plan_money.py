"""Money in the plan: what settles what, in which order, and what waits or is refused in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from nexabooks.ledger.books import Account
from nexabooks.ledger.desired_payments import PaymentRoute
from nexabooks.ledger.plan import make_plan
from nexabooks.ledger.present import Present, PresentPayment
from tests.ledger.makers import (
    ROUTES,
    a_journal,
    a_note,
    a_payment,
    an_invoice,
    books,
    desired_of,
    move_of,
    paid_back,
    present_of,
)

INVOICE = an_invoice()
NOTE = a_note(INVOICE)  # 45.20
REFUNDED = replace(NOTE, settles_corrected_minor=0, payments=(paid_back(NOTE, 4_520),))
OVERPAID = replace(
    INVOICE,
    payments=(
        a_payment(INVOICE, 15_000, "pi_1"),
        a_payment(
            INVOICE, 3_700, "in_1:overpaid",
            direction="outbound", route="balance", settles_kind="payment", settles_payment_id="pi_1",
        ),
    ),
)  # fmt: skip
DISPUTED = replace(
    INVOICE,
    payments=(
        a_payment(INVOICE, 11_300, "pi_1"),
        a_payment(INVOICE, 11_300, "dp_1", direction="outbound", settles_kind=""),
        a_payment(INVOICE, 11_300, "dp_1:reinstated", settles_kind="payment", settles_payment_id="dp_1"),
    ),
)


def held(payment, **changes) -> PresentPayment:
    """The payment as Odoo holds it after it was made and matched with nothing."""
    there = PresentPayment(
        71, "paid", payment.amount_minor, payment.paid_on, payment.currency_code, 171, (), payment.direction,
        {"stripe": 13, "elsewhere": 14, "balance": 15}[payment.route],
    )  # fmt: skip
    return replace(there, **changes)


def posted(*invoices, residuals=None, **changes) -> Present:
    """Books that hold these as posted; `residuals`: what is left of some, by id."""
    moves = []
    for n, invoice in enumerate(invoices, start=91):
        left = (residuals or {}).get(invoice.source_invoice_id, invoice.total_minor)
        moves.append((invoice, move_of(invoice, move_id=n, residual_minor=left)))
    return present_of(*moves, **changes)


def money(present: Present, *invoices) -> list[tuple[str, str, str]]:
    """(verb, what it is about, reason) of every action about money."""
    plan = make_plan(desired_of(*invoices), present, mode="post", run_id="r1")
    own = {"pay", "match", "park", "refuse", "report"}
    return [
        (a.verb, a.payment_id or a.source_invoice_id, a.reason)
        for a in plan.actions
        if a.verb in own and (a.kind == "payment" or a.verb == "match" or "of it are left" in a.reason)
    ]


def steps(present: Present, *invoices) -> list[tuple[str, str]]:
    return [(verb, name) for verb, name, _ in money(present, *invoices)]


def test_money_goes_in_the_order_in_which_it_can_be_matched():
    """A note's own payments, the note with its invoice, payments of invoices, what stands open, what settles payments."""
    paid = replace(DISPUTED, payments=DISPUTED.payments[::-1])
    note = replace(NOTE, settles_corrected_minor=2_000, payments=(paid_back(NOTE, 2_520),))
    assert steps(present_of(), paid, note) == [
        ("pay", "re_1"),
        ("match", "cn_1"),
        ("pay", "pi_1"),
        ("pay", "dp_1"),
        ("pay", "dp_1:reinstated"),
    ]


def test_a_payment_says_which_way_it_goes_by_which_route_and_to_which_account():
    """And all of it is part of what an approval is bound to."""
    plan = make_plan(desired_of(OVERPAID), present_of(), mode="post", run_id="r1")
    one, two = plan.of("pay")
    assert (one.direction, one.route, one.account_codes) == ("inbound", "stripe", ())
    assert (two.direction, two.route, two.account_codes) == ("outbound", "balance", ("NCR.CREDIT",))
    assert two.reason == "paid back 37.00 CAD on 2026-10-12, settles pi_1"
    for changes in ({"direction": "inbound"}, {"route": "stripe"}, {"settles_kind": "", "settles_payment_id": ""}):
        other = replace(OVERPAID, payments=(OVERPAID.payments[0], replace(OVERPAID.payments[1], **changes)))
        assert make_plan(desired_of(other), present_of(), mode="post", run_id="r1").hash != plan.hash


def test_money_that_a_person_booked_by_hand_is_not_booked_again():
    """The invoice has nothing left, and nothing of ours explains it: a person looks. What is left of it is booked as ever."""
    paid = replace(INVOICE, payments=(a_payment(INVOICE, 11_300, "pi_1"),))
    [(verb, name, reason)] = money(posted(paid, residuals={"in_1": 0}), paid)
    assert (verb, name) == ("report", "pi_1")
    assert "may be this money, booked by hand" in reason
    assert steps(posted(paid, residuals={"in_1": 100}), paid) == [("pay", "pi_1")]


def test_money_that_comes_for_an_invoice_which_is_settled_by_what_is_ours_is_booked():
    """Paid by our payment, or lowered to nothing by our credit note: it is money that came once more."""
    once, again = a_payment(INVOICE, 11_300, "pi_1"), a_payment(INVOICE, 11_300, "pi_2")
    paid = replace(INVOICE, payments=(once, again))
    there = posted(paid, residuals={"in_1": 0}, payments={once.key: held(once, settles=(91,))})
    assert steps(there, paid) == [("pay", "pi_2")]
    late = replace(INVOICE, payments=(once,))
    note = replace(NOTE, total_minor=11_300, settles_corrected_minor=11_300)
    assert ("pay", "pi_1") in steps(posted(late, note, residuals={"in_1": 0, "cn_1": 0}), late, note)


NOTES = {
    "it lowers its invoice": (NOTE, {}, [("match", "cn_1")]),
    "it was paid back and lowers nothing": (replace(NOTE, settles_corrected_minor=0), {}, []),
    "its invoice has nothing left": (NOTE, {"in_1": 0}, []),
    "it has nothing left": (NOTE, {"cn_1": 0}, []),
    "part of it waits to be paid back": (replace(NOTE, settles_corrected_minor=2_000), {}, [("park", "cn_1")]),
    "the invoice takes no more than the note lowers it by": (
        replace(NOTE, settles_corrected_minor=2_000), {"in_1": 2_000}, [("match", "cn_1")],
    ),
    "what lowers the invoice was matched, the rest waits": (
        replace(NOTE, settles_corrected_minor=2_000), {"cn_1": 2_520, "in_1": 9_300}, [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("note", "residuals", "expected"), NOTES.values(), ids=NOTES.keys())
def test_a_note_meets_its_invoice_by_what_lowers_it(note, residuals, expected):
    """Never by what is paid back, credited or refunded elsewhere."""
    assert steps(posted(INVOICE, note, residuals=residuals), INVOICE, note) == expected


def test_what_is_paid_back_is_no_part_of_what_lowers_the_invoice():
    """45.20, of which 25.20 went back and 20.00 lower the invoice: with the refund in the books they are matched."""
    note = replace(NOTE, settles_corrected_minor=2_000, payments=(paid_back(NOTE, 2_520),))
    refund = held(note.payments[0], settles=(92,), is_spent=True)
    present = posted(INVOICE, note, residuals={"cn_1": 2_000}, payments={note.payments[0].key: refund})
    assert steps(present, INVOICE, note) == [("match", "cn_1")]
    locked = books(locks={"hard_lock_date": date(2026, 10, 31)})
    waiting = money(posted(INVOICE, note, books=locked), INVOICE, note)
    assert [(verb, name) for verb, name, _ in waiting] == [("park", "re_1"), ("park", "cn_1")]
    assert "45.20 CAD of it are left and only 20.00 CAD lower in_1" in waiting[1][2]


def of_note(note, **changes) -> Present:
    """Books in which the note is posted and its refund made."""
    refund = held(note.payments[0], **changes)
    left = 0 if changes.get("settles") else note.total_minor
    return posted(note, residuals={note.source_invoice_id: left}, payments={note.payments[0].key: refund})


HELD = {
    "matched with its note": ({"settles": (91,), "is_spent": True}, []),
    "made and not matched": ({}, ["pay"]),
    "a draft": ({"state": "draft"}, ["pay"]),
    "cancelled in Odoo": ({"state": "canceled"}, ["report"]),
    "of another amount": ({"amount_minor": 1}, ["report"]),
    "the other way round": ({"direction": "inbound"}, ["report"]),
    "in another journal": ({"journal_id": 14}, ["report"]),
    "matched with something else by a person": ({"is_spent": True}, []),
}


@pytest.mark.parametrize(("changes", "expected"), HELD.values(), ids=HELD.keys())
def test_a_payment_that_is_there_is_never_changed(changes, expected):
    """It is matched, left alone, or reported."""
    assert [verb for verb, _ in steps(of_note(REFUNDED, **changes), REFUNDED)] == expected


def test_a_draft_of_a_payment_waits_behind_a_lock_date_like_a_new_one():
    """A run that was cut off left it; posted now, Odoo would silently date its entry into another month. So waits what settles it."""
    locked = books(locks={"fiscalyear_lock_date": date(2026, 10, 12)})
    first, second = OVERPAID.payments
    invoice = replace(OVERPAID, payments=(first, replace(second, paid_on=date(2026, 10, 13))))
    present = posted(invoice, books=locked, payments={first.key: held(first, state="draft")})
    assert money(present, invoice) == [
        ("park", "pi_1", "2026-10-12 lies in a locked period (the global lock date is 2026-10-12)"),
        ("park", "in_1:overpaid", "the payment that it settles, pi_1, is not in the books"),
    ]
    is_open = replace(present, books=books(locks={"fiscalyear_lock_date": date(2026, 10, 11)}))
    assert steps(is_open, invoice) == [("pay", "pi_1"), ("pay", "in_1:overpaid")]


def test_what_differs_between_odoo_and_the_source_is_said():
    """Both sides, with the direction where that is it."""
    assert money(of_note(REFUNDED, direction="inbound"), REFUNDED)[0][2] == (
        "its payment in Odoo is inbound 45.20 CAD on 2026-10-12, the source says outbound 45.20 CAD on 2026-10-12"
    )
    assert "its route stripe is now NCSTR" in money(of_note(REFUNDED, journal_id=14), REFUNDED)[0][2]


def overpaid(**changes) -> Present:
    """Books in which the payment of OVERPAID was made and matched with its invoice."""
    first = held(OVERPAID.payments[0], settles=(91,), **changes)
    return posted(OVERPAID, residuals={"in_1": 0}, payments={OVERPAID.payments[0].key: first})


def test_what_was_paid_too_much_becomes_the_customers_credit():
    """Once; and not when a person used it in Odoo meanwhile."""
    first, second = OVERPAID.payments
    assert steps(overpaid(), OVERPAID) == [("pay", "in_1:overpaid")]
    both = {first.key: held(first, settles=(91,), is_spent=True), second.key: held(second, is_spent=True)}
    assert steps(posted(OVERPAID, residuals={"in_1": 0}, payments=both), OVERPAID) == []
    assert money(overpaid(is_spent=True), OVERPAID) == [
        ("refuse", "in_1:overpaid", "the payment that it settles, pi_1, has nothing left")
    ]


def test_a_payment_waits_for_the_one_that_it_settles():
    """And comes back by itself."""
    locked = books(locks={"hard_lock_date": date(2026, 10, 12)})
    late = replace(OVERPAID.payments[1], paid_on=date(2026, 10, 13))
    invoice = replace(OVERPAID, payments=(OVERPAID.payments[0], late))
    found = money(posted(invoice, books=locked), invoice)
    assert [(verb, name) for verb, name, _ in found] == [("park", "pi_1"), ("park", "in_1:overpaid")]
    assert found[1][2] == "the payment that it settles, pi_1, is not in the books"


def test_a_payment_that_found_nothing_left_is_no_report_when_another_settles_it():
    """The whole of it was too much."""
    second = a_payment(INVOICE, 3_700, "pi_2")
    back = replace(OVERPAID.payments[1], settles_payment_id="pi_2")
    invoice = replace(INVOICE, payments=(second, back))
    present = posted(invoice, residuals={"in_1": 0}, payments={second.key: held(second)})
    assert steps(present, invoice) == [("pay", "in_1:overpaid")]
    alone = replace(INVOICE, payments=(second,))
    assert steps(present, alone) == [("report", "pi_2")]


def test_what_settles_nothing_is_made_once():
    """A lost dispute stands open at the customer."""
    lost = replace(DISPUTED, payments=(DISPUTED.payments[1],))
    assert money(posted(lost), lost)[0][2] == "paid back 113.00 CAD on 2026-10-12, stands open at the customer"
    there = {lost.payments[0].key: held(lost.payments[0])}
    assert steps(posted(lost, payments=there), lost) == []


def changed_books(code: str, **changes) -> Present:
    journals = books().payment_journals
    return present_of(books=books(payment_journals={**journals, code: replace(journals[code], **changes)}))


CREDIT = books().accounts["NCR.CREDIT"]
REFUSED = {
    "its journal is missing": (
        present_of(books=books(payment_journals={})), "Odoo has no journal NCBAL; run `nexabooks odoo setup --apply`"
    ),
    "its journal is of another type": (changed_books("NCBAL", journal_type="general"), "of type general, not bank"),
    "its journal is archived": (changed_books("NCBAL", is_active=False), "the journal NCBAL is archived"),
    "its journal cannot pay out": (
        changed_books("NCBAL", line_ids={"inbound": (1,), "outbound": ()}), "has no outbound payment method line"
    ),
    "its journal books elsewhere": (
        present_of(books=books(payment_journals=books().payment_journals | {"NCBAL": a_journal(15, "NCBAL", "", 1, 1)})),
        "does not book to NCR.CREDIT both ways",
    ),
    "its account is missing": (
        present_of(books=books(accounts={k: v for k, v in books().accounts.items() if k != "NCR.CREDIT"})),
        "Odoo has no account NCR.CREDIT",
    ),
    "its account is archived": (
        present_of(books=books(accounts=books().accounts | {"NCR.CREDIT": replace(CREDIT, is_active=False)})),
        "the account NCR.CREDIT is archived",
    ),
    "its account is of another type": (
        present_of(books=books(accounts=books().accounts | {"NCR.CREDIT": Account(405, "NCR.CREDIT", "", "income", True)})),
        "the account NCR.CREDIT is of type income, not liability_current",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("present", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_payment_whose_route_would_book_it_wrongly_is_refused_by_name(present, words):
    """Its invoice is posted all the same, and so are payments of other routes."""
    by_balance = a_payment(INVOICE, 5_000, "in_1:balance", route="balance")
    invoice = replace(INVOICE, payments=(by_balance,))
    plan = make_plan(desired_of(invoice), present, mode="post", run_id="r1")
    assert [a.verb for a in plan.actions if a.kind != "partner"] == ["create", "post", "refuse"]
    assert words in plan.of("refuse")[0].reason


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ({}, "its route 'stripe' is not among the payment routes"),
        (ROUTES | {"stripe": PaymentRoute("stripe", "NCSTR", "", is_booked=False)}, "its route stripe is not booked"),
    ],
    ids=["unknown", "not booked"],
)
def test_a_route_that_finance_does_not_book_books_nothing(routes, words):
    """Said, and not guessed."""
    paid = an_invoice(paid_minor=100)
    plan = make_plan(replace(desired_of(paid), routes=routes), posted(paid), mode="post", run_id="r1")
    assert words in plan.of("refuse")[0].reason


def test_a_payment_cannot_settle_one_that_is_nobodys():
    """Such a row is a fault of its source."""
    stray = replace(OVERPAID, payments=(replace(OVERPAID.payments[1], settles_payment_id="pi_9"),))
    assert "pi_9, is not one of its invoice" in money(posted(stray), stray)[0][2]


def test_no_money_is_added_to_a_note_that_no_longer_equals_its_source():
    """A person decides first."""
    changed = replace(REFUNDED, invoice_number="N-other")
    assert steps(posted(REFUNDED), changed) == []


def test_a_top_up_is_posted_to_the_liability_that_its_family_names():
    """Money received in advance is no revenue; an income account would be refused by name."""
    line = replace(INVOICE.lines[0], service_family="prepaid", tax_codes=())
    top_up = replace(an_invoice(tax_codes=()), lines=(line,))
    plan = make_plan(desired_of(top_up), present_of(), mode="post", run_id="r1")
    assert [(a.verb, a.account_codes) for a in plan.of("create", "post")] == [
        ("create", ("NCR.CREDIT",)),
        ("post", ("NCR.CREDIT",)),
    ]
    wrong = books(accounts=books().accounts | {"NCR.CREDIT": replace(CREDIT, account_type="income")})
    refused = make_plan(desired_of(top_up), present_of(books=wrong), mode="post", run_id="r1").of("refuse")
    assert "of type income, not liability_current (family prepaid)" in refused[0].reason
