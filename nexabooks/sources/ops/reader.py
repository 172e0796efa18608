"""The ops session: receipts and the figures of closed months onward from a position; resolutions (the newest decision
about each difference), sightings (since when each is seen, or until when it was) and closings (the months that are closed now) whole.

Setting: NEXABOOKS_OPS_URL (a SQLite file below NEXABOOKS_HOME by default). Reading changes nothing but this: a store that
is not there yet is made, empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from nexabooks.ops import OpsStore, open_ops
from nexabooks.ops.as_json import as_json
from nexabooks.settings import Settings
from nexabooks.sources.ops.streams import REREAD_POSITIONS, STREAMS
from nexabooks.streams import Batch, Claim, Finished, Stream

PAGE_ROWS = 5_000


class OpsSession:
    """An open reading of the ops store."""

    def __init__(self, store: OpsStore) -> None:
        self._store = store

    def read(self, stream: Stream, state: dict[str, Any] | None, *, full: bool = False) -> Iterator[Batch | Finished]:
        """Everything of `stream` that may have changed since `state`; amounts are whole minor units, times UTC."""
        since = {} if full or not state else state
        if stream.name == "resolutions":
            yield from self._resolutions()
        elif stream.name == "sightings":
            yield from self._sightings()
        elif stream.name == "closings":
            yield from self._closings()
        elif stream.name == "closed_figures":
            yield from self._closed_figures(since)
        else:
            yield from self._receipts(since)

    def _resolutions(self) -> Iterator[Batch | Finished]:
        rows = [
            {
                "break_key": found.break_key,
                "class": found.break_class,
                "resolution": found.resolution,
                "resolved_by": found.resolved_by,
                "why": found.why,
                "at": found.at,
                "source_minor": found.source_minor,
                "ledger_minor": found.ledger_minor,
                "currency_code": found.currency_code,
                "first_seen_on": found.first_seen_on,
            }
            for found in self._store.resolutions()
        ]
        if rows:
            yield _batch("resolutions", rows)
        yield Finished("resolutions", is_complete=True, claims=(Claim("resolutions", len(rows)),))

    def _sightings(self) -> Iterator[Batch | Finished]:
        rows = [found._asdict() for found in self._store.sightings()]
        if rows:
            yield _batch("sightings", rows)
        yield Finished("sightings", is_complete=True, claims=(Claim("sightings", len(rows)),))

    def _closings(self) -> Iterator[Batch | Finished]:
        rows = [
            {
                "month": found.month,
                "closing": found.position,
                "round": found.round,
                "closed_by": found.decided_by,
                "note": found.note,
                "time_zone": found.time_zone,
                "published_by": found.published_by,
                "published_at": found.published_at,
                "open_break_count": found.open_break_count,
                "at": found.at,
            }
            for found in self._store.months().closed()
        ]
        if rows:
            yield _batch("closings", rows)
        yield Finished("closings", is_complete=True, claims=(Claim("closings", len(rows)),))

    def _closed_figures(self, state: Mapping[str, Any]) -> Iterator[Batch | Finished]:
        months, position = self._store.months(), int(state.get("position", 0))
        if position and not months.figures_after(position - 1, 1):
            position, state = 0, {}  # the store is behind the cursor: it was restored or replaced, so all of it is read
        sent = 0
        while rows := months.figures_after(position, PAGE_ROWS):
            position = rows[-1]["position"]
            sent += len(rows)
            yield _batch("closed_figures", rows)
        claim = Claim("closed_figures", sent, basis="wire") if state else Claim("closed_figures", months.figure_count())
        yield Finished("closed_figures", {"position": position}, is_complete=not state, claims=(claim,))

    def _receipts(self, state: Mapping[str, Any]) -> Iterator[Batch | Finished]:
        position = int(state.get("position", 0))
        if position and not self._store.receipts_after(position - 1, 1):
            position, state = 0, {}  # the store is behind the cursor: it was restored or replaced, so all of it is read
        after, sent = max(0, position - REREAD_POSITIONS), 0
        while rows := self._store.receipts_after(after, PAGE_ROWS):
            after = rows[-1]["position"]
            sent += len(rows)
            yield _batch("receipts", rows)
        is_complete = not state
        claim = Claim("receipts", self._store.receipt_count()) if is_complete else Claim("receipts", sent, basis="wire")
        yield Finished("receipts", {"position": max(position, after)}, is_complete=is_complete, claims=(claim,))


def _batch(table: str, rows: Sequence[Mapping[str, Any]]) -> Batch:
    return Batch(table, bodies=(orjson.dumps(as_json(rows)),), records_at="[]", row_count=len(rows))


class OpsSource:
    """The ops store as a source (streams.Source)."""

    name = "ops"
    streams = STREAMS

    def missing_settings(self, settings: Settings) -> list[str]:
        """Nothing: without a setting the store is a file below NEXABOOKS_HOME."""
        return []

    @contextmanager
    def open(self, settings: Settings) -> Iterator[OpsSession]:
        """Open the store. Raises SettingsError for a URL that cannot be used, Unreachable when it does not answer."""
        with open_ops(settings.ops_store_url, now=settings.now) as store:
            yield OpsSession(store)


SOURCE = OpsSource()
