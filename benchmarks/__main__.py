"""Every measurement in one go, as a table: `make bench`, or `python -m benchmarks --quick` for small sizes.

Needs `.venv-bench` (dlt) beside the checkout; `make bench` makes it. Rewrites the measured part of docs/benchmarks.md.
Takes about forty minutes and 15 GB of disk for a while; --quick about three minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import build, landing, ledger, postgres
from benchmarks.measuring import apart, medians

PAGE = Path("docs/benchmarks.md")
MARKS = ("<!-- measured -->", "<!-- end of measured -->")
DLT = (".venv-bench/bin/python", "benchmarks/dlt_ways.py")
Rows = dict[str, dict[str, float]]


def dlt(kind: str, where: str, folder: Path) -> Rows:
    """One run of each of dlt's configurations."""
    folder.mkdir()
    out = subprocess.run([*DLT, kind, where, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    rows = [json.loads(line) for line in out.stdout.splitlines() if line.startswith("{")]
    return {row.pop("what"): row for row in rows if "failed" not in row}


def of_stripe(folder: Path, count: int, dlt_count: int, rounds: int) -> Rows:
    with landing.ways(folder, count) as ways:
        rows = medians(ways, rounds)
    few = folder / "few.ndjson"
    apart(landing.write_pages, few, range(dlt_count))
    return rows | dlt("stripe", str(few), folder / "dlt")


def of_postgres(folder: Path, count: int, rounds: int) -> Rows:
    with postgres.ways(folder, count) as ways:
        rows = medians(ways, rounds)
        with postgres.over_tcp(folder) as address:
            return rows | dlt("postgres", address, folder / "dlt")


def of_build(folder: Path, count: int, rounds: int) -> Rows:
    with build.ways(folder, count) as ways:
        return medians(ways, rounds)


def table(title: str, rows: Rows, base: str) -> str:
    """A Markdown table; `base` is what the last two columns are relative to: its rate is 1, its CPU a record is 1."""
    lines = [
        f"### {title}",
        "",
        f"| way | records | records/s | CPU s | peak MB | rate : {base} | CPU a record : {base} |",
    ]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    of_base = rows[base]
    for name, row in rows.items():
        rate = row["records"] / row["wall_s"]
        speed = rate / (of_base["records"] / of_base["wall_s"])
        cpu = (row["cpu_s"] / row["records"]) / (of_base["cpu_s"] / of_base["records"])
        peak = f"{row['peak_mb']:,.0f}" if "peak_mb" in row else ""
        lines.append(
            f"| {name} | {row['records']:,} | {rate:,.0f} | {row['cpu_s']:.2f} | {peak} | {speed:.2f} | {cpu:.2f} |"
        )
    return "\n".join(lines)


def rewrite(measured: str) -> None:
    """Put `measured` between the marks of the page."""
    before, rest = PAGE.read_text().split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    PAGE.write_text(f"{before}{MARKS[0]}\n{measured}\n{MARKS[1]}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, one round; docs/benchmarks.md stays as it is"
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    stripe, rows, few, rounds = (
        (20_000, 50_000, 2_000, 1) if options.quick else (1_000_000, 2_000_000, 50_000, options.rounds)
    )
    if not Path(DLT[0]).exists():
        raise SystemExit("There is no .venv-bench with dlt in it; `make bench` makes it.")
    measured = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with {os.cpu_count()} cores, medians of {rounds} rounds; dlt, the build and the ledger once."
    ]
    parts = (
        (
            "Stripe's invoices, from the HTTP body on",
            "read_ndjson_objects",
            lambda f: of_stripe(f, stripe, few, rounds),
        ),
        ("A PostgreSQL table of 14 columns", "COPY and read_csv", lambda f: of_postgres(f, rows, rounds)),
        ("The build of all models", "compiled SQL", lambda f: of_build(f, stripe, 1)),
    )
    for title, base, measure in parts:
        with tempfile.TemporaryDirectory(prefix="nexabooks-bench-") as name:
            measured.append(table(title, measure(Path(name)), base))
        print(measured[-1], flush=True)
    sizes = {"invoice_count": 60, "row_count": 50_000, "steps": (100, 400)} if options.quick else {}
    for part in ledger.tables(**sizes):
        measured.append(part)
        print(part, flush=True)
    if not options.quick:
        rewrite("\n\n".join(measured))


if __name__ == "__main__":
    main()
