"""The Lago session: one method, `read`, for every stream. Nothing is remembered outside the cursor.

Settings: NEXABOOKS_LAGO_URL, NEXABOOKS_LAGO_API_KEY, NEXABOOKS_LAGO_REQUESTS_PER_S.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from nexabooks.settings import Settings
from nexabooks.sources.lago.api import LagoApi, NotThere
from nexabooks.sources.lago.invoices import read_invoices
from nexabooks.sources.lago.listing import Listing, read_list
from nexabooks.sources.lago.streams import STREAMS, SUBSCRIPTION_STATUSES
from nexabooks.streams import Batch, Claim, Finished, Stream

FILTERS = {"subscriptions": tuple(("status[]", status) for status in SUBSCRIPTION_STATUSES)}


class LagoSession:
    """An open reading of one Lago organization."""

    def __init__(self, api: LagoApi) -> None:
        self._api = api

    def read(self, stream: Stream, state: dict[str, Any] | None, *, full: bool = False) -> Iterator[Batch | Finished]:
        """Everything of `stream` that may have changed since `state`. Money stays in Lago's own minor units."""
        if stream.name == "invoices":
            yield from read_invoices(self._api, state, full=full)
        elif stream.name == "wallets":
            yield from self._read_wallets()
        else:
            listing = read_list(self._api, stream.name, FILTERS.get(stream.name, ()))
            yield from _landed(stream.name, [listing])

    def _read_wallets(self) -> Iterator[Batch | Finished]:
        """Lago lists wallets by customer only; without `external_customer_id` it answers 404 (lago-api).

        So this costs one call a customer.
        """
        customers = read_list(self._api, "customers")
        owners = [orjson.loads(row)["external_id"] for row in customers.rows]
        listings = []
        for owner in owners:
            try:
                listings.append(read_list(self._api, "wallets", [("external_customer_id", owner)]))
            except NotThere:
                continue  # the customer was deleted since he was listed, and his wallets are hidden with him
        yield from _landed("wallets", listings)


def _landed(table: str, listings: list[Listing]) -> Iterator[Batch | Finished]:
    """Whole lists of one table, as they came, and their end."""
    rows = tuple(row for listing in listings for row in listing.rows)
    if rows:
        yield Batch(table, bodies=rows, row_count=len(rows))
    basis = "wire" if any(listing.basis == "wire" for listing in listings) else "source"
    yield Finished(table, is_complete=True, claims=(Claim(table, len(rows), basis=basis),))


class LagoSource:
    """Lago as a source (streams.Source)."""

    name = "lago"
    streams = STREAMS

    def missing_settings(self, settings: Settings) -> list[str]:
        """The names of the settings that Lago needs and that are not set."""
        return settings.missing("lago_url", "lago_api_key")

    @contextmanager
    def open(self, settings: Settings) -> Iterator[LagoSession]:
        """Connect, read-only. Raises AccessRefused for a wrong key, Unreachable for a dead host."""
        api = LagoApi(settings)
        try:
            api.check()
            yield LagoSession(api)
        finally:
            api.close()


SOURCE = LagoSource()
