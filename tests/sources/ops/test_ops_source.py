"""The ops store landed like any source."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from nexabooks.ledger.journal import Receipt
from nexabooks.ops import ClosedFigure, open_ops
from nexabooks.rawjson import records
from nexabooks.settings import Settings
from nexabooks.sources.ops import SOURCE
from nexabooks.sources.ops import reader as ops_reader
from nexabooks.streams import Batch, Claim

NOW = datetime(2026, 5, 31, 6, tzinfo=UTC)
STREAMS = {stream.name: stream for stream in SOURCE.streams}


def receipt(number: int, outcome: str = "done") -> Receipt:
    return Receipt(
        f"r{number}", "run 1", "post", "stripe", f"in_{number}", "invoice", "account.move", number, outcome,
        "posted", 11300, 11300, "CAD", NOW,
    )  # fmt: skip


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, clock=NOW, _env_file=None)


def read(settings, name, state=None, *, full=False):
    """Everything a read yields: the records and the end."""
    with SOURCE.open(settings) as session:
        *batches, end = session.read(STREAMS[name], state, full=full)
    assert all(isinstance(batch, Batch) and batch.table == name for batch in batches)
    assert sum(batch.row_count for batch in batches) == sum(1 for batch in batches for _ in records(batch))
    return [orjson.loads(record) for batch in batches for record in records(batch)], end


def test_an_empty_store_has_nothing_and_says_so(settings):
    """The absence of rows is a claim, not a silence."""
    for name in STREAMS:
        rows, end = read(settings, name)
        assert (rows, end.is_complete, end.claims) == ([], True, (Claim(name, 0),))


def test_receipts_come_once_whole_and_then_onward(settings, monkeypatch):
    """After the first read only what was written since comes, and the pages join without a gap."""
    monkeypatch.setattr(ops_reader, "PAGE_ROWS", 2)
    monkeypatch.setattr(ops_reader, "REREAD_POSITIONS", 0)
    with open_ops(settings.ops_store_url, now=settings.now) as store:
        store.journal("run 1").receipt([receipt(n) for n in range(5)])
    rows, end = read(settings, "receipts")
    assert [row["receipt_id"] for row in rows] == ["r0", "r1", "r2", "r3", "r4"]
    assert (end.is_complete, end.claims) == (True, (Claim("receipts", 5),))
    assert rows[0] == {
        "receipt_id": "r0", "run_id": "run 1", "action": "post", "source_system": "stripe", "source_invoice_id": "in_0",
        "kind": "invoice", "odoo_model": "account.move", "odoo_id": 0, "outcome": "done", "says": "posted",
        "total_minor": 11300, "odoo_total_minor": 11300, "currency_code": "CAD", "at": "2026-05-31T06:00:00+00:00",
        "position": 1,
    }  # fmt: skip
    assert read(settings, "receipts", end.state)[0] == []
    with open_ops(settings.ops_store_url, now=settings.now) as store:
        store.journal("run 2").receipt([receipt(9)])
    rows, later = read(settings, "receipts", end.state)
    assert ([row["receipt_id"] for row in rows], later.is_complete) == (["r9"], False)
    assert len(read(settings, "receipts", later.state, full=True)[0]) == 6


def test_a_receipt_whose_words_changed_comes_again(settings, monkeypatch):
    """Unclear first and known later: the later word must reach the warehouse."""
    monkeypatch.setattr(ops_reader, "REREAD_POSITIONS", 0)
    with open_ops(settings.ops_store_url, now=settings.now) as store:
        store.journal("run 1").receipt([receipt(1, "unclear"), receipt(2)])
    _, end = read(settings, "receipts")
    with open_ops(settings.ops_store_url, now=settings.now) as store:
        store.journal("run 1").receipt([receipt(1)])
    rows, _ = read(settings, "receipts", end.state)
    assert [(row["receipt_id"], row["outcome"]) for row in rows] == [("r1", "done")]


def test_a_store_behind_the_cursor_is_read_whole(settings):
    """A store restored from a backup begins again below the position that the warehouse remembers."""
    with open_ops(settings.ops_store_url, now=settings.now) as store:
        store.journal("run 1").receipt([receipt(1)])
    rows, end = read(settings, "receipts", {"position": 500})
    assert ([row["receipt_id"] for row in rows], end.is_complete, end.state) == (["r1"], True, {"position": 1})


def test_only_the_decision_that_holds_is_sent(settings):
    """Key break_key: an earlier decision stays in the store as history."""
    with open_ops(settings.ops_store_url, now=settings.now) as store:
        store.resolve("b1", break_class="cent", resolution="accepted", by="Ann", why="rounding")
        store.resolve("b1", break_class="cent", resolution="corrected", by="Bob", why="credit note 7")
    rows, _ = read(settings, "resolutions")
    assert rows == [
        {"break_key": "b1", "class": "cent", "resolution": "corrected", "resolved_by": "Bob", "why": "credit note 7",
         "at": "2026-05-31T06:00:00+00:00", "source_minor": None, "ledger_minor": None, "currency_code": None,
         "first_seen_on": None}
    ]  # fmt: skip


def figure(invoice_id: str) -> ClosedFigure:
    return ClosedFigure("stripe", invoice_id, "invoice", "NXC", "hosting", "CAD", "verified", True, 10000, 0, 0)


def close_month(settings, month: str, *invoice_ids: str) -> None:
    with open_ops(settings.ops_store_url, now=settings.now) as store:
        store.months().close(
            month, [figure(i) for i in invoice_ids], by="Ann", note="", time_zone="America/Toronto",
            published_by="refresh-1", published_at=NOW, open_break_count=0,
        )  # fmt: skip


def test_the_months_that_are_closed_now_come_whole(settings):
    """A month that was opened again is left out, so it becomes a tombstone."""
    close_month(settings, "2026-04", "in_1")
    close_month(settings, "2026-05", "in_2")
    with open_ops(settings.ops_store_url, now=settings.now) as store:
        store.months().reopen("2026-04", by="Bob", why="forgotten")
    rows, end = read(settings, "closings")
    assert [(row["month"], row["closing"], row["round"], row["closed_by"]) for row in rows] == [
        ("2026-05", 2, 1, "Ann")
    ]
    assert (end.is_complete, end.claims) == (True, (Claim("closings", 1),))


def test_the_figures_of_closed_months_come_once_and_then_onward(settings, monkeypatch):
    """What was kept never changes, so only the figures of a new closing are read."""
    monkeypatch.setattr(ops_reader, "PAGE_ROWS", 2)
    close_month(settings, "2026-04", "in_1", "in_2", "in_3")
    rows, end = read(settings, "closed_figures")
    assert [(row["closing"], row["source_invoice_id"], row["invoiced_minor"]) for row in rows] == [
        (1, "in_1", 10000), (1, "in_2", 10000), (1, "in_3", 10000)
    ]  # fmt: skip
    assert (end.is_complete, end.claims) == (True, (Claim("closed_figures", 3),))
    assert read(settings, "closed_figures", end.state)[0] == []
    close_month(settings, "2026-05", "in_4")
    rows, later = read(settings, "closed_figures", end.state)
    assert ([row["source_invoice_id"] for row in rows], later.is_complete) == (["in_4"], False)
    rows, again = read(settings, "closed_figures", {"position": 500})
    assert (len(rows), again.is_complete) == (4, True)
