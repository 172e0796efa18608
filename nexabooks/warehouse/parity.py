"""Parity: dbt-core and our runner build the same project on the same raw data, and every table is the same, row by row.

    python -m nexabooks.warehouse.parity --project sql --warehouse var/warehouse.duckdb --dbt .venv-parity/bin/dbt
    python -m nexabooks.warehouse.parity --docs site/sql --project sql --warehouse … --dbt …

The warehouse given is only read: each side builds in a copy. dbt runs offline, in its own environment. Exit 1 on any
difference: a table with other columns, types or rows, or a test with another outcome.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
from rich.console import Console

from nexabooks.errors import EXIT_OK, EXIT_PERSON, BuildFailed, NexabooksError
from nexabooks.warehouse.building import build
from nexabooks.warehouse.data_tests import run_data_tests
from nexabooks.warehouse.nodes import Node
from nexabooks.warehouse.project import Project
from nexabooks.warehouse.project_yaml import read_yaml
from nexabooks.warehouse.raw_tables import ensure_sources
from nexabooks.warehouse.templating import target
from nexabooks.warehouse.unit_tests import run_unit_tests
from nexabooks.warehouse.warehouse import literal, open_warehouse, quote

_SAMPLE = 3


@dataclass(frozen=True)
class Comparison:
    """One model or test on both sides; `difference` is "" when they agree."""

    name: str
    kind: str  # seed, model, unit test, data test
    ours: str
    dbts: str
    difference: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when both sides agree, 1 when they differ or one could not build."""
    parser = argparse.ArgumentParser(prog="python -m nexabooks.warehouse.parity", description=__doc__.split("\n")[0])
    parser.add_argument("--project", type=Path, default=Path("sql"))
    parser.add_argument(
        "--warehouse", type=Path, help="a warehouse with raw data; without one the raw tables are empty"
    )
    parser.add_argument("--dbt", type=Path, required=True, help="the dbt program of its own environment")
    parser.add_argument("--docs", type=Path, help="write dbt's docs site to this folder instead of comparing")
    options = parser.parse_args(arguments)
    console = Console()
    try:
        with tempfile.TemporaryDirectory(prefix="nexabooks-parity-") as folder:
            bench = _Bench(Project.load(options.project), options.dbt, Path(folder), options.warehouse)
            if options.docs:
                bench.write_docs(options.docs)
                console.print(f"The docs of {bench.project.name} are in {options.docs / 'index.html'}.")
                return EXIT_OK
            return _report(bench.compare(), console)
    except NexabooksError as error:
        console.print(error.sentence, markup=False)
        return error.exit_code


def _report(comparisons: list[Comparison], console: Console) -> int:
    """One line for each table and test, then the verdict."""
    for each in comparisons:
        verdict = "DIFFERENT" if each.difference else "same"
        line = f"{verdict:9}  {each.kind:9}  {each.name}: ours {each.ours}, dbt {each.dbts}. {each.difference}"
        console.print(line.strip(), markup=False, highlight=False, soft_wrap=True)
    different = [each for each in comparisons if each.difference]
    console.print(f"{len(comparisons) - len(different)} of {len(comparisons)} are the same on both sides.")
    return EXIT_PERSON if different else EXIT_OK


class _Bench:
    """A folder with two copies of the warehouse and a dbt profile."""

    def __init__(self, project: Project, dbt: Path, folder: Path, warehouse: Path | None) -> None:
        self.project, self.dbt, self.folder = project, dbt.absolute(), folder
        self.ours, self.theirs = folder / "ours.duckdb", folder / "dbts.duckdb"
        for copy in (self.ours, self.theirs):
            self._prepare(copy, warehouse)
        profile = {
            "type": "duckdb",
            "path": str(self.theirs),
            "schema": target().schema,
            "threads": target().threads,
            "settings": {"TimeZone": "UTC"},
        }
        settings = read_yaml(project.folder / "dbt_project.yml")
        profiles = {
            str(settings.get("profile") or project.name): {"target": target().name, "outputs": {target().name: profile}}
        }
        (folder / "profiles.yml").write_text(json.dumps(profiles), encoding="utf-8")

    def _prepare(self, copy: Path, warehouse: Path | None) -> None:
        """Raw and meta as they are, nothing of what the project builds, so that no side finds a table already made."""
        if warehouse:
            with open_warehouse(warehouse) as opened:  # also proves that nobody is writing, and empties the WAL
                opened.con.execute("checkpoint")
            shutil.copyfile(warehouse, copy)
        with open_warehouse(copy) as opened:
            for schema in sorted({node.schema for node in self.project.nodes}):
                opened.con.execute(f"drop schema if exists {quote(schema)} cascade")
            ensure_sources(opened, self.project)

    def compare(self) -> list[Comparison]:
        """Build and test on both sides, then hold every table and every test side by side."""
        started = time.perf_counter()
        with open_warehouse(self.ours) as opened:
            build(opened, self.project, run_id="parity")
            our_tests = {t.name: t.is_ok for t in run_unit_tests(self.project)}
            our_data_tests = [t.is_ok for t in run_data_tests(opened, self.project)]
        ours_s = time.perf_counter() - started
        self._run_dbt("build", "--resource-type", "seed", "--resource-type", "model")
        self._run_dbt("test", may_fail=True)
        results = json.loads((self.folder / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
        Console().print(f"ours: {ours_s:.1f} s; dbt: {time.perf_counter() - started - ours_s:.1f} s")
        return [*self._tables(), *_unit_tests(our_tests, results), _data_tests(our_data_tests, results)]

    def write_docs(self, docs: Path) -> None:
        """dbt's static docs site, with the lineage and the columns of the built tables."""
        self._run_dbt("build", "--resource-type", "seed", "--resource-type", "model")
        self._run_dbt("docs", "generate", "--static")
        docs.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.folder / "target" / "static_index.html", docs / "index.html")

    def _run_dbt(self, *words: str, may_fail: bool = False) -> None:
        command = [str(self.dbt), *words]
        command += ["--project-dir", str(self.project.folder.absolute()), "--profiles-dir", str(self.folder)]
        command += ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs")]
        quiet = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_VERSION_CHECK": "false"}
        try:
            ended = subprocess.run(  # noqa: S603 (the program that the person at the keyboard named)
                command, env={**os.environ, **quiet}, capture_output=True, text=True, cwd=self.folder, check=False
            )
        except OSError as error:
            raise BuildFailed(f"dbt could not be started at {self.dbt}: {error.strerror}. Run make parity.") from None
        # dbt ends with 1 when a model or test failed and with 2 when it could not run at all.
        if ended.returncode and not (may_fail and ended.returncode == 1):
            raise BuildFailed(
                f"dbt {words[0]} ended with {ended.returncode}:\n{ended.stdout[-4000:]}{ended.stderr[-1000:]}"
            )

    def _tables(self) -> list[Comparison]:
        """Each side writes what its tables and views give into one scratch file, where they are compared."""
        scratch = self.folder / "scratch.duckdb"
        for side, path in (("ours", self.ours), ("dbts", self.theirs)):
            with open_warehouse(path) as opened:
                opened.con.execute(f"attach {literal(str(scratch))} as scratch")
                for node in self.project.nodes:
                    opened.con.execute(f"create table scratch.{quote(f'{side}.{node.name}')} as from {node.relation}")
        with duckdb.connect(str(scratch)) as con:
            return [_compare_table(con, node) for node in self.project.nodes]


def _compare_table(con: duckdb.DuckDBPyConnection, node: Node) -> Comparison:
    sides = [quote(f"{side}.{node.name}") for side in ("ours", "dbts")]
    shapes = [[(row[0], row[1]) for row in con.execute(f"describe {side}").fetchall()] for side in sides]
    counts = [con.execute(f"select count(*) from {side}").fetchall()[0][0] for side in sides]
    same = Comparison(node.name, node.kind, *(f"{count} rows" for count in counts))
    if shapes[0] != shapes[1]:
        only = [sorted(set(shapes[0]) - set(shapes[1])), sorted(set(shapes[1]) - set(shapes[0]))]
        return replace(same, difference=f"columns: ours {only[0]}, dbt {only[1]}" if any(only) else "order")
    ours, dbts = sides
    extra = con.execute(f"from {ours} except all from {dbts}").fetchall()
    missing = con.execute(f"from {dbts} except all from {ours}").fetchall()
    if extra or missing:
        return replace(
            same,
            difference=f"{len(extra)} rows only ours, such as {extra[:_SAMPLE]}; {len(missing)} only dbt's, such as {missing[:_SAMPLE]}",
        )
    return same


def _unit_tests(ours: dict[str, bool], results: list[dict[str, object]]) -> list[Comparison]:
    dbts = {
        str(result["unique_id"]).rsplit(".", 1)[-1]: result["status"] == "pass"
        for result in results
        if str(result["unique_id"]).startswith("unit_test.")
    }
    return [
        Comparison(
            name,
            "unit test",
            _outcome(ours.get(name)),
            _outcome(dbts.get(name)),
            "" if ours.get(name) is True and dbts.get(name) is True else "it does not pass on both sides",
        )
        for name in sorted({*ours, *dbts})
    ]


def _data_tests(ours: list[bool], results: list[dict[str, object]]) -> Comparison:
    """Data tests are counted: dbt gives them names of its own making."""
    dbts = [result["status"] in ("pass", "warn") for result in results if str(result["unique_id"]).startswith("test.")]
    said = [f"{sum(side)} of {len(side)} hold" for side in (ours, dbts)]
    difference = "" if said[0] == said[1] else "the counts differ"
    return Comparison("all of them", "data test", said[0], said[1], difference)


def _outcome(is_ok: bool | None) -> str:
    return {True: "pass", False: "fail", None: "not there"}[is_ok]


if __name__ == "__main__":
    sys.exit(main())
