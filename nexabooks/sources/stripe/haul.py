"""What one read of one stream has brought so far: each record once, checked, counted, and what is not yet final."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from nexabooks.rawjson import elements, member
from nexabooks.sources.stripe.streams import Reading
from nexabooks.sources.stripe.wire import Page
from nexabooks.streams import Batch, Claim


class Haul:
    """Takes pages and records of `table`; gives batches in which no record comes twice.

    A list may pass the same record twice (a page repeated or shifted, two lists that overlap); the later one is left
    out. A record of another kind, or of the other mode than `is_live` (None = as the first record says), is not taken:
    `unread` names it.
    """

    def __init__(self, table: str, reading: Reading, is_live: bool | None) -> None:
        self.table, self._reading, self.is_live = table, reading, is_live
        self.seen: set[str] = set()
        self._row_count = 0
        self.unread: list[str] = []
        self.open: dict[
            str, int
        ] = {}  # id -> created, of what may still change, or was not landed: it is asked for again
        self._counts: Counter[tuple[str, str]] = Counter()
        self._totals: Counter[tuple[str, str]] = Counter()

    def take_page(self, page: Page) -> tuple[Batch | None, list[dict[str, Any]]]:
        """The batch of what is new on this page, as it came (None when nothing is), and the values of those records."""
        fresh = [at for at, record in enumerate(page.records) if self._take(record)]
        records = [page.records[at] for at in fresh]
        if not fresh:
            return None, []
        if len(fresh) == len(page.records):
            return Batch(self.table, (page.body,), records_at="data", row_count=len(fresh)), records
        cut = list(elements(member(page.body, "data")))
        return Batch(self.table, tuple(cut[at] for at in fresh), row_count=len(fresh)), records

    def take_records(self, bodies: Sequence[tuple[bytes, dict[str, Any]]]) -> tuple[Batch | None, list[dict[str, Any]]]:
        """The same for records that were asked for one by one."""
        fresh = [(body, record) for body, record in bodies if self._take(record)]
        if not fresh:
            return None, []
        return Batch(self.table, tuple(body for body, _ in fresh), row_count=len(fresh)), [r for _, r in fresh]

    def claims(self) -> tuple[Claim, ...]:
        """What came over the wire, counted here and not where it lands: Stripe itself offers no count.

        For invoices one claim a currency and month of `created` (UTC), with the sum of `total`; else one for the table.
        """
        if not self._totals:
            return (Claim(self.table, self._row_count, basis="wire"),)
        return tuple(
            Claim(self.table, self._counts[where], self._totals[where], where[0], where[1], basis="wire")
            for where in sorted(self._counts)
        )

    def _take(self, record: dict[str, Any]) -> bool:
        record_id = record["id"]
        if record_id in self.seen:
            return False
        self.seen.add(record_id)
        wrong = self._what_is_wrong(record)
        if wrong:
            self.unread.append(f"Stripe sent {record_id} among its {self.table} {wrong}; it was not landed.")
            self.open[record_id] = int(record.get("created") or 0)
            return False
        self._row_count += 1
        if not self._reading.is_final(record):
            self.open[record_id] = int(record.get("created") or 0)
        if self.table == "invoices":
            self._count_invoice(record)
        return True

    def _what_is_wrong(self, record: dict[str, Any]) -> str:
        if record.get("object") != self._reading.object_name:
            return f"as {record.get('object')!r}, not {self._reading.object_name!r}"
        is_live = record.get("livemode")  # a balance transaction does not say
        if is_live is None:
            return ""
        if self.is_live is None:
            self.is_live = is_live
        return "" if is_live == self.is_live else f"with livemode {str(is_live).lower()}, unlike the others"

    def _count_invoice(self, invoice: dict[str, Any]) -> None:
        """An amount that is no whole number is counted as nothing: the record is landed as it is, and its certificate
        and the verification name it."""
        total, created = invoice.get("total"), invoice.get("created")
        month = datetime.fromtimestamp(created, UTC).strftime("%Y-%m") if isinstance(created, int) else ""
        where = (str(invoice.get("currency") or "").upper(), month)
        self._counts[where] += 1
        self._totals[where] += total if isinstance(total, int) else 0
