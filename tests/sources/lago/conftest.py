"""A small Lago world and a session that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from nexabooks.clients.retry import with_retries
from nexabooks.rawjson import records
from nexabooks.sandbox.lago_service import LagoService
from nexabooks.sandbox.making import invoice, item, uid, utc
from nexabooks.sandbox.world import User, World
from nexabooks.settings import Settings
from nexabooks.sources.lago import SOURCE
from nexabooks.streams import Batch, Finished

NOW = utc("2026-06-02T06:00")
ANNE = User(
    uid("anne"), "anne@example.test", "Anne Ash", "Ash Ltd", lago_customer_id=uid("lago anne"), lago_external_id="anne"
)
BERT = User(
    uid("bert"),
    "bert@example.test",
    "Bert Birch",
    lago_customer_id=uid("lago bert"),
    lago_external_id="bert",
    lago_is_deleted=True,
)


def make_invoice(n: int, **changes: Any):
    """The nth invoice, issued n days after the first of January; paid unless `changes` says otherwise."""
    at = utc("2026-01-01T12:00") + timedelta(days=n % 120, seconds=n)
    values = {"paid_at": at + timedelta(hours=1)} | changes
    return invoice("lago", f"small-{n}", f"NEX-{n:04d}", ANNE, at, [item(f"Chat plan {n}", 1000 + n)], **values)


def small_world(count: int = 4) -> World:
    """`count` paid invoices, and one draft, one open, one voided, one top-up, one of a deleted customer."""
    special = (
        make_invoice(9001, status="draft", paid_at=None),
        make_invoice(9002, paid_at=None),
        make_invoice(9003, status="voided", paid_at=None),
        make_invoice(9004, lago_invoice_type="credit"),
        replace(make_invoice(9005), user_id=BERT.id),
    )
    return World("small", NOW, users=(ANNE, BERT), invoices=(*(make_invoice(n) for n in range(count)), *special))


@dataclass
class Table:
    """What a warehouse would hold of one stream: the newest payload of each key, and how the read ended."""

    rows: dict[str, bytes] = field(default_factory=dict)
    end: Finished | None = None
    fetched: list[str] = field(default_factory=list)

    def take(self, pieces: Iterator[Batch | Finished]) -> Table:
        """Land a read: the newest row of a key wins, named deletions go, a complete list removes what it lacks."""
        self.fetched = []
        for piece in pieces:
            if isinstance(piece, Finished):
                self.end = piece
                continue
            cut = list(records(piece))
            assert not cut or len(cut) == piece.row_count
            for record in cut:
                key = orjson.loads(record)["lago_id"]
                self.rows[key] = record
                self.fetched.append(key)
            for key in piece.deleted_keys:
                self.rows.pop(key, None)
        assert self.end is not None
        if self.end.is_complete:
            self.rows = {k: v for k, v in self.rows.items() if k in self.fetched}
        return self


class Lago:
    """A running pretend Lago, its world to change, and a reader of it."""

    def __init__(self) -> None:
        self.world = small_world()
        self.service = LagoService(lambda: self.world)
        self.service.start()
        self.settings = Settings(
            _env_file=None,
            lago_url=self.service.api_url,
            lago_api_key=self.service.api_key,
            lago_requests_per_s=5000,
            request_timeout_s=20,
        )
        self.streams = {s.name: s for s in SOURCE.streams}
        self.make_invoice, self.small_world = make_invoice, small_world

    def read(self, stream: str, table: Table | None = None, *, full: bool = False) -> Table:
        """Read `stream` on from what `table` holds, into it."""
        table = table or Table()
        state = table.end.state if table.end else None
        with SOURCE.open(self.settings) as session:
            return table.take(session.read(self.streams[stream], state, full=full))


@pytest.fixture
def lago() -> Iterator[Lago]:
    running = Lago()
    yield running
    running.service.stop()


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once; what a service itself asks us to wait is still waited."""
    monkeypatch.setitem(with_retries.__kwdefaults__, "sleep", lambda seconds: None)
