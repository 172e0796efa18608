"""Brakes are a pure function: a table of what is unusual, what is then held, and what goes on."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from nexabooks.ledger.brakes import History, Limits, Written, tripped, with_brakes
from nexabooks.ledger.desired import Line, Partner
from nexabooks.ledger.plan import Plan, make_plan
from nexabooks.settings import Settings
from tests.ledger.makers import ACME, an_invoice, desired_of, move_of, present_of

OTHER = Partner("cust_2", "Other Ltd")
SMALL = an_invoice("in_small", (1_000,), tax_codes=())
BIG = an_invoice("in_big", (100_000,), tax_codes=())
THEIRS = an_invoice("in_theirs", (2_000,), tax_codes=(), customer_id="cust_2")
USD = an_invoice("in_usd", (100_000,), tax_codes=(), currency_code="USD", customer_id="cust_2")
NOTE = an_invoice("cn_big", (100_000,), tax_codes=(), kind="credit_note")
OFF = Limits()


def plan_of(*invoices, present=None, mode="post") -> Plan:
    desired = desired_of(*invoices, partners=(ACME, OTHER))
    return make_plan(desired, present or present_of(), mode=mode, run_id="r1")


def unknown(id: str):
    return replace(THEIRS, source_invoice_id=id, lines=(Line(1, "?", "other", 2_000, ()),))


def many(count: int, **changes: object):
    return [an_invoice(f"in_{n}", (1_000,), tax_codes=(), **changes) for n in range(count)]


HABIT = History(run_totals_minor={"CAD": [1_000, 900, 1_100, 1_000, 50_000]})
CASES = {
    "one large invoice": ([SMALL, BIG], Limits(invoice_amount=Decimal(999)), History(), {"in_big"}, "1,000.00 CAD"),
    "exactly the limit passes": ([SMALL, BIG], Limits(invoice_amount=Decimal(1_000)), History(), set(), ""),
    "a credit note by its size": ([SMALL, NOTE], Limits(invoice_amount=Decimal(999)), History(), {"cn_big"}, ""),
    "a customer with many invoices": (
        [SMALL, BIG, THEIRS],
        Limits(customer_invoices=1),
        History(),
        {"in_small", "in_big"},
        "customer cust_1: 2 invoices are more than 1",
    ),
    "a customer with much": (
        [SMALL, BIG, THEIRS],
        Limits(customer_amount=Decimal(1_000)),
        History(),
        {"in_small", "in_big"},
        "1,010.00 CAD are more than 1,000.00 CAD",
    ),
    "a customer's other currency goes on": (
        [THEIRS, USD],
        Limits(customer_amount=Decimal(500)),
        History(),
        {"in_usd"},
        "1,000.00 USD",
    ),
    "a run of many invoices": ([SMALL, THEIRS], Limits(run_invoices=1), History(), {"in_small", "in_theirs"}, "a run"),
    "a run of much, in one currency": (
        [SMALL, BIG, USD],
        Limits(run_amount=Decimal(1_005)),
        History(),
        {"in_small", "in_big"},
        "1,010.00 CAD",
    ),
    "a day of many invoices, over its runs": (
        [SMALL],
        Limits(day_invoices=1),
        History(today=[Written(BIG.key, 100_000, "CAD")]),
        {"in_small"},
        "1 of them were written earlier today",
    ),
    "a draft of this morning does not count twice": (
        [SMALL],
        Limits(day_invoices=1),
        History(today=[Written(SMALL.key, 1_000, "CAD")]),
        set(),
        "",
    ),
    "a day of much, over its runs": (
        [SMALL, USD],
        Limits(day_amount=Decimal(1_005)),
        History(today=[Written(BIG.key, 100_000, "CAD")]),
        {"in_small"},
        "1,000.00 CAD of it were written earlier today",
    ),
    "a total unlike the last runs": (
        [BIG],
        Limits(median_times=20),
        HABIT,
        {"in_big"},
        "the median of the last 5 runs",
    ),
    "a total like the last runs": ([SMALL], Limits(median_times=20), HABIT, set(), ""),
    "too few runs make no habit": (
        [BIG],
        Limits(median_times=20),
        History(run_totals_minor={"CAD": [1_000] * 4}),
        set(),
        "",
    ),
    "many lines of no known family": (
        [*many(10), *(unknown(f"in_u{n}") for n in range(11))],
        Limits(unknown_family_percent=50),
        History(),
        {f"in_u{n}" for n in range(11)},
        "11 of 21 invoices",
    ),
    "half of no known family passes": (
        [*many(10), *(unknown(f"in_u{n}") for n in range(10))],
        Limits(unknown_family_percent=50),
        History(),
        set(),
        "",
    ),
    "one odd invoice in a small plan passes": (
        [unknown("in_u")],
        Limits(unknown_family_percent=50),
        History(),
        set(),
        "",
    ),
    "every brake off": ([SMALL, BIG, USD, NOTE, THEIRS], OFF, HABIT, set(), ""),
}


@pytest.mark.parametrize(("invoices", "limits", "history", "held", "words"), CASES.values(), ids=CASES.keys())
def test_what_is_unusual_waits_and_the_rest_goes_on(invoices, limits, history, held, words):
    """Held invoices are parked with the brake's sentence; every other one is drafted and posted."""
    plan = with_brakes(plan_of(*invoices), limits, history)
    assert {a.source_invoice_id for a in plan.of("park")} == held
    assert {a.source_invoice_id for a in plan.of("post")} == {i.source_invoice_id for i in invoices} - held
    assert all(words in a.reason and "nexabooks allow" in a.reason for a in plan.of("park"))


def test_one_bad_customer_never_stops_the_others():
    """What the customer's brake holds does not count for the run's."""
    limits = Limits(customer_amount=Decimal(500), run_amount=Decimal(500))
    plan = with_brakes(plan_of(BIG, THEIRS), limits, History())
    assert [t.brake for t in plan.trips] == ["customer_amount"]
    assert {a.source_invoice_id for a in plan.of("post")} == {"in_theirs"}


def test_a_braked_invoice_brings_no_customer_no_payment_and_no_match():
    """It waits with everything that hangs on it."""
    paid = an_invoice("in_1", (100_000,), paid_minor=100)
    note = an_invoice("cn_1", (4_000,), kind="credit_note", corrects_source_invoice_id="in_1")
    plan = with_brakes(plan_of(paid, note), Limits(invoice_amount=Decimal(500)), History())
    assert [(a.verb, a.source_invoice_id) for a in plan.actions] == [
        ("partner_create", "cust_1"), ("park", "in_1"), ("create", "cn_1"), ("post", "cn_1"),
    ]  # fmt: skip


def test_payments_of_what_was_posted_before_go_on():
    """A brake holds what is new, not the money for what stands."""
    posted = an_invoice("in_1", (100_000,), paid_minor=100)
    plan = plan_of(posted, BIG, present=present_of((posted, move_of(posted))))
    plan = with_brakes(plan, Limits(run_invoices=0, invoice_amount=Decimal(1)), History())
    assert [(a.verb, a.source_invoice_id) for a in plan.of("pay", "park")] == [("park", "in_big"), ("pay", "in_1")]


def test_an_allowance_covers_exactly_what_was_held():
    """The same invoices go; as soon as one of them changes, or one more comes, a person is asked again."""
    limits = Limits(customer_amount=Decimal(500))
    (trip,) = tripped(plan_of(BIG), limits, History())
    allowed = {trip.trip_key}
    assert with_brakes(plan_of(BIG), limits, History(), allowed).of("park") == []
    for changed in ([replace(BIG, invoice_number="N-other")], [BIG, SMALL]):
        assert with_brakes(plan_of(*changed), limits, History(), allowed).of("park")


def test_an_allowance_for_a_draft_does_not_post():
    """Posting is more than drafting, so it is asked again."""
    limits = Limits(invoice_amount=Decimal(500))
    (trip,) = tripped(plan_of(BIG, mode="draft"), limits, History())
    assert with_brakes(plan_of(BIG), limits, History(), {trip.trip_key}).of("park")


def test_what_a_person_allowed_counts_no_more():
    """He is not asked a second time by a larger brake."""
    limits = Limits(invoice_amount=Decimal(500), run_amount=Decimal(500))
    trips = tripped(plan_of(BIG), limits, History())
    plan = with_brakes(plan_of(BIG), limits, History(), {trips[0].trip_key})
    assert [(t.brake, t.is_allowed) for t in plan.trips] == [("invoice_amount", True)]
    assert plan.of("post")


def test_a_braked_invoice_is_released_when_its_inputs_change():
    """Nothing remembers the parking: the next plan asks anew."""
    limits = Limits(invoice_amount=Decimal(500))
    assert with_brakes(plan_of(BIG), limits, History()).of("park")
    corrected = an_invoice("in_big", (10_000,), tax_codes=())
    assert with_brakes(plan_of(corrected), limits, History()).of("post")


def test_who_approves_a_plan_approves_what_its_brakes_hold():
    """The braked steps are named by fingerprint, and are exactly those that the plan without brakes has more."""
    free = plan_of(BIG, SMALL)
    plan = with_brakes(free, Limits(invoice_amount=Decimal(500)), History())
    assert {a.action_key for a in free.actions if a.fingerprint in plan.braked} == {
        "create stripe invoice in_big",
        "post stripe invoice in_big",
    }
    assert plan.hash != replace(plan, braked=()).hash


def test_the_defaults_let_an_ordinary_day_pass():
    """Thirty invoices of an ordinary size, the first day and any later one."""
    limits = Limits.of(Settings(_env_file=None))
    history = History(run_totals_minor={"CAD": [30_000] * 10})
    assert tripped(plan_of(*many(30)), limits, history) == []
