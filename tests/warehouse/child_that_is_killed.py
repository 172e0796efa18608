"""Lands and builds without end, until its parent kills it: every load k is a complete list in which every total is k.

With a second argument it is still at its first load, of which more than a row group of DuckDB is written already.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from nexabooks.streams import Batch, Finished
from nexabooks.warehouse import Project, build, cursor_of, ensure_sources, loading, open_warehouse
from tests.warehouse.landings import NOW, land_items, page

RECORDS = 400


def main(folder: Path) -> None:
    project = Project.load(folder / "sql")
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        ensure_sources(warehouse, project)
        number = (cursor_of(warehouse, "stripe", "invoices") or {"n": 0})["n"]
        print("ready", flush=True)
        while True:
            number += 1
            records = [
                {"id": f"in_{n}", "currency": "cad", "total": number, "created": 1793503800} for n in range(RECORDS)
            ]
            pages = [page(records[n : n + 100]) for n in range(0, RECORDS, 100)]
            land_items(warehouse, [*pages, Finished("invoices", {"n": number}, is_complete=True)])
            build(warehouse, project, run_id=str(number), now=lambda: NOW)


def stay_at_the_first_load(folder: Path) -> None:
    def read() -> Iterator[Batch]:
        for number in range(2_000):
            yield page([{"id": f"in_{number}_{place}"} for place in range(1_000)])
            if number == 300:
                print("ready", flush=True)

    loading.FOLLOWED_FROM_BYTES = 1
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        land_items(warehouse, read())


if __name__ == "__main__":
    main(Path(sys.argv[1])) if len(sys.argv) == 2 else stay_at_the_first_load(Path(sys.argv[1]))
