"""The plan is a pure function: a table of what the source says, what Odoo holds, and what is to be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from nexabooks.ledger.books import Account, Currency, Tax
from nexabooks.ledger.desired import Line
from nexabooks.ledger.desired_payments import PaymentKey
from nexabooks.ledger.plan import REFUSED_MARK, make_plan
from nexabooks.ledger.present import Present, PresentPartner, PresentPayment
from tests.ledger.makers import ACME, a_note, a_payment, an_invoice, books, desired_of, move_of, present_of

INVOICE = an_invoice()
PAID = an_invoice(paid_minor=11_300)
NOTE = a_note(INVOICE)
PAYMENT = PresentPayment(71, "paid", 11_300, date(2026, 10, 12), "CAD", 92, (91,))
PAYMENT_KEY = PaymentKey("stripe", "pi_in_1", "in_1")
NOTHING = present_of()
NAMED = replace(PAID, nexacloud_invoice_id="0b0f5b1e-8a4e-4a52-9f0e-3a1c5d2e7f60", stripe_customer_id="cus_1")


def verbs(invoice, present: Present, mode: str = "post") -> list[str]:
    plan = make_plan(desired_of(invoice), present, mode=mode, run_id="r1")
    return [action.verb for action in plan.actions if not action.verb.startswith("partner")]


CASES = {
    "a new invoice is drafted and posted": (INVOICE, NOTHING, ["create", "post"]),
    "a new paid invoice is also paid": (PAID, NOTHING, ["create", "post", "pay"]),
    "a posted invoice is kept": (INVOICE, present_of((INVOICE, move_of(INVOICE))), ["keep"]),
    "an invoice paid late is paid": (PAID, present_of((PAID, move_of(PAID))), ["keep", "pay"]),
    "an id that comes after posting is no change, and its money is booked": (
        NAMED,
        present_of((PAID, move_of(PAID))),
        ["keep", "pay"],
    ),
    "an id that comes before posting is written on the draft": (
        NAMED,
        present_of((PAID, move_of(PAID, state="draft"))),
        ["update", "post", "pay"],
    ),
    "a payment already matched is no work": (
        PAID,
        present_of((PAID, move_of(PAID, residual_minor=0)), payments={PAYMENT_KEY: PAYMENT}),
        ["keep"],
    ),
    "a payment made and not matched is matched": (
        PAID,
        present_of((PAID, move_of(PAID)), payments={PAYMENT_KEY: replace(PAYMENT, settles=())}),
        ["keep", "pay"],
    ),
    "money for an invoice with nothing left is reported": (
        PAID,
        present_of((PAID, move_of(PAID, residual_minor=0)), payments={PAYMENT_KEY: replace(PAYMENT, settles=())}),
        ["keep", "report"],
    ),
    "a payment cancelled in Odoo is reported": (
        PAID,
        present_of((PAID, move_of(PAID)), payments={PAYMENT_KEY: replace(PAYMENT, state="canceled", settles=())}),
        ["keep", "report"],
    ),
    "a payment whose amount changed is reported": (
        PAID,
        present_of((PAID, move_of(PAID)), payments={PAYMENT_KEY: replace(PAYMENT, amount_minor=11_200)}),
        ["keep", "report"],
    ),
    "a finished draft is posted": (INVOICE, present_of((INVOICE, move_of(INVOICE, state="draft"))), ["post"]),
    "a draft of older facts is updated": (
        INVOICE,
        present_of((INVOICE, move_of(INVOICE, state="draft", content_hash="1-old"))),
        ["update", "post"],
    ),
    "a draft whose run was cut off is finished": (
        INVOICE,
        present_of((INVOICE, move_of(INVOICE, state="draft", content_hash=""))),
        ["update", "post"],
    ),
    "a draft that somebody changed in Odoo is refused": (
        INVOICE,
        present_of((INVOICE, move_of(INVOICE, state="draft", total_minor=11_400, tax_minor=1_400))),
        ["refuse"],
    ),
    "a draft refused for the same facts stays refused": (
        INVOICE,
        present_of((INVOICE, move_of(INVOICE, state="draft", content_hash=REFUSED_MARK + INVOICE.content_hash))),
        ["refuse"],
    ),
    "an entry cancelled in Odoo is reported": (
        INVOICE,
        present_of((INVOICE, move_of(INVOICE, state="cancel"))),
        ["report"],
    ),
    "two entries with one identity are reported": (INVOICE, present_of(repeated={INVOICE.key: (91, 95)}), ["report"]),
    "a credit note is matched with its invoice": (
        NOTE,
        present_of((INVOICE, move_of(INVOICE))),
        ["create", "post", "match"],
    ),
    "a credit note of a settled invoice is not matched": (
        NOTE,
        present_of((INVOICE, move_of(INVOICE, residual_minor=0))),
        ["create", "post"],
    ),
}


@pytest.mark.parametrize(("invoice", "present", "expected"), CASES.values(), ids=CASES.keys())
def test_what_is_to_be_done(invoice, present, expected):
    """Each case is one sentence; the actions are the whole answer."""
    assert verbs(invoice, present) == expected


VERDICTS = [
    ("void", None, "hold"),
    ("draft", None, "hold"),
    ("zero", None, "hold"),
    ("unverified", None, "hold"),
    ("void", "posted", "correct"),
    ("draft", "posted", "correct"),
    ("void", "draft", "report"),
    ("unverified", "posted", "keep"),
    ("unverified", "draft", "hold"),
    ("void", "cancel", "hold"),
]


@pytest.mark.parametrize(("verdict", "state", "expected"), VERDICTS)
def test_only_a_verified_invoice_is_ever_written(verdict, state, expected):
    """Void after posting is only reported; an unreachable source changes nothing that stands."""
    invoice = replace(PAID, verdict=verdict, verdict_reason="as the source says")
    present = present_of((invoice, move_of(invoice, state=state))) if state else NOTHING
    plan = make_plan(desired_of(invoice), present, mode="post", run_id="r1")
    assert [action.verb for action in plan.actions] == [expected]
    assert "as the source says" in plan.actions[0].reason
    assert plan.is_empty


CHANGED = {
    "its total": replace(INVOICE, tax_minor=1_301, total_minor=11_301, tax_minor_by_code={"hst_13": 1_301}),
    "its day": replace(INVOICE, invoiced_on=date(2026, 10, 6)),
    "its number": replace(INVOICE, invoice_number="N-other"),
    "its family": replace(INVOICE, lines=(replace(INVOICE.lines[0], service_family="other"),)),
    "its customer": replace(INVOICE, customer_id="cust_2"),
    "its due date": replace(INVOICE, due_on=date(2026, 12, 1)),
}


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED.keys())
def test_a_change_after_posting_is_a_proposal_and_never_touched(changed):
    """Not even a payment is added to an entry that no longer equals its source."""
    changed = replace(changed, payments=(a_payment(changed, 100),))
    desired = desired_of(changed, partners=(ACME, replace(ACME, customer_id="cust_2")))
    plan = make_plan(desired, present_of((INVOICE, move_of(INVOICE))), mode="post", run_id="r1")
    assert [a.verb for a in plan.actions] == ["correct"]
    assert plan.is_empty


def test_an_entry_that_a_lock_date_moved_is_reported():
    """The accounting date must be the invoice date."""
    plan = make_plan(
        desired_of(INVOICE),
        present_of((INVOICE, move_of(INVOICE, booked_on=date(2026, 11, 20)))),
        mode="post",
        run_id="r1",
    )
    assert [(a.verb, "booked on 2026-11-20" in a.reason) for a in plan.actions] == [("correct", True)]


@pytest.mark.parametrize("older", ["0-abc", "1-abc", ""])
def test_another_way_of_hashing_is_not_a_change_of_the_source(older):
    """A hash of an older version of nexabooks is not compared; the figures still are."""
    assert verbs(INVOICE, present_of((INVOICE, move_of(INVOICE, content_hash=older)))) == ["keep"]


def with_lines(*lines: Line):
    return replace(INVOICE, lines=lines)


HST = Tax(11, "13% HST", Decimal(13), "percent", True, False, ())
HOSTING = Account(401, "NCR.HOSTIN", "NexaCloud Hosting Revenue", "income", True)
REFUSED = {
    "lines do not add up": (with_lines(Line(1, "A", "hosting", 9_999, ("hst_13",))), books(), "add up to 99.99 CAD"),
    "no lines": (with_lines(), books(), "no lines"),
    "the total is not subtotal plus tax": (replace(INVOICE, total_minor=11_301), books(), "is not its total"),
    "the taxes do not add up": (replace(INVOICE, tax_minor_by_code={"hst_13": 1_299}), books(), "taxes add up"),
    "a negative total": (an_invoice(amounts_minor=(-5_000,)), books(), "is negative"),
    "a tax that is not mapped": (with_lines(Line(1, "A", "hosting", 10_000, None)), books(), "is not mapped"),
    "a tax without a taxed line": (with_lines(Line(1, "A", "hosting", 10_000, ())), books(), "no line carries a tax"),
    "an unknown tax code": (with_lines(Line(1, "A", "hosting", 10_000, ("vat_20",))), books(), "vat_20"),
    "a tax that Odoo lacks": (INVOICE, books(taxes={}), "has no sale tax hst_sale_tax_13"),
    "an archived tax": (INVOICE, books(taxes={"hst_sale_tax_13": replace(HST, is_active=False)}), "archived"),
    "a price-included tax": (
        INVOICE,
        books(taxes={"hst_sale_tax_13": replace(HST, is_price_included=True)}),
        "price-included",
    ),
    "a family without an account": (with_lines(Line(1, "A", "chat", 10_000, ("hst_13",))), books(), "'chat'"),
    "an account that Odoo lacks": (INVOICE, books(accounts={}), "no account NCR.HOSTIN"),
    "an archived account": (INVOICE, books(accounts={"NCR.HOSTIN": replace(HOSTING, is_active=False)}), "archived"),
    "a receivable account": (
        INVOICE,
        books(accounts={"NCR.HOSTIN": replace(HOSTING, account_type="asset_receivable")}),
        "not income",
    ),
    "an unknown currency": (replace(INVOICE, currency_code="XTS"), books(), "XTS"),
    "an unknown customer": (replace(INVOICE, customer_id="cust_9"), books(), "cust_9"),
    "no sales journal": (INVOICE, books(sale_journal=None), "no sales journal"),
}


@pytest.mark.parametrize(("invoice", "held", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_odoo_would_let_pass_is_refused_by_name(invoice, held, words):
    """One refused invoice, with its rule in words; the others go on."""
    other = an_invoice("in_2", tax_codes=(), amounts_minor=(100,))
    plan = make_plan(desired_of(invoice, other), present_of(books=held), mode="post", run_id="r1")
    refused = [a for a in plan.actions if a.source_invoice_id == "in_1"]
    assert [a.verb for a in refused] == ["refuse"]
    assert words in refused[0].reason


def locks(**days: date) -> Present:
    return present_of(books=books(locks=days))


PARKED = {
    "not postable": (replace(INVOICE, is_postable=False, park_reason="a failed check"), NOTHING, "a failed check"),
    "parked by the warehouse, whose words stand": (
        replace(INVOICE, is_postable=False, park_reason="its tax is not mapped", lines=()),
        NOTHING,
        "its tax is not mapped",
    ),
    "the global lock date": (INVOICE, locks(fiscalyear_lock_date=date(2026, 10, 5)), "global lock date is 2026-10-05"),
    "the sales lock date": (INVOICE, locks(sale_lock_date=date(2026, 10, 31)), "sales lock date"),
    "the tax lock date": (INVOICE, locks(tax_lock_date=date(2026, 10, 31)), "tax return lock date"),
    "the hard lock date": (INVOICE, locks(hard_lock_date=date(2026, 12, 31)), "hard lock date"),
    "no rate yet": (
        replace(INVOICE, currency_code="USD", invoiced_on=date(2026, 9, 30)),
        NOTHING,
        "no USD rate on or before 2026-09-30",
    ),
    "no rate at all": (
        replace(INVOICE, currency_code="USD"),
        present_of(books=books(currencies={"CAD": Currency(3, True, None), "USD": Currency(1, True, None)})),
        "no USD rate",
    ),
    "an inactive currency": (replace(INVOICE, currency_code="EUR"), NOTHING, "not active"),
    "an archived customer": (
        INVOICE,
        present_of(partners={"cust_1": PresentPartner(5, "Acme Inc", False, ACME.content_hash)}),
        "archived",
    ),
}


@pytest.mark.parametrize(("invoice", "present", "words"), PARKED.values(), ids=PARKED.keys())
def test_what_must_wait_is_parked_with_its_reason(invoice, present, words):
    """Nothing is sent that Odoo would silently book elsewhere."""
    plan = make_plan(desired_of(invoice), present, mode="post", run_id="r1")
    assert [a.verb for a in plan.actions] == ["park"]
    assert words in plan.actions[0].reason


@pytest.mark.parametrize(
    ("lock", "expected"),
    [(date(2026, 10, 4), "create"), (date(2026, 10, 5), "park")],
    ids=["the day after the lock is open", "the day of the lock is closed"],
)
def test_a_lock_date_closes_its_own_day(lock, expected):
    """Odoo locks up to and including the date."""
    assert verbs(INVOICE, locks(sale_lock_date=lock))[0] == expected


def test_a_tax_lock_lets_an_invoice_without_tax_pass():
    """An invoice that no tax return sees is not moved by the tax lock date."""
    assert verbs(an_invoice(tax_codes=()), locks(tax_lock_date=date(2026, 12, 31))) == ["create", "post"]


PAYMENTS = {
    "nothing paid": (lambda i: a_payment(i, 0), books(), "refuse"),
    "another currency": (lambda i: replace(a_payment(i, 100), currency_code="USD"), books(), "refuse"),
    "no journal NCSTR": (lambda i: a_payment(i, 100), books(payment_journals={}), "refuse"),
    "a locked day": (
        lambda i: a_payment(i, 100, day=date(2026, 10, 1)),
        books(locks={"fiscalyear_lock_date": date(2026, 10, 2)}),
        "park",
    ),
}


@pytest.mark.parametrize(("pay", "held", "expected"), PAYMENTS.values(), ids=PAYMENTS.keys())
def test_a_payment_has_rules_of_its_own(pay, held, expected):
    """The invoice is posted even when its payment cannot be."""
    invoice = replace(INVOICE, payments=(pay(INVOICE),))
    assert verbs(invoice, present_of(books=held)) == ["create", "post", expected]


def test_draft_mode_posts_and_pays_nothing():
    """A person reviews first."""
    assert verbs(PAID, NOTHING, mode="draft") == ["create"]
    assert verbs(PAID, present_of((PAID, move_of(PAID, state="draft"))), mode="draft") == ["keep"]
    assert verbs(PAID, present_of((PAID, move_of(PAID))), mode="draft") == ["keep"]


def partner_verbs(invoice, present: Present) -> list[str]:
    return [
        a.verb
        for a in make_plan(desired_of(invoice), present, mode="post", run_id="r1").of(
            "partner_create", "partner_update"
        )
    ]


def test_a_customer_is_made_only_for_an_invoice_that_is_made():
    """A void invoice brings no customer into the books."""
    assert partner_verbs(INVOICE, NOTHING) == ["partner_create"]
    assert partner_verbs(replace(INVOICE, verdict="void"), NOTHING) == []


def test_a_known_customer_is_updated_when_his_facts_change():
    """The same facts are no work, whatever a person edited in Odoo meanwhile."""
    old = PresentPartner(5, "Acme Incorporated", True, "1-old")
    same = PresentPartner(5, "Edited in Odoo", True, ACME.content_hash)
    assert partner_verbs(INVOICE, present_of(partners={"cust_1": old})) == ["partner_update"]
    assert partner_verbs(INVOICE, present_of(partners={"cust_1": same})) == []


def test_the_hash_is_of_the_work_and_not_of_the_run():
    """An approval given today holds tomorrow, as long as nothing changed."""
    first = make_plan(desired_of(PAID), NOTHING, mode="post", run_id="r1")
    again = make_plan(desired_of(PAID), NOTHING, mode="post", run_id="r2")
    other = make_plan(desired_of(replace(PAID, invoice_number="N-other")), NOTHING, mode="post", run_id="r1")
    assert first.hash == again.hash
    assert first.hash != other.hash


def test_only_approved_actions_stay_in_a_plan():
    """What changed since the approval is left out, the rest goes."""
    plan = make_plan(desired_of(INVOICE, an_invoice("in_2")), NOTHING, mode="post", run_id="r1")
    approved = [a.fingerprint for a in plan.actions if a.source_invoice_id != "in_2"]
    assert {a.source_invoice_id for a in plan.only(approved).actions if a.is_writing} == {"cust_1", "in_1"}


def test_totals_count_credit_notes_against_the_invoices():
    """By family before tax, by currency with tax."""
    plan = make_plan(desired_of(INVOICE, NOTE), NOTHING, mode="post", run_id="r1")
    assert plan.totals_minor() == {"CAD": 11_300 - 4_520}
    assert [(t.service_family, t.currency_code, t.line_count, t.net_minor) for t in plan.family_totals()] == [
        ("hosting", "CAD", 2, 6_000)
    ]
