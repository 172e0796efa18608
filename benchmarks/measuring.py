"""Measure ways of doing one thing: interleaved, each in a process of its own, so that each has its own peak memory.

A module of ways calls `main(ways, default_count=...)`; then

    python -m benchmarks.<module> --count 100000 --rounds 3

prints one JSON line a way with the medians over the rounds: seconds (wall), CPU seconds of this process (not those of a
server), records a second, peak memory.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Way:
    """`work` is measured; `before` is not."""

    record_count: int
    work: Callable[[], object]
    before: Callable[[], object] = lambda: None


Cost = tuple[float, float, float]  # wall seconds, CPU seconds, peak memory in MB


def _run(way: Way, answer: Connection) -> None:
    way.before()
    _import_libraries()
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    way.work()
    cost = (time.perf_counter() - wall_s, time.process_time() - cpu_s)
    answer.send((*cost, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def _import_libraries() -> None:
    """DuckDB imports pandas for a process's first parameter, which takes 0.4 s. A flow has it anyway, by Great
    Expectations; and dlt is measured with its libraries imported."""
    with duckdb.connect() as con:
        con.execute("select ?", [""])


def run(way: Way) -> Cost:
    """What `way` costs in a new process. Raises SystemExit when it fails."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_run, args=(way, there))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"A measured process ended with {process.exitcode}.")
    cost: Cost = here.recv()
    return cost


def medians(ways: Mapping[str, Way], rounds: int) -> dict[str, dict[str, float]]:
    """Every way once a round, in order; the medians by name."""
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            costs[name].append(run(way))
    return {name: figures(ways[name].record_count, costs[name]) for name in ways}


def figures(record_count: int, costs: list[Cost]) -> dict[str, float]:
    """The medians of several runs of one way."""
    wall_s, cpu_s, peak_mb = (statistics.median(cost[column] for cost in costs) for column in range(3))
    return {
        "records": record_count,
        "wall_s": round(wall_s, 2),
        "cpu_s": round(cpu_s, 2),
        "records_per_s": round(record_count / wall_s),
        "peak_mb": round(peak_mb),
    }


def apart(work: Callable[..., object], *args: object) -> None:
    """Do `work` in another process: the memory that making test data took would count as the peak of every way."""
    process = multiprocessing.get_context("fork").Process(target=work, args=args)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"Making the test data ended with {process.exitcode}.")


def main(ways: Callable[[Path, int], AbstractContextManager[dict[str, Way]]], *, default_count: int) -> None:
    """The command line of a module of ways: `ways(folder, count)` makes its data and holds what it needs open."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=default_count)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nexabooks-bench-") as name, ways(Path(name), options.count) as all_ways:
        for way, found in medians(all_ways, options.rounds).items():
            print(json.dumps({"what": way, **found}), flush=True)
