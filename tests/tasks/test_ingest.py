"""Reading one source of a run: what it would not give is told, and the rest goes on."""

from __future__ import annotations

import pytest

from nexabooks.sandbox import story
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.warehouse import open_warehouse
from tasks.ingest import ingest
from tasks.run import run_of


@pytest.fixture
def lago(tmp_path, monkeypatch):
    monkeypatch.setattr("nexabooks.clients.retry.pause", lambda seconds: None)
    with Sandbox(story.day_1(), tmp_path / "world", services=("lago",)) as box:
        for name, value in (box.environment() | {"NEXABOOKS_HOME": str(tmp_path / "home")}).items():
            monkeypatch.setenv(name, value)
        yield box.lago


def read(home) -> tuple[int, tuple[str, ...], str]:
    """How many invoices are there, what was not read, and how the run ended."""
    with run_of("refresh", needs_ledger=False) as run:
        got = ingest(run, "lago")
    with open_warehouse(home / "warehouse.duckdb") as db:
        (end,) = db.rows("select outcome from meta.runs where run_id = ?", [run.run_id])
        (found,) = db.rows("select count(*) as n from raw_lago.invoices where payload ->> '$.fees' is not null")
    return found["n"], got.unread, end["outcome"]


def test_a_record_that_is_listed_and_not_given_is_told_and_healed(lago, tmp_path):
    """The run is incomplete as long as it lasts; the other invoices are whole."""
    assert read(tmp_path / "home") == (11, (), "done")
    (one, *_) = [call.rsplit("/", 1)[1] for call in lago.faults.calls if "/invoices/" in call]
    with open_warehouse(tmp_path / "home" / "warehouse.duckdb") as db:
        db.con.execute("delete from meta.cursors")
    lago.faults.add(f"/invoices/{one}", "500", times=1_000)
    whole_count, unread, outcome = read(tmp_path / "home")
    assert (whole_count, len(unread), outcome) == (10, 1, "incomplete")
    assert one in unread[0]
    lago.faults.clear()
    assert read(tmp_path / "home") == (11, (), "done")
