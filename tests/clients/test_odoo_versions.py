"""An older Odoo is asked in its own words and answers in those of 19."""

from __future__ import annotations

import pytest

from nexabooks.clients.odoo_versions import as_newer, as_older, older_method, older_name

ASKED = {
    "a field": ({"fields": ["code", "active"]}, {"fields": ["code", "deprecated"]}),
    "a condition": (
        {"domain": ["|", ["active", "=", True], ["code", "=", "1"]]},
        {"domain": ["|", ["deprecated", "=", False], ["code", "=", "1"]]},
    ),
    "several values": ({"domain": [["active", "in", [True]]]}, {"domain": [["deprecated", "in", [False]]]}),
    "values to write": ({"ids": [1], "vals": {"active": False}}, {"ids": [1], "vals": {"deprecated": True}}),
    "values to create": (
        {"vals_list": [{"code": "1", "active": True}]},
        {"vals_list": [{"code": "1", "deprecated": False}]},
    ),
}


@pytest.mark.parametrize(("newer", "older"), ASKED.values(), ids=ASKED.keys())
def test_an_archived_account_was_a_deprecated_one(newer, older):
    """Of accounts only, and until 18."""
    assert as_older("account.account", newer, 18) == older
    assert as_older("account.account", newer, 19) == newer
    assert as_older("account.tax", newer, 18) == newer


def test_what_an_older_one_answers_reads_as_that_of_19():
    """Whatever is no record stays as it is."""
    assert as_newer("account.account", [{"id": 1, "deprecated": True}], 18) == [{"id": 1, "active": False}]
    assert as_newer("account.account", [{"id": 1, "active": True}], 19) == [{"id": 1, "active": True}]
    assert as_newer("account.account", [1, 2], 18) == [1, 2]
    assert as_newer("account.account", True, 18) is True


def test_a_draft_without_a_number_has_no_name():
    """An older one calls it "/"."""
    assert as_newer("account.move", [{"id": 1, "name": "/"}], 18) == [{"id": 1, "name": False}]
    assert as_newer("account.move", [{"id": 1, "name": "INV/2026/00001"}], 18) == [{"id": 1, "name": "INV/2026/00001"}]


PAYMENTS = {
    "its fields": (
        {"fields": ["id", "memo", "x_fc_source_invoice_id"]},
        {"fields": ["id", "ref", "x_fc_payment_source_invoice_id"]},
    ),
    "the columns of a load": (
        {"fields": ["id", "journal_id/.id", "memo", "x_fc_revision"], "data": [["a.b", "1", "pi_1", ""]]},
        {"fields": ["id", "journal_id/.id", "ref", "x_fc_payment_revision"], "data": [["a.b", "1", "pi_1", ""]]},
    ),
    "its states": (
        {"domain": [["state", "in", ["draft", "paid", "canceled"]]]},
        {"domain": [["state", "in", ["draft", "posted", "cancel"]]]},
    ),
    "an order": ({"domain": [], "order": "memo desc, id"}, {"domain": [], "order": "ref desc,id"}),
}


@pytest.mark.parametrize(("newer", "older"), PAYMENTS.values(), ids=PAYMENTS.keys())
def test_a_payment_was_an_entry(newer, older):
    """Of 17; our own fields have names of their own there, because Odoo would write them to both."""
    assert as_older("account.payment", newer, 17) == older
    assert as_older("account.payment", newer, 18) == newer


def test_a_posted_payment_reads_as_paid():
    """17 knows no state in between, and takes back by the same word as an entry."""
    states = [{"id": n, "state": state, "ref": "pi"} for n, state in enumerate(("draft", "posted", "cancel"))]
    read = [(r["state"], r["memo"]) for r in as_newer("account.payment", states, 17)]
    assert read == [("draft", "pi"), ("paid", "pi"), ("canceled", "pi")]


def test_a_field_of_a_payment_is_not_the_one_of_its_entry():
    """17 shows both under a payment; the setup must see that its own is missing."""
    theirs = {"ref": {}, "x_fc_source_system": {}, "x_fc_payment_id": {}}
    assert as_newer("account.payment", theirs, 17) == {"memo": {}, "x_fc_payment_id": {}}
    made = theirs | {older_name("account.payment", "x_fc_source_system", 17): {}}
    assert set(as_newer("account.payment", made, 17)) == {"memo", "x_fc_payment_id", "x_fc_source_system"}
    assert older_name("account.payment", "x_fc_source_system", 18) == "x_fc_source_system"


LOCKS = {
    "the one for all but advisers is later": ("2026-02-28", "2025-12-31", "2026-02-28"),
    "the one for all is later": ("2025-01-31", "2025-12-31", "2025-12-31"),
    "the first alone": ("2026-02-28", False, "2026-02-28"),
    "the second alone": (False, "2025-12-31", "2025-12-31"),
    "none": (False, False, False),
}


@pytest.mark.parametrize(("period", "year", "counts"), LOCKS.values(), ids=LOCKS.keys())
def test_the_later_of_two_lock_dates_counts(period, year, counts):
    """A posting user of 17 is held by both. Of the locks that it has not none is set."""
    asked = as_older("res.company", {"fields": ["name", "fiscalyear_lock_date", "hard_lock_date"]}, 17)
    assert asked == {"fields": ["name", "fiscalyear_lock_date", "period_lock_date"]}
    for record in (
        {"id": 1, "period_lock_date": period, "fiscalyear_lock_date": year},
        {"id": 1, "fiscalyear_lock_date": year, "period_lock_date": period},
    ):
        (company,) = as_newer("res.company", [record], 17)
        assert company == {
            "id": 1,
            "fiscalyear_lock_date": counts,
            "sale_lock_date": False,
            "purchase_lock_date": False,
            "hard_lock_date": False,
        }


def test_what_an_older_one_has_not_is_never_written_silently():
    """Odoo refuses it by name; only a reading knows that there is nothing."""
    asked = {"ids": [1], "vals": {"hard_lock_date": "2026-01-31"}}
    assert as_older("res.company", asked, 17) == asked
    asked = {"fields": ["id", "invoice_currency_rate"], "data": [["a.b", "0.7"]]}
    assert as_older("account.move", asked, 17) == asked
    assert as_older("res.users.apikeys", {"fields": ["name"], "order": "expiration_date"}, 17)["order"] == "id"


def test_whether_a_user_may_was_asked_otherwise():
    """Of the model, and without an error for a no."""
    asked = {"ids": [], "operation": "write"}
    assert older_method("has_access", asked, 17) == (
        "check_access_rights",
        {"operation": "write", "raise_exception": False},
    )
    assert older_method("has_access", asked, 18) == ("has_access", asked)
    assert older_method("read", {"ids": [1]}, 17) == ("read", {"ids": [1]})
