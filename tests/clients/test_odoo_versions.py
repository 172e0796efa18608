"""An older Odoo is asked in its own words and answers in those of 19."""

from __future__ import annotations

import pytest

from nexabooks.clients.odoo_versions import as_newer, as_older

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
    assert as_newer("account.account", [1, 2], 17) == [1, 2]
    assert as_newer("account.account", True, 17) is True


def test_a_draft_without_a_number_has_no_name():
    """An older one calls it "/"."""
    assert as_newer("account.move", [{"id": 1, "name": "/"}], 18) == [{"id": 1, "name": False}]
    assert as_newer("account.move", [{"id": 1, "name": "INV/2026/00001"}], 18) == [{"id": 1, "name": "INV/2026/00001"}]
