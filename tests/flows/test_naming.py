"""A list of runs reads like a diary: of the days that the runs close."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from flows import naming


@pytest.fixture
def run(monkeypatch):
    """A run without parameters, scheduled at 02:00 UTC: in Toronto it is still the day before."""
    scheduled = SimpleNamespace(
        parameters={}, flow_name="daily_close", scheduled_start_time=datetime(2026, 11, 25, 2, tzinfo=UTC)
    )
    monkeypatch.setattr(naming, "flow_run", scheduled)
    monkeypatch.setenv("NEXABOOKS_CLOCK", "2026-11-25T02:00:00+00:00")
    return scheduled


def test_a_run_is_named_by_the_accounting_day_that_it_closes(run):
    """The day is cut in the company's time zone, as the run's own id has it."""
    assert naming.run_name() == "daily_close 2026-11-24"


def test_a_day_that_was_asked_for_is_the_name(run):
    """Whatever day it is."""
    run.parameters["day"] = "2026-05-31"
    assert naming.run_name() == "daily_close 2026-05-31"


def test_settings_that_cannot_be_used_leave_a_name(run, monkeypatch):
    """The run itself says in a sentence what is wrong with them."""
    monkeypatch.setenv("NEXABOOKS_COMPANY_TIME_ZONE", "Mars/Olympus")
    assert naming.run_name() == "daily_close 2026-11-25"
    monkeypatch.setenv("NEXABOOKS_LEDGER_MODE", "maybe")
    assert naming.run_name() == "daily_close 2026-11-25"
