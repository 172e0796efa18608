"""Since when a difference is there, from the marts to the ops store and back to raw."""

from __future__ import annotations

from datetime import date

from nexabooks.ops import open_ops
from nexabooks.warehouse import open_warehouse
from tasks.breaks import remember_breaks
from tasks.run import run_of


def test_a_difference_that_returns_begins_anew(monkeypatch, tmp_path):
    """Lago down, up, and down again 37 days later is one day old; what stays keeps its day, also when more than ten end at once,
    which a complete list of only what is there would be refused for."""
    monkeypatch.setenv("NEXABOOKS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NEXABOOKS_SOURCES", "ops")
    first, later = date(2026, 4, 26), date(2026, 6, 2)
    lago, stays, many = "source_unreachable|lago|source", "missing|in_1", [f"parked|{n}" for n in range(30)]
    with run_of("refresh", needs_ledger=False) as run:
        for seen in (
            {lago: first, stays: first} | dict.fromkeys(many, first),
            {stays: later},
            {stays: later, lago: later},
        ):
            with open_warehouse(run.settings.warehouse_path) as db:
                db.con.execute("create schema if not exists marts")
                for table, key in (("fct_breaks", "break_key"), ("fct_restatements", "restatement_key")):
                    db.con.execute(f"create or replace table marts.{table} ({key} varchar, first_seen_on date)")
                db.con.executemany("insert into marts.fct_breaks values (?, ?)", list(seen.items()))
            read = remember_breaks(run)
            assert read.unread == ()
        with open_ops(run.settings.ops_store_url) as ops:
            there = {row.break_key: row.first_seen_on for row in ops.sightings() if row.ended_at is None}
    assert there == {lago: later, stays: first}
