"""What landing costs: Stripe-like invoices from the HTTP body to committed rows, beside DuckDB reading the same records.

    python -m benchmarks.landing --records 1000000

Prints one JSON line a measurement: records a second (wall), microseconds of CPU a record, peak memory of the process.
The baseline only reads JSON lines into a table: no key, no hash, no comparison, no history.
"""

from __future__ import annotations

import argparse
import json
import mmap
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson

from nexabooks.streams import Batch, Claim, Finished, Stream
from nexabooks.warehouse import land, open_warehouse
from nexabooks.warehouse.warehouse import WRITER_CONFIG

INVOICES = Stream("invoices", ("id",))
PAGE_SIZE = 100
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


def write_pages(path: Path, record_count: int, changed_each: int = 0) -> None:
    """The bodies of the pages, one a line; every `changed_each`-th invoice has another paid amount."""
    with path.open("wb") as file:
        for start in range(0, record_count, PAGE_SIZE):
            numbers = range(start, min(record_count, start + PAGE_SIZE))
            records = [invoice(n, 1 if changed_each and n % changed_each == 0 else 5650) for n in numbers]
            file.write(b'{"object":"list","data":' + orjson.dumps(records) + b',"has_more":true}\n')


def read_pages(path: Path, record_count: int, *, is_complete: bool) -> Iterator[Batch | Finished]:
    left, start = record_count, 0
    # Mapped: what it costs to read lines of 200 KB from a file is no part of landing.
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as bodies:
        while (end := bodies.find(b"\n", start)) >= 0:
            yield Batch("invoices", (bodies[start:end],), "data", row_count=min(PAGE_SIZE, left))
            left, start = left - PAGE_SIZE, end + 1
    yield Finished("invoices", is_complete=is_complete, claims=(Claim("invoices", record_count, basis="wire"),))


def measure(name: str, record_count: int, work: Callable[[], object]) -> None:
    """Run `work` once and print what it cost."""
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    work()
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    figures = {
        "what": name,
        "records": record_count,
        "records_per_s": round(record_count / wall_s),
        "cpu_us_per_record": round(cpu_s / record_count * 1_000_000, 1),
        "wall_s": round(wall_s, 2),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(figures), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    record_count = parser.parse_args().records
    with tempfile.TemporaryDirectory(prefix="nexabooks-bench-") as name:
        folder = Path(name)
        first, second = folder / "first.ndjson", folder / "second.ndjson"
        write_pages(first, record_count)
        write_pages(second, record_count, changed_each=100)

        def landing(path: Path) -> Callable[[], object]:
            def work() -> None:
                with open_warehouse(folder / "warehouse.duckdb") as warehouse:
                    items = read_pages(path, record_count, is_complete=True)
                    landed = land(warehouse, "stripe", INVOICES, items, run_id="bench", landed_at=LANDED_AT)
                    if not landed.is_equal:
                        raise SystemExit("The certificate is not equal: this measurement is worth nothing.")

            return work

        measure("land: first load", record_count, landing(first))
        measure("land: the same again", record_count, landing(first))
        measure("land: whole list, 1 % changed", record_count, landing(second))
        lines = folder / "records.ndjson"
        with first.open("rb") as pages, lines.open("wb") as file:
            for page in pages:
                file.writelines(orjson.dumps(record) + b"\n" for record in orjson.loads(page)["data"])

        def baseline() -> None:
            with duckdb.connect(str(folder / "baseline.duckdb"), config=WRITER_CONFIG) as con:
                con.execute("create table invoices (record json using compression 'zstd')")
                con.execute(f"insert into invoices select json from read_ndjson_objects('{lines}')")

        measure("DuckDB: read_ndjson_objects", record_count, baseline)


if __name__ == "__main__":
    main()
