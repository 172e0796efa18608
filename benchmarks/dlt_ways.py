"""What dlt costs on the same data; runs in an environment of its own (requirements-bench.txt), so it imports nothing of ours.

    .venv-bench/bin/python benchmarks/dlt_ways.py stripe <pages.ndjson> <folder>
    .venv-bench/bin/python benchmarks/dlt_ways.py postgres <address> <folder>

Prints one JSON line a configuration; those that fail say why.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
}

import dlt
import orjson
import pyarrow as pa
from dlt.sources.sql_database import sql_table


def pages(path: Path) -> Iterator[list[dict[str, Any]]]:
    with path.open("rb") as file:
        for line in file:
            yield orjson.loads(line)["data"]


def arrow_tables(path: Path) -> Iterator[pa.Table]:
    """What a user would write who wants it fast: twenty pages a table, one column of JSON. The text is not as it was sent."""
    some: list[dict[str, Any]] = []
    for number, page in enumerate(pages(path), start=1):
        some += page
        if not number % 20:
            yield _table(some)
            some = []
    if some:
        yield _table(some)


def _table(records: list[dict[str, Any]]) -> pa.Table:
    return pa.table({"id": [r["id"] for r in records], "payload": [orjson.dumps(r).decode() for r in records]})


def stripe_ways(path: str) -> dict[str, tuple[Any, str | None]]:
    """Nested and flat, by INSERT and by Parquet. Flat keeps an invoice's lines as one JSON value, as we do."""

    def resource_of(nesting: int | None) -> Any:
        return dlt.resource(
            lambda: pages(Path(path)), name="invoices", primary_key="id", write_disposition="append",
            max_table_nesting=nesting,
        )  # fmt: skip

    return {
        "dlt, its defaults": (resource_of(None), None),
        "dlt, Parquet": (resource_of(None), "parquet"),
        "dlt, flat, Parquet": (resource_of(0), "parquet"),
        "dlt, Arrow tables of id and text": (dlt.resource(arrow_tables(Path(path)), name="invoices"), "parquet"),
    }


def postgres_ways(address: str) -> dict[str, tuple[Any, str | None]]:
    return {
        f"dlt, {backend}": (sql_table(credentials=address, table="invoices", backend=backend, **options), "parquet")
        for backend, options in (
            ("pyarrow", {"chunk_size": 50_000}),
            ("connectorx", {"backend_kwargs": {"return_type": "arrow"}, "reflection_level": "full"}),
        )
    }


def run(source: Any, file_format: str | None, folder: Path, number: int) -> int:
    pipeline = dlt.pipeline(
        f"bench_{number}",
        destination=dlt.destinations.duckdb(str(folder / f"dlt_{number}.duckdb")),
        dataset_name="raw",
        pipelines_dir=str(folder / f"pipelines_{number}"),
    )
    pipeline.run(source, loader_file_format=file_format)
    with pipeline.sql_client() as client:
        return int(client.execute_sql("select count(*) from invoices")[0][0])


def measured(name: str, work: Callable[[], int], answer: int) -> None:
    """In a process of its own, for its own peak memory."""
    wall_s = time.perf_counter()
    found: dict[str, object] = {"what": name}
    row_count = work()
    wall_s = time.perf_counter() - wall_s
    cpu_s = sum(
        resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    found |= {"records": row_count, "wall_s": round(wall_s, 2), "cpu_s": round(cpu_s, 2)}
    found |= {
        "records_per_s": round(row_count / wall_s),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    os.write(answer, (json.dumps(found) + "\n").encode())


def main() -> None:
    kind, where, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    ways = {"stripe": stripe_ways, "postgres": postgres_ways}[kind](where)
    for number, (name, (source, file_format)) in enumerate(ways.items()):
        child = os.fork()
        if not child:
            measured(name, partial(run, source, file_format, folder, number), 1)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            print(json.dumps({"what": name, "failed": True}), flush=True)


if __name__ == "__main__":
    main()
