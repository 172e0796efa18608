"""The page of a plan, and what is different from the plan before."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from json import dumps, loads
from typing import get_args

from nexabooks.ledger.actions import NOT_APPROVED, Verb
from nexabooks.ledger.brakes import History, Limits, with_brakes
from nexabooks.ledger.plan import make_plan
from nexabooks.ledger.plan_diff import plan_diff
from nexabooks.ledger.plan_page import MOST_ROWS, plan_page
from nexabooks.ledger.plan_words import VERB_SAYS
from nexabooks.ops.as_json import as_json
from tests.ledger.makers import ACME, FAMILIES, an_invoice, desired_of, move_of, now, present_of

FIRST = an_invoice("in_1", (10_000,), paid_minor=11_300)
SECOND = an_invoice("in_2", (20_000,))
VOID = an_invoice("in_3", verdict="void", verdict_reason="voided on 2026-10-06")


def plan_of(*invoices, present=None, families=None):
    desired = replace(desired_of(*invoices), families=families or FAMILIES)
    return make_plan(desired, present or present_of(), mode="post", run_id="r1")


def as_saved(plan) -> dict:
    """As the ops store gives it back: through JSON."""
    return loads(dumps(as_json(plan.to_dict())))


def page_of(plan, last=None) -> str:
    return plan_page(plan.to_dict(), plan_diff(last, plan.to_dict()), made_at=now())


def test_the_page_names_every_record_with_amount_account_tax_day_and_reason():
    """Figures of an invoice stand once, although it has two steps."""
    page = page_of(plan_of(FIRST, VOID))
    for words in ("N-in_1", "Acme Inc", "100.00 CAD", "113.00 CAD", "NCR.HOSTIN", "hst_13", "2026-10-05", "2026-11-04",
                  "verified at its source", "voided on 2026-10-06", "There is no earlier plan"):  # fmt: skip
        assert words in page
    assert page.count('<td class="money">100.00 CAD<') == 2  # its step, and the family's total


def test_the_page_is_one_file_that_asks_nobody():
    """No script and no address in it: it can be sent and kept."""
    page = page_of(plan_of(FIRST))
    assert not [word for word in ("<script", "http:", "https:", "@import", "src=") if word in page]


def test_what_a_source_sent_is_shown_and_never_run():
    """A customer's name is text."""
    bold = replace(ACME, name="<b>Acme & Co</b>")
    page = page_of(make_plan(desired_of(FIRST, partners=(bold,)), present_of(), mode="post", run_id="r1"))
    assert "&lt;b&gt;Acme &amp; Co&lt;/b&gt;" in page
    assert "<b>Acme" not in page


def test_a_brake_stands_on_the_page_with_the_way_to_let_it_go():
    """And that approving the plan includes it."""
    plan = with_brakes(plan_of(FIRST, SECOND), Limits(invoice_amount=Decimal(200)), History())
    assert f"nexabooks allow {plan.trips[0].trip_key}" in page_of(plan)
    allowed = with_brakes(
        plan_of(FIRST, SECOND), Limits(invoice_amount=Decimal(200)), History(), {plan.trips[0].trip_key}
    )
    assert "A person let it go" in page_of(allowed)


def test_a_long_table_ends_and_says_so():
    """A browser stays quick; the rest is in the JSON."""
    many = [an_invoice(f"in_{n}", verdict="void") for n in range(MOST_ROWS + 7)]
    assert "7 more rows are not shown" in page_of(plan_of(*many))


def test_the_same_plan_is_no_difference():
    """Also after the store kept it as JSON."""
    plan = plan_of(FIRST, SECOND, VOID)
    assert plan_diff(as_saved(plan), plan.to_dict()) == []
    assert plan_diff(None, plan.to_dict()) is None


def test_a_difference_is_named_by_record_with_both_amounts():
    """New, changed and gone; what was posted since reads so."""
    before = as_saved(plan_of(FIRST, SECOND))
    dearer = an_invoice("in_1", (12_000,), paid_minor=11_300)
    after = plan_of(dearer, VOID, present=present_of((SECOND, move_of(SECOND)))).to_dict()
    found = {change.record: change for change in plan_diff(before, after)}
    assert {name: change.what for name, change in found.items()} == {
        "in_1": "changed", "in_3": "new", "in_2": "gone", "cust_1": "gone",
    }  # fmt: skip
    assert (found["in_1"].was_minor, found["in_1"].now_minor) == (11_300, 13_560)
    assert found["in_3"].now == "not confirmed by its source: void: voided on 2026-10-06"
    assert found["in_2"].was == "make draft, post"


def test_every_verb_of_a_plan_has_its_words():
    """But for `note` and `verify`, which are steps of posting and no rows."""
    assert set(VERB_SAYS) == set(get_args(Verb)) - {"note", "verify"}


def test_an_approval_is_bound_to_the_accounts():
    """A family that goes to another account since is another step, for all that the invoice is the same."""
    moved = FAMILIES | {"hosting": replace(FAMILIES["hosting"], account_code="NCR.OTHER")}
    before, after = plan_of(FIRST), plan_of(FIRST, families=moved)
    assert before.hash != after.hash
    kept = after.only(action.fingerprint for action in before.actions)
    assert not [a for a in kept.actions if a.verb in ("create", "post")]
    assert all(a.reason.startswith(NOT_APPROVED) for a in kept.of("park"))
    assert [c.what for c in plan_diff(as_saved(before), after.to_dict())] == ["changed"]


def test_an_invoice_waits_with_its_customer():
    """When the new customer changed since the approval, his invoices are not sent without him."""
    before = plan_of(FIRST)
    renamed = replace(ACME, name="Acme Incorporated")
    after = make_plan(desired_of(FIRST, partners=(renamed,)), present_of(), mode="post", run_id="r2")
    assert after.only(action.fingerprint for action in before.actions).is_empty
