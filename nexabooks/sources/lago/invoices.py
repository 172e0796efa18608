"""Which invoices changed, and their details.

Lago has no filter by change and its list rows carry no fees. So every run lists all rows; the cursor remembers a short
hash of each row; the detail is read of each invoice whose row is new or different, or that can still change without its
row telling (anything not settled). What is remembered and no longer listed is gone: a deleted draft, or one that Lago
hides again.

An invoice whose detail Lago will not give is named in `Finished.unread`, lands as its list row (its newest status, and
no `fees`, by which the warehouse knows that it cannot be verified), is not remembered, and so is tried again next run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from nexabooks.errors import (
    AccessRefused,
    LoadRefused,
    NexabooksError,
    PermanentError,
    RateLimited,
    SourceContractBroken,
    TransientError,
)
from nexabooks.rawjson import member
from nexabooks.sources.lago.api import LagoApi, NotThere
from nexabooks.sources.lago.listing import Listing, read_list
from nexabooks.streams import Batch, Claim, Finished

BATCH_SIZE = 100
WORKERS = 4
# One invoice that Lago cannot render is that invoice's trouble; a few of them are Lago's, and all of it waits.
TRANSIENT_FAILURES_ALLOWED = 3
# Below this many, half of the invoices may well be drafts that were deleted together.
THIN_FROM = 10


@dataclass(frozen=True, slots=True)
class Row:
    """What one list row says. `is_settled`: no later event can change it without changing its row."""

    lago_id: str
    number: str
    hash: str
    currency_code: str
    month: str
    total_minor: int
    is_settled: bool

    @property
    def figures(self) -> tuple[str, str, int]:
        """What it counts in the certificate: currency, month, and total in minor units of Lago."""
        return self.currency_code, self.month, self.total_minor


@dataclass(slots=True)
class _Details:
    """What became of the details asked for so far."""

    read: dict[str, Row] = field(default_factory=dict)  # the row each landed detail agrees with
    refused: dict[str, NexabooksError] = field(default_factory=dict)
    transient: set[str] = field(default_factory=set)


def read_invoices(api: LagoApi, state: dict[str, Any] | None, *, full: bool) -> Iterator[Batch | Finished]:
    """Every invoice that is new, changed or unsettled since `state`; all of them when `full`."""
    known: dict[str, str] = {} if state is None else state["rows"]
    details = _Details()
    listing = read_list(api, "invoices")
    rows = rows_of(listing)
    yield from _read_details(
        api, [r for r in rows if full or not r.is_settled or known.get(r.lago_id) != r.hash], details
    )
    if details.refused:
        # It may have been deleted, finalized or paid since it was listed: ask the list again before blaming anyone.
        listing = read_list(api, "invoices")
        rows = rows_of(listing)
        again = [r for r in rows if r.lago_id in details.refused]
        details.refused.clear()
        yield from _read_details(api, again, details)
    listed = {r.lago_id for r in rows}
    unread = [r for r in rows if r.lago_id in details.refused]
    if unread:
        yield _as_list_rows(listing, {r.lago_id for r in unread})
    gone = tuple(sorted(k for k in known if k not in listed))
    _refuse_when_thin(len(known), len(gone))
    if gone:
        yield Batch("invoices", deleted_keys=gone)
    # A row that changed after its detail was read keeps the old hash, so that the next run reads it again.
    final = [details.read.get(r.lago_id, r) for r in rows]
    yield Finished(
        "invoices",
        state={"rows": {r.lago_id: r.hash for r in final if r.lago_id not in details.refused}},
        is_complete=(full or state is None) and not unread,
        claims=claims_of(final, listing.basis),
        unread=tuple(_sentence(r, details.refused[r.lago_id]) for r in unread),
    )


def rows_of(listing: Listing) -> list[Row]:
    """The list's rows. One with a broken amount is a row like any other: what is wrong with it is said in the warehouse."""
    return [_row(orjson.loads(row)) for row in listing.rows]


def claims_of(rows: list[Row], basis: str) -> tuple[Claim, ...]:
    """How many invoices there are in all; and per currency and month of issue, how many and their total in minor units.

    The sums are of the list's rows ("wire": Lago sums nothing itself), beside which the landed details can be held.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row.currency_code and row.month:
            groups.setdefault((row.currency_code, row.month), []).append(row.total_minor)
    sums = [
        Claim("invoices", len(totals), sum(totals), currency_code, month, basis="wire")
        for (currency_code, month), totals in sorted(groups.items())
    ]
    return Claim("invoices", len(rows), basis=basis), *sums


def _row(raw: dict[str, Any]) -> Row:
    is_paid = raw.get("payment_status") == "succeeded" and not raw.get("total_due_amount_cents")
    return Row(
        lago_id=raw["lago_id"],
        number=str(raw.get("number")),
        hash=hashlib.blake2b(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest(),
        currency_code=str(raw.get("currency") or "").upper(),
        month=str(raw.get("issuing_date") or "")[:7],
        total_minor=_whole(raw.get("total_amount_cents")),
        is_settled=raw.get("status") == "voided" or (raw.get("status") == "finalized" and is_paid),
    )


def _whole(amount: Any) -> int:
    """A whole number of minor units, also when it was sent as text; anything else counts as nothing in the sums."""
    return int(amount) if re.fullmatch(r"-?\d+", str(amount)) else 0


def _read_details(api: LagoApi, rows: list[Row], details: _Details) -> Iterator[Batch]:
    """The details of `rows` in batches, a few asked for at a time; what was refused is noted in `details`."""
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="lago") as pool:
        todo = iter(rows)
        while chunk := list(islice(todo, BATCH_SIZE)):
            bodies = [b for b in pool.map(lambda row: _detail(api, row, details), chunk) if b]
            if bodies:
                yield Batch("invoices", bodies=tuple(bodies), row_count=len(bodies))


def _detail(api: LagoApi, row: Row, details: _Details) -> bytes | None:
    """One detail as its own bytes, or None with the reason noted."""
    if len(details.transient) > TRANSIENT_FAILURES_ALLOWED:
        return None
    try:
        body, record = api.invoice(row.lago_id, row.number)
        if _row(record).figures != row.figures:
            raise SourceContractBroken(
                f"Lago's list says {row.total_minor} {row.currency_code} for invoice {row.lago_id} ({row.number}) and "
                f"its detail says {record.get('total_amount_cents')} {record.get('currency')}.",
                source="lago",
                record=row.lago_id,
            )
    except (AccessRefused, RateLimited):
        raise
    except TransientError as error:
        details.transient.add(row.lago_id)
        if len(details.transient) > TRANSIENT_FAILURES_ALLOWED:
            raise
        details.refused[row.lago_id] = error
        return None
    except PermanentError as error:
        details.refused[row.lago_id] = error
        return None
    details.read[row.lago_id] = row
    return member(body, "invoice")


def _as_list_rows(listing: Listing, wanted: set[str]) -> Batch:
    """The list rows of the invoices whose details were refused, as they came."""
    rows = tuple(row for lago_id, row in zip(listing.ids, listing.rows, strict=True) if lago_id in wanted)
    return Batch("invoices", bodies=rows, row_count=len(rows))


def _refuse_when_thin(known_count: int, gone_count: int) -> None:
    if known_count >= THIN_FROM and gone_count * 2 > known_count:
        raise LoadRefused(
            f"Lago no longer lists {gone_count} of {known_count} invoices. That is another organization's key or a "
            "broken list rather than deleted drafts; the rows read before stand. Look at Lago before trying again.",
            source="lago",
            record="invoices",
        )


def _sentence(row: Row, error: NexabooksError) -> str:
    if isinstance(error, NotThere):
        return f"Lago lists invoice {row.lago_id} ({row.number}) and has no detail of it; the next run asks again."
    return f"{error} The next run asks for invoice {row.lago_id} again."
