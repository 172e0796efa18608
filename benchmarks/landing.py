"""What landing costs: Stripe-like invoices from the HTTP body to committed rows, beside DuckDB reading the same records.

    python -m benchmarks.landing --count 1000000

The baseline only reads JSON lines into a table: no key, no hash, no comparison, no history.
"""

from __future__ import annotations

import mmap
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson

from benchmarks.measuring import Way, apart, main
from nexabooks.streams import Batch, Claim, Finished, Stream
from nexabooks.warehouse import land, open_warehouse
from nexabooks.warehouse.warehouse import WRITER_CONFIG

INVOICES = Stream("invoices", ("id",))
PAGE_SIZE = 100
GIVEN_BACK_AT_ONCE = 1 << 26
LANDED_AT = datetime(2026, 10, 31, 6, tzinfo=UTC)


def invoice(number: int, amount_paid: int = 5650) -> dict[str, Any]:
    """An invented invoice of three lines, about 2.3 KB of JSON."""
    chance = random.Random(number)
    invoice_id = f"in_1{number:010d}"
    lines = [
        {
            "id": f"il_1{number:010d}{place}",
            "object": "line_item",
            "amount": chance.randrange(100, 90_000),
            "currency": "cad",
            "description": f"WordPress Website Hosting - Managed (at $50.00 / month) n° {place}",
            "discount_amounts": [],
            "discountable": True,
            "invoice": invoice_id,
            "livemode": True,
            "metadata": {},
            "period": {"start": 1790825400 + number, "end": 1793503800 + number},
            "pricing": {
                "type": "price_details",
                "unit_amount_decimal": "5000",
                "price_details": {"price": f"price_{place}"},
            },
            "quantity": 1,
            "taxes": [],
        }
        for place in range(3)
    ]
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "CA",
        "account_name": "Example Hosting",
        "amount_due": 5650,
        "amount_paid": amount_paid,
        "attempted": True,
        "auto_advance": False,
        "billing_reason": "subscription_cycle",
        "collection_method": "charge_automatically",
        "created": 1790000000 + number // 3,
        "currency": "cad",
        "customer": f"cus_{number % 5000}",
        "customer_email": f"user{number % 5000}@example.com",
        "customer_name": "Zoë & Söhne",
        "default_tax_rates": [],
        "description": None,
        "hosted_invoice_url": "https://invoice.example.com/i/acct_1/" + chance.randbytes(30).hex(),
        "lines": {"object": "list", "data": lines, "has_more": False, "url": f"/v1/invoices/{invoice_id}/lines"},
        "livemode": True,
        "metadata": {"nexacloud": "yes"},
        "number": f"NEX-{number:08d}",
        "status": "paid",
        "status_transitions": {"finalized_at": 1790000100 + number, "paid_at": 1790000200 + number},
        "subtotal": 5000,
        "total": 5650,
        "total_taxes": [{"amount": 650, "tax_behavior": "exclusive", "type": "tax_rate_details"}],
    }


def write_pages(path: Path, numbers: range, amount_paid: int = 5650) -> None:
    """The bodies of the pages with these invoices, one a line."""
    with path.open("wb") as file:
        for start in range(0, len(numbers), PAGE_SIZE):
            records = [invoice(number, amount_paid) for number in numbers[start : start + PAGE_SIZE]]
            file.write(b'{"object":"list","data":' + orjson.dumps(records) + b',"has_more":true}\n')


def read_pages(path: Path, record_count: int, *, is_complete: bool) -> Iterator[Batch | Finished]:
    left, start, given_back = record_count, 0, 0
    # Mapped: what it costs to read lines of 200 KB from a file is no part of landing. What was read is given back, or it
    # would count as memory of the process.
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as bodies:
        while (end := bodies.find(b"\n", start)) >= 0:
            yield Batch("invoices", (bodies[start:end],), "data", row_count=min(PAGE_SIZE, left))
            left, start = left - PAGE_SIZE, end + 1
            if start - given_back > GIVEN_BACK_AT_ONCE:
                bodies.madvise(mmap.MADV_DONTNEED, given_back, GIVEN_BACK_AT_ONCE)
                given_back += GIVEN_BACK_AT_ONCE
    yield Finished("invoices", is_complete=is_complete, claims=(Claim("invoices", record_count, basis="wire"),))


def prepare(folder: Path, record_count: int) -> None:
    """The pages, 1 % of their invoices as they are after a change, and the records of the pages as lines."""
    write_pages(folder / "first.ndjson", range(record_count))
    write_pages(folder / "changed.ndjson", range(0, record_count, 100), amount_paid=1)
    with (folder / "first.ndjson").open("rb") as pages, (folder / "records.ndjson").open("wb") as file:
        for line in pages:
            file.writelines(orjson.dumps(record) + b"\n" for record in orjson.loads(line)["data"])


def land_pages(folder: Path, pages: str, record_count: int, *, is_complete: bool) -> None:
    """One landing into the folder's warehouse."""
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        items = read_pages(folder / pages, record_count, is_complete=is_complete)
        landed = land(warehouse, "stripe", INVOICES, items, run_id="bench", landed_at=LANDED_AT)
        if not landed.is_equal:
            raise SystemExit("The certificate is not equal: this measurement is worth nothing.")


def read_ndjson_objects(folder: Path) -> None:
    """The baseline: DuckDB reads the same records from lines into a table and does nothing else."""
    with duckdb.connect(str(folder / "baseline.duckdb"), config=WRITER_CONFIG) as con:
        con.execute("create table invoices (record json using compression 'zstd')")
        con.execute(f"insert into invoices select json from read_ndjson_objects('{folder / 'records.ndjson'}')")


@contextmanager
def ways(folder: Path, record_count: int) -> Iterator[dict[str, Way]]:
    """Each with a clean start. The three that follow a first load need it to have run before them in the same round."""

    def fresh(name: str) -> None:
        for file in folder.glob(f"{name}.duckdb*"):
            file.unlink()

    apart(prepare, folder, record_count)
    few = len(range(0, record_count, 100))
    yield {
        "read_ndjson_objects": Way(record_count, lambda: read_ndjson_objects(folder), before=lambda: fresh("baseline")),
        "first load": Way(
            record_count,
            lambda: land_pages(folder, "first.ndjson", record_count, is_complete=True),
            before=lambda: fresh("warehouse"),
        ),
        "the same again, whole": Way(
            record_count, lambda: land_pages(folder, "first.ndjson", record_count, is_complete=True)
        ),
        "1 % changed, as listed by the events": Way(
            few, lambda: land_pages(folder, "changed.ndjson", few, is_complete=False)
        ),
        "another 1 % changed, whole list": Way(
            record_count, lambda: land_pages(folder, "first.ndjson", record_count, is_complete=True)
        ),
    }


if __name__ == "__main__":
    main(ways, default_count=1_000_000)
