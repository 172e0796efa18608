"""The events since some moment, read once per session and shared by every stream: signals in memory, bodies in a file.

An event says that something changed and names it. It is never the new state: it is rendered in the API version of its
own day, two events of one second have no order, and lists inside it end after ten (facts: stripe, "API versions").
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from nexabooks.sources.stripe.streams import ALSO_STALE, EVENT_TYPES, STREAM_OF_OBJECT
from nexabooks.sources.stripe.wire import Page

TYPES_PER_REQUEST = 20  # with 21 every call is a 400


class EventLog:
    """What happened up to `until` (Unix seconds, included).

    `pages(params, what)` lists /v1/events. Reading goes back only as far as somebody asked, and never twice.
    """

    def __init__(self, pages: Callable[[dict[str, Any], str], Iterator[Page]], until: int) -> None:
        self.until = until
        self._pages = pages
        self._read_from: int | None = None  # everything from here to `until` is known
        self._is_whole = False
        self._stale: dict[str, set[str]] = {}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the session, which closes it
        self._sizes: list[int] = []

    def stale_ids(self, stream: str, since: int) -> set[str]:
        """The ids of `stream` that an event since `since` speaks of, or of which it changed something."""
        self._read_back_to(since)
        return set(self._stale.get(stream, ()))

    def pages_since(self, since: int | None) -> Iterator[Page]:
        """The pages of events since `since` or earlier (None: all that Stripe still has)."""
        self._read_back_to(since)
        at = 0
        for size in list(self._sizes):
            self._file.seek(at)
            body = self._file.read(size)
            at += size
            yield Page(body, orjson.loads(body)["data"], has_more=False)

    def close(self) -> None:
        """Remove the file in which the events wait."""
        self._file.close()

    def _read_back_to(self, since: int | None) -> None:
        if self._is_whole or (since is not None and self._read_from is not None and self._read_from <= since):
            return
        created = {} if since is None else {"gte": since}
        created |= {"lte": self.until} if self._read_from is None else {"lt": self._read_from}
        for first in range(0, len(EVENT_TYPES), TYPES_PER_REQUEST):
            types = list(EVENT_TYPES[first : first + TYPES_PER_REQUEST])
            for page in self._pages({"types": types, "created": created}, f"events {types[0]} to {types[-1]}"):
                self._take(page)
        self._read_from, self._is_whole = since, since is None

    def _take(self, page: Page) -> None:
        if not page.records:
            return
        self._file.seek(0, 2)
        self._file.write(page.body)
        self._sizes.append(len(page.body))
        for event in page.records:
            for stream, record_id in touched(event):
                self._stale.setdefault(stream, set()).add(record_id)


def touched(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(stream, id) of every record that an event makes stale: the one it is about, and those it changes as well."""
    about = (event.get("data") or {}).get("object") or {}
    name = about.get("object") or ""
    if name in STREAM_OF_OBJECT and isinstance(about.get("id"), str):
        yield STREAM_OF_OBJECT[name], about["id"]
    for field in ALSO_STALE.get(name, ()):
        value = about.get(field)
        value = value.get("id") if isinstance(value, dict) else value
        if isinstance(value, str):
            yield STREAM_OF_OBJECT[field], value
