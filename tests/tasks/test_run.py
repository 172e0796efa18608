"""A run begins with settings that can be used, or not at all; and it says how it ended."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from flows.backfill import backfill
from nexabooks.errors import SettingsError, TransientError
from nexabooks.warehouse import open_warehouse
from tasks.run import KILLED, require_days, run_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(monkeypatch, tmp_path):
    """An installation that reads only its own ops store."""
    monkeypatch.setenv("NEXABOOKS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NEXABOOKS_SOURCES", "ops")
    return tmp_path / "home"


def test_of_an_unknown_error_only_the_kind_is_written_down(home):
    """Its words may quote anything, an address with its password too, and whoever reads the books reads meta.runs."""
    with pytest.raises(ValueError, match="s3cret"), run_of("refresh", needs_ledger=False):
        int("ret@db:s3cret")
    with open_warehouse(home / "warehouse.duckdb", read_only=True) as db:
        assert db.rows("select outcome, message from meta.runs") == [{"outcome": "broken", "message": "ValueError"}]


@pytest.mark.parametrize(("is_finished", "outcome"), [(True, "incomplete"), (False, "failed")])
def test_a_run_that_did_all_it_could_is_incomplete_and_not_failed(home, is_finished, outcome):
    """Under Prefect it is red so that somebody looks; the books say the same of it as without a server."""
    with pytest.raises(TransientError), run_of("refresh", needs_ledger=False) as run:
        run.unread.append("Stripe did not answer.")
        if is_finished:
            run.finished.set()
        raise TransientError("Stripe did not answer.")
    with open_warehouse(home / "warehouse.duckdb", read_only=True) as db:
        told = db.rows("select outcome, message from meta.runs")
    assert told == [{"outcome": outcome, "message": "Stripe did not answer."}]


def test_all_that_is_wrong_and_missing_is_named_together_before_anything_is_read(home, monkeypatch):
    """One start, one list, and nothing was made."""
    for name, value in {
        "NEXABOOKS_SOURCES": "stripe,lago",
        "NEXABOOKS_LAGO_URL": "nonsense",
        "NEXABOOKS_LAGO_REQUESTS_PER_S": "0",
        "NEXABOOKS_COMPANY_TIME_ZONE": "Mars/Olympus",
        "NEXABOOKS_LEDGER_MODES": "foo",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NEXABOOKS_STRIPE_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="nothing was read") as error, run_of("refresh", needs_ledger=False):
        pass
    names = ("LAGO_URL", "LAGO_REQUESTS_PER_S", "COMPANY_TIME_ZONE", "LEDGER_MODES", "STRIPE_API_KEY", "LAGO_API_KEY")
    assert [name for name in names if f"NEXABOOKS_{name}" not in str(error.value)] == []
    assert not home.exists()


def test_a_home_that_cannot_be_made_is_a_wrong_setting(home, monkeypatch):
    """Also where it is found only by making it."""
    monkeypatch.setattr("tasks.run.wrong_settings", lambda *_: [])
    home.write_text("a file")
    with pytest.raises(SettingsError, match="NEXABOOKS_HOME cannot be used"), run_of("refresh", needs_ledger=False):
        pass


@pytest.mark.parametrize("end", [date(2026, 5, 1), date(2026, 5, 2)], ids=["before it begins", "as it begins"])
def test_a_backfill_of_no_day_is_refused(home, end):
    """Before anything is read: it would plan nothing and say that all is well."""
    with pytest.raises(SettingsError, match="There is no day from 2026-05-02"):
        backfill.fn(date(2026, 5, 2), end)
    assert not home.exists()
    require_days(date(2026, 5, 2), date(2026, 5, 3))


def test_a_run_whose_process_was_killed_is_told_by_the_next_one(home):
    """While it runs it stands as running; nobody else would ever say that it did not end."""
    program = (
        "import os, signal\nfrom tasks.run import run_of\n"
        "with run_of('refresh', needs_ledger=False) as run:\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=os.environ, capture_output=True, timeout=180)
    question = "select outcome, finished_at is null as is_open, message from meta.runs order by started_at"
    with open_warehouse(home / "warehouse.duckdb", read_only=True) as db:
        assert db.rows(question) == [{"outcome": "running", "is_open": True, "message": ""}]
    (home / "ops.sqlite").unlink()  # its lease, which would run out in two minutes
    with run_of("refresh", needs_ledger=False):
        pass
    with open_warehouse(home / "warehouse.duckdb", read_only=True) as db:
        assert db.rows(question) == [
            {"outcome": "killed", "is_open": True, "message": KILLED},
            {"outcome": "done", "is_open": False, "message": ""},
        ]
