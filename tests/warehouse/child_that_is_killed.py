"""Lands and builds without end, until its parent kills it: every load k is a complete list in which every total is k."""

from __future__ import annotations

import sys
from pathlib import Path

from nexabooks.streams import Finished
from nexabooks.warehouse import Project, build, cursor_of, ensure_sources, open_warehouse
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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
