"""Short ways to land invented records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from nexabooks.streams import Batch, Finished, Stream
from nexabooks.warehouse import Landed, Warehouse, land

INVOICES = Stream("invoices", ("id",), feeds=("invoice_lines",))
LINES = Stream("invoice_lines", ("invoice", "id"), belongs_to="invoices")
STREAMS = (INVOICES, LINES)
NOW = datetime(2026, 10, 31, 6, 0, tzinfo=UTC)


def page(records: Sequence[Any], table: str = "invoices") -> Batch:
    """One page as Stripe sends it."""
    body = orjson.dumps({"object": "list", "data": list(records), "has_more": False})
    return Batch(table, (body,), "data", row_count=len(records))


def land_items(warehouse: Warehouse, items: Iterable[Batch | Finished], **options: Any) -> Landed:
    """Land what a read of Stripe's invoices would yield."""
    settings = {"run_id": "run", "landed_at": NOW, "streams": STREAMS, "now": lambda: NOW} | options
    return land(warehouse, "stripe", INVOICES, items, **settings)


def land_records(warehouse: Warehouse, records: Sequence[Any], *, is_complete: bool = False, **options: Any) -> Landed:
    """Land some invoices as one page."""
    return land_items(warehouse, [page(records), Finished("invoices", {"n": len(records)}, is_complete)], **options)


def current(warehouse: Warehouse, table: str = "invoices") -> dict[str, tuple[str, bool]]:
    """Key -> (record as kept, is deleted). Fails when a key is there twice."""
    rows = warehouse.rows(f"select _key, payload, _deleted from raw_stripe.{table}")
    found = {row["_key"]: (row["payload"], row["_deleted"]) for row in rows}
    assert len(found) == len(rows)
    return found


def live(warehouse: Warehouse, table: str = "invoices") -> dict[str, Any]:
    return {key: orjson.loads(text) for key, (text, is_deleted) in current(warehouse, table).items() if not is_deleted}


def count(warehouse: Warehouse, table: str) -> int:
    return warehouse.rows(f"select count(*) as n from {table}")[0]["n"]
