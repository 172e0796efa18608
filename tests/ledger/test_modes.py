"""A mode may be stricter for a source or a family; it never lets more through than the run's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nexabooks.errors import SettingsError
from nexabooks.ledger.desired import Line
from nexabooks.ledger.modes import Modes, modes_from
from nexabooks.ledger.plan import make_plan
from tests.ledger.makers import a_payment, an_invoice, desired_of, move_of, present_of

INVOICE = an_invoice(paid_minor=11_300)
MIXED = replace(INVOICE, lines=(Line(1, "A", "hosting", 4_000, ("hst_13",)), Line(2, "B", "other", 6_000, ("hst_13",))))


def verbs(invoice, mode: str, text: str, present=None) -> list[str]:
    desired = desired_of(invoice)
    plan = make_plan(desired, present or present_of(), mode=mode, run_id="r1", modes=modes_from(text))
    return [a.verb for a in plan.actions]


ALL = ["partner_create", "create", "post", "pay"]
CASES = [
    ("post", "", ALL),
    ("post", "stripe=post", ALL),
    ("post", "stripe=draft", ["partner_create", "create"]),
    ("post", "stripe=dry_run", ["park"]),
    ("post", "lago=dry_run,other=dry_run", ALL),
    ("draft", "stripe=post", ["partner_create", "create"]),
    ("dry_run", "stripe=draft", ["partner_create", "create"]),
    ("dry_run", "", ALL),
    ("post", "stripe=draft,hosting=dry_run", ["park"]),
]


@pytest.mark.parametrize(("mode", "text", "expected"), CASES)
def test_the_stricter_mode_wins(mode, text, expected):
    """A dry run shows what post would do, as far as the names let it."""
    assert verbs(INVOICE, mode, text) == expected


def test_one_line_of_a_family_holds_the_whole_invoice_back():
    """An invoice is posted whole or not at all."""
    assert verbs(MIXED, "post", "other=draft") == ["partner_create", "create"]
    assert verbs(MIXED, "post", "other=dry_run") == ["park"]


def test_a_source_in_draft_is_not_paid_either():
    """Money for an entry that was posted before waits too: nothing but drafts is made."""
    assert verbs(INVOICE, "post", "stripe=draft", present_of((INVOICE, move_of(INVOICE)))) == ["keep"]


def test_a_customer_is_not_touched_when_all_his_invoices_are_in_dry_run():
    """Not even his new address."""
    present = present_of((INVOICE, move_of(INVOICE)))
    present = replace(present, partners={"cust_1": replace(present.partners["cust_1"], content_hash="1-old")})
    paid = replace(INVOICE, payments=(a_payment(INVOICE, 100),))
    assert verbs(paid, "post", "stripe=dry_run", present) == ["keep"]
    assert "partner_update" in verbs(paid, "post", "lago=dry_run", present)


@pytest.mark.parametrize("text", ["stripe", "stripe=maybe", "=post", "stripe=post,stripe=draft", "stripe:post"])
def test_a_part_that_cannot_be_used_is_named(text):
    """A wrong word must not quietly mean the loosest mode."""
    with pytest.raises(SettingsError, match="NEXABOOKS_LEDGER_MODES"):
        modes_from(f"lago=draft,{text}")


def test_a_name_that_is_no_source_and_no_family_is_refused():
    """A typing mistake would hold nothing back."""
    modes_from("stripe=draft").check_names(["stripe", "hosting"])
    with pytest.raises(SettingsError, match="strype"):
        modes_from("strype=draft").check_names(["stripe", "hosting"])


def test_what_holds_is_said_in_one_line():
    """The run's mode, and for whom it is stricter."""
    modes = modes_from("stripe=post, lago=draft, other=dry_run")
    assert modes.says("post").endswith("but draft for lago, dry_run for other")
    assert modes.says("draft").endswith("but dry_run for other")
    assert "but" not in Modes().says("post")
