"""Reading Stripe: the pages of each list, and on top of them whatever changed without being listed anew.

From the wire to batches: bodies pass through as they came; what is parsed of them serves paging, states and counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nexabooks.errors import SettingsError, SourceContractBroken, Unreachable
from nexabooks.settings import Settings, secret
from nexabooks.sources.stripe import children
from nexabooks.sources.stripe.events import EventLog
from nexabooks.sources.stripe.haul import Haul
from nexabooks.sources.stripe.streams import (
    API_VERSION,
    EVENTS_LAG_S,
    OLDEST_CURSOR_S,
    OVERLAP_S,
    READINGS,
    STREAMS,
    Reading,
)
from nexabooks.sources.stripe.wire import CursorGone, Gone, Page, StripeWire
from nexabooks.streams import Batch, Finished, Stream

PAGE_SIZE = 100
RECORDS_A_BATCH = 50
LIST_ATTEMPTS = 4


class StripeSession:
    """One visit to Stripe. Every stream is read up to the same moment, and the events are read once for all of them."""

    api_version = API_VERSION

    def __init__(self, settings: Settings, wire: StripeWire) -> None:
        self.wire = wire
        self.is_live = _mode_of_key(secret(settings.stripe_api_key))
        self.now = int(settings.now().timestamp())
        self.read_until = self.now - EVENTS_LAG_S
        self.log = EventLog(lambda params, what: self.pages("/v1/events", params, what=what), self.read_until)

    def read(self, stream: Stream, state: dict[str, Any] | None, *, full: bool = False) -> Iterator[Batch | Finished]:
        """Batches of `stream` and of the tables it feeds, then Finished. Amounts are in Stripe's minor units, times in
        Unix seconds, as Stripe sends them.

        Everything is listed (and `is_complete`) at first, when `full`, and when the cursor is older than 25 days, from the
        future or of another API version; else only what may have changed. Raises AccessRefused naming the right that is missing,
        SourceContractBroken, RateLimited, Unreachable, PermanentError.
        """
        if stream.belongs_to:
            raise ValueError(f"{stream.name} is filled by reading {stream.belongs_to}.")
        state = state or {}
        is_whole = full or self._is_stale(state)
        reading = READINGS[stream.name]
        haul = Haul(stream.name, reading, self._mode(stream.name, state))
        if stream.name == "events":
            yield from self._read_events(haul, None if is_whole else int(state["read_until"]) - OVERLAP_S)
            return
        feed = children.feed_of(stream.name, self, {} if is_whole else state)
        yield from self._read_listed(reading, haul, feed, None if is_whole else state)
        if not is_whole and reading.reopen == "ids":
            yield from self._read_changed(reading, haul, feed, state)
        remembered: dict[str, Any] = {"open": sorted({*haul.open, *feed.unread_of})}
        if reading.reopen == "window":
            remembered = {"open_since": min(haul.open.values(), default=None)}
        unread = (*haul.unread, *feed.unread)
        yield Finished(
            stream.name,
            state=self._cursor(haul) | remembered | feed.state(),
            is_complete=is_whole and not unread,  # what was listed and not landed is not gone
            claims=haul.claims() + feed.claims(),
            unread=unread,
            notes=tuple(feed.notes),
        )

    def _cursor(self, haul: Haul) -> dict[str, Any]:
        return {"api_version": API_VERSION, "livemode": haul.is_live, "read_until": self.read_until}

    def _mode(self, stream: str, state: dict[str, Any]) -> bool | None:
        """Whether live data is expected: as the key says, else as the cursor does. Raises SourceContractBroken when
        they differ, for then one warehouse would hold two worlds."""
        known = state.get("livemode")
        if None not in (known, self.is_live) and known != self.is_live:
            words = ("live", "test") if known else ("test", "live")
            raise SourceContractBroken(
                f"The {stream} landed so far are Stripe's {words[0]} data, and the key is for {words[1]} data. "
                "Set the right NEXABOOKS_STRIPE_API_KEY, or another NEXABOOKS_HOME.",
                source="stripe",
                record=stream,
            )
        return known if self.is_live is None else self.is_live

    def pages(self, path: str, params: Mapping[str, Any], *, what: str) -> Iterator[Page]:
        """Every page of a list. Begins again when the record after which to go on was deleted meanwhile; refuses a list
        that turns in a circle. Records may come twice."""
        for attempt in range(1, LIST_ATTEMPTS + 1):
            try:
                yield from self._pages_once(path, params, what)
                return
            except CursorGone:
                if attempt == LIST_ATTEMPTS:
                    raise

    def _pages_once(self, path: str, params: Mapping[str, Any], what: str) -> Iterator[Page]:
        after: dict[str, str] = {}
        turned: set[str] = set()
        while True:
            number = f"page {len(turned) + 1}"
            page = self.wire.page(path, {**params, **after, "limit": PAGE_SIZE}, what=f"{what}, {number}")
            yield page
            if not page.has_more:
                return
            last_id = page.records[-1]["id"]
            if last_id in turned:
                raise Unreachable(
                    f"Stripe sent a page of {what} twice, the one that ends with {last_id} ({number}). "
                    "Another attempt may succeed.",
                    source="stripe",
                    record=last_id,
                )
            turned.add(last_id)
            after = {"starting_after": last_id}

    def _is_stale(self, state: dict[str, Any]) -> bool:
        """Also when it says that Stripe was read up to a moment that is yet to come: this machine's clock was wrong then, and
        what came since would be taken for read."""
        return (
            not state
            or state.get("api_version") != API_VERSION
            or not 0 <= self.now - int(state["read_until"]) <= OLDEST_CURSOR_S
        )

    def _read_listed(
        self, reading: Reading, haul: Haul, feed: children.Feed, state: dict[str, Any] | None
    ) -> Iterator[Batch]:
        """The list by `created` (whole without a `state`), then the lists of what is open. The upper edge keeps pages
        from shifting."""
        created = {"lte": self.now}
        if state:
            since = int(state["read_until"]) - OVERLAP_S
            created["gte"] = min(since, state.get("open_since") or since)
        for chosen in ({"created": created}, *(reading.open_lists if state else ())):
            for page in self.pages(reading.path, {**reading.params, **chosen}, what=haul.table):
                batch, records = haul.take_page(page)
                if batch:
                    yield batch
                    yield from feed.of(records)

    def _read_changed(
        self, reading: Reading, haul: Haul, feed: children.Feed, state: dict[str, Any]
    ) -> Iterator[Batch]:
        """By id: what an event spoke of, and what was open when it was last seen, unless a list has just brought it."""
        stale = self.log.stale_ids(haul.table, int(state["read_until"]) - OVERLAP_S)
        wanted = sorted((stale | set(state["open"])) - haul.seen)
        for first in range(0, len(wanted), RECORDS_A_BATCH):
            found: list[tuple[bytes, dict[str, Any]]] = []
            gone: list[str] = []
            for record_id in wanted[first : first + RECORDS_A_BATCH]:
                try:
                    body, record = self.wire.record(f"{reading.path}/{record_id}", what=f"{haul.table}, {record_id}")
                except Gone:
                    gone.append(record_id)
                    continue
                if record.get("deleted") is True:
                    gone.append(record_id)
                else:
                    found.append((body, record))
            batch, records = haul.take_records(found)
            if batch:
                yield batch
                yield from feed.of(records)
            if gone:
                yield Batch(haul.table, deleted_keys=tuple(gone))
                yield from feed.without(gone)

    def _read_events(self, haul: Haul, since: int | None) -> Iterator[Batch | Finished]:
        """The events themselves. Never complete: after 30 days Stripe forgets them, and what was landed stays."""
        for page in self.log.pages_since(since):
            batch, _ = haul.take_page(page)
            if batch:
                yield batch
        yield Finished("events", state=self._cursor(haul), claims=haul.claims(), unread=tuple(haul.unread))


def _mode_of_key(key: str) -> bool | None:
    """True for a live key, False for a test one, None when its prefix does not say (sk_live_, rk_test_)."""
    return {"live": True, "test": False}.get("".join(key.split("_")[1:2]))


class StripeSource:
    """Stripe as a source: see streams.Source."""

    name = "stripe"
    streams: tuple[Stream, ...] = STREAMS

    def missing_settings(self, settings: Settings) -> list[str]:
        """The environment names that reading Stripe needs and does not have."""
        return settings.missing("stripe_api_key", "stripe_url")

    @contextmanager
    def open(self, settings: Settings) -> Iterator[StripeSession]:
        """A session; nothing is asked before the first stream is read. Raises SettingsError."""
        missing = self.missing_settings(settings)
        if missing:
            raise SettingsError(f"Stripe cannot be read: set {', '.join(missing)}.", source="stripe")
        wire = StripeWire(settings)
        session = StripeSession(settings, wire)
        try:
            yield session
        finally:
            session.log.close()
            wire.close()


SOURCE = StripeSource()
