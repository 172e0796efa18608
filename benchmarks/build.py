"""What our runner adds to the SQL: a build of the project, beside DuckDB executing the same compiled SQL in the same order.

    python -m benchmarks.build --count 100000

One warehouse with invented Stripe invoices of three lines; each way opens it in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.landing import INVOICES, LANDED_AT, read_pages, write_pages
from benchmarks.measuring import Way, apart, main
from nexabooks.warehouse import Project, build, compile_sql, ensure_sources, land, open_warehouse

PROJECT = Path("sql")


def prepare(folder: Path, record_count: int) -> None:
    """The invoices, landed, and one build, so that no way is the first to grow the file."""
    pages = folder / "pages.ndjson"
    write_pages(pages, range(record_count))
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        project = Project.load(PROJECT)
        ensure_sources(warehouse, project)
        items = read_pages(pages, record_count, is_complete=True)
        land(warehouse, "stripe", INVOICES, items, run_id="bench", landed_at=LANDED_AT)
        build(warehouse, project, run_id="bench", now=lambda: LANDED_AT)
    pages.unlink()


def built(folder: Path) -> None:
    """Ours: templates, contracts, a record of the run."""
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        build(warehouse, Project.load(PROJECT), run_id="bench", now=lambda: LANDED_AT)


def plain(folder: Path, compiled: list[tuple[str, str]]) -> None:
    """The same statements and nothing else."""
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        for create, sql in compiled:
            warehouse.con.execute(f"create or replace {create} as {sql}")


@contextmanager
def ways(folder: Path, record_count: int) -> Iterator[dict[str, Way]]:
    """Both on the same file, one after the other."""
    apart(prepare, folder, record_count)
    project = Project.load(PROJECT)
    compiled = [
        (f"{node.materialized} {node.relation}", compile_sql(project, node))
        for node in project.nodes
        if node.kind == "model"
    ]
    yield {
        "compiled SQL": Way(record_count, lambda: plain(folder, compiled)),
        "build": Way(record_count, lambda: built(folder)),
    }


if __name__ == "__main__":
    main(ways, default_count=100_000)
