"""What our runner adds to the SQL: a build of the project, beside DuckDB executing the same compiled SQL in the same order.

    python -m benchmarks.build --records 100000 --repeats 3

Prints one JSON line a way with the medians. Both ways run in one process on one warehouse with invented Stripe invoices.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.landing import INVOICES, LANDED_AT, read_pages, write_pages
from nexabooks.warehouse import Project, Warehouse, build, compile_sql, ensure_sources, land, open_warehouse


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds and CPU seconds of one run."""
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    work()
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


def plain(warehouse: Warehouse, project: Project, compiled: dict[str, str]) -> None:
    """The same statements without a runner: no contracts, no records of the run, no templates."""
    for node in project.nodes:
        if node.kind == "model":
            warehouse.con.execute(f"create or replace {node.materialized} {node.relation} as {compiled[node.name]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--project", type=Path, default=Path("sql"))
    options = parser.parse_args()
    project = Project.load(options.project)
    with tempfile.TemporaryDirectory(prefix="nexabooks-bench-") as name:
        pages = Path(name) / "pages.ndjson"
        write_pages(pages, range(options.records))
        with open_warehouse(Path(name) / "warehouse.duckdb") as warehouse:
            ensure_sources(warehouse, project)
            items = read_pages(pages, options.records, is_complete=True)
            land(warehouse, "stripe", INVOICES, items, run_id="bench", landed_at=LANDED_AT)
            build(warehouse, project, run_id="bench", now=lambda: LANDED_AT)  # also warms the file
            compiled = {node.name: compile_sql(project, node) for node in project.nodes if node.kind == "model"}
            ways: dict[str, Callable[[], object]] = {
                "build": lambda: build(warehouse, project, run_id="bench", now=lambda: LANDED_AT),
                "compiled SQL": lambda: plain(warehouse, project, compiled),
            }
            found: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
            for _ in range(options.repeats):
                for way, work in ways.items():
                    found[way].append(timed(work))
    for way, costs in found.items():
        wall_s, cpu_s = (statistics.median(cost[column] for cost in costs) for column in (0, 1))
        figures = {"what": way, "records": options.records, "models": len(compiled), "wall_s": round(wall_s, 2)}
        print(json.dumps({**figures, "cpu_s": round(cpu_s, 2)}), flush=True)


if __name__ == "__main__":
    main()
