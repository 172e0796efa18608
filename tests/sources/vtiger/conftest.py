"""A small vTiger world, by both transports, and a session that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from nexabooks.clients.retry import with_retries
from nexabooks.rawjson import records
from nexabooks.sandbox.making import utc
from nexabooks.sandbox.vtiger_service import VtigerService
from nexabooks.sandbox.world import Account, Case, Contact, ServiceContract, Timelog, World
from nexabooks.settings import Settings
from nexabooks.sources.vtiger import SOURCE
from nexabooks.streams import Batch, Finished

NOW = utc("2026-06-02T06:00")


def make_case(n: int, contract_id: str = "301", **changes: Any) -> Case:
    at = NOW - timedelta(days=30) + timedelta(minutes=n)
    return replace(Case(str(n), f"CC{n}", f"Case {n}", "101", contract_id, "Closed", Decimal("1.5"), at), **changes)


def make_timelog(n: int, case_id: str, **changes: Any) -> Timelog:
    at = NOW - timedelta(days=30) + timedelta(minutes=n)
    return replace(Timelog(str(n), case_id, "301", date(2026, 5, 3), 90, True, at), **changes)


def small_world(case_count: int = 5) -> World:
    cases = (*(make_case(400 + n) for n in range(case_count)), make_case(390, contract_id=""))
    return World(
        "small",
        NOW,
        accounts=(Account("101", "Ash Ltd", modified_at=NOW - timedelta(days=40)),),
        contacts=(Contact("201", "Anne", "Ash", "anne@example.test", "101", NOW - timedelta(days=40)),),
        contracts=(
            ServiceContract(
                "301", "SERCON1", "20 h", "101", date(2026, 1, 1), date(2026, 12, 31), Decimal(20), Decimal(7)
            ),
            ServiceContract(
                "302", "SERCON2", "10 h", "101", date(2026, 1, 1), date(2026, 12, 31), Decimal(10), Decimal(0)
            ),
        ),
        cases=cases,
        timelogs=tuple(make_timelog(500 + n, c.id) for n, c in enumerate(cases)),
    )


@dataclass
class Table:
    """What a warehouse would hold of one stream: the newest payload of each key, and how the read ended."""

    key: tuple[str, ...]
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
                parsed = orjson.loads(record)
                key = "|".join(parsed[name] for name in self.key)
                self.rows[key] = record
                self.fetched.append(key)
            for key in piece.deleted_keys:
                self.rows.pop(key, None)
        assert self.end is not None
        if self.end.is_complete:
            self.rows = {k: v for k, v in self.rows.items() if k in self.fetched}
        return self


class Vtiger:
    """A running pretend vTiger, its world to change, and a reader of it."""

    def __init__(self, transport: str, folder: Path) -> None:
        self.world = small_world()
        self.service = VtigerService(lambda: self.world, transport=transport)
        self.service.start()
        self.mapping_path = folder / "timelogs.json"
        self.mapping_path.write_bytes(orjson.dumps(self.service.timelog_mapping))
        self.streams = {s.name: s for s in SOURCE.streams}
        self.make_case = make_case
        self.settings = Settings(
            _env_file=None,
            vtiger_url=self.service.url,
            vtiger_username=self.service.username,
            vtiger_access_key=self.service.access_key,
            vtiger_transport=transport,
            vtiger_requests_per_s=5000,
            vtiger_timelog_mapping=self.mapping_path if transport == "cloud" else None,
            request_timeout_s=20,
        )

    def with_settings(self, **changes: Any) -> None:
        self.settings = self.settings.model_copy(update=changes)

    def change(self, **changes: Any) -> None:
        self.world = replace(self.world, **changes)

    def read(self, stream: str, table: Table | None = None, *, full: bool = False) -> Table:
        """Read `stream` on from what `table` holds, into it."""
        table = table or Table(self.streams[stream].key)
        state = table.end.state if table.end else None
        with SOURCE.open(self.settings) as session:
            return table.take(session.read(self.streams[stream], state, full=full))


@pytest.fixture(params=["selfhosted", "cloud"])
def vtiger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vtiger]:
    running = Vtiger(request.param, tmp_path)
    yield running
    running.service.stop()


@pytest.fixture
def selfhosted(tmp_path: Path) -> Iterator[Vtiger]:
    running = Vtiger("selfhosted", tmp_path)
    yield running
    running.service.stop()


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Vtiger]:
    running = Vtiger("cloud", tmp_path)
    yield running
    running.service.stop()


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once; what a service itself asks us to wait is still waited."""
    monkeypatch.setitem(with_retries.__kwdefaults__, "sleep", lambda seconds: None)
