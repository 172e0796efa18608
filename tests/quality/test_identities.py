"""Sentences over the whole road, each a query that returns the rows that break it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nexabooks.errors import SettingsError
from nexabooks.quality import run_identities

AT = datetime(2026, 5, 31, 6, tzinfo=UTC)


@pytest.fixture
def identities(warehouse, tmp_path):
    """Run these queries, by file name."""

    def run(**queries: str):
        for name, text in queries.items():
            (tmp_path / f"{name}.sql").write_text(text, encoding="utf-8")
        return run_identities(warehouse, tmp_path, run_id="run 1", checked_at=AT)

    return run


def test_a_sentence_that_is_true_returns_no_row(identities):
    """The first comment is what people read, over as many lines as it takes."""
    (found,) = identities(sums="-- The parts make\n-- the whole.\nselect 1 from marts.fct_invoices where tax_minor < 0")
    assert (found.suite, found.model, found.expectation) == ("identities", "sums", "The parts make the whole.")
    assert (found.is_ok, found.severity, found.unexpected_count) == (True, "error", 0)


def test_the_rows_that_break_a_sentence_come_back(identities):
    """Month, currency and both amounts: enough to begin looking."""
    (found,) = identities(
        sums="-- Nothing is in dollars.\nselect '2026-05' as month, currency_code, null as ledger_minor, total_minor\n"
        "from marts.fct_invoices where currency_code = 'USD'"
    )
    assert (found.is_ok, found.unexpected_count, found.is_blocking) == (False, 1, True)
    assert found.failing_keys == ("month 2026-05, currency_code USD, ledger_minor (null), total_minor 0",)


def test_one_query_that_fails_does_not_stop_the_others(identities):
    """A broken check is a failed error that says so, though it was only a warning."""
    first, second, third, fourth = identities(
        a="-- A.\n-- severity: warn\nselect * from nowhere",
        b="select 1 as no_sentence",
        c="-- C.\nselect 1 where false",
        d="-- D.\nselect error('by hand')",
    )
    assert (first.severity, first.is_blocking) == ("error", True)
    assert "could not be checked: Catalog Error" in first.says
    assert "does not begin with a comment" in second.says
    assert third.is_ok
    assert "by hand" in fourth.says


def test_a_warning_is_shown_and_blocks_nothing(identities):
    """The comments below the severity are for the reader of the file and not part of the sentence."""
    (found,) = identities(a="-- A.\n-- severity: warn\n-- Because of B.\nselect 1 as n")
    assert found.expectation == "A."
    assert (found.severity, found.is_ok, found.is_blocking) == ("warn", False, False)


def test_a_folder_without_queries_is_refused(warehouse, tmp_path):
    """Sentences that nobody asked about would otherwise all hold."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SettingsError, match=f"{folder} .*NEXABOOKS_EXPECTATIONS_DIR"):
            run_identities(warehouse, folder, run_id="run 1", checked_at=AT)
