from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nexabooks.errors import TransientError
from nexabooks.warehouse import Project, build, cursor_of, open_warehouse
from tests.warehouse.child_that_is_killed import RECORDS
from tests.warehouse.landings import NOW, land_records, live
from tests.warehouse.projects import write_project

ROOT = Path(__file__).parents[2]


def start_child(folder, *more):
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.warehouse.child_that_is_killed", str(folder), *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    return child


def kill(child):
    child.kill()
    child.wait()
    child.stdout.close()


def test_a_process_killed_anywhere_loses_and_doubles_nothing(tmp_path):
    """Rows, versions and cursor always tell of the same load, and a table of a model is always a whole one."""
    project = Project.load(write_project(tmp_path / "sql"))
    moments = random.Random(7)
    reached = [0]
    # A busy machine does less between two kills, so it gets more of them.
    while len(reached) <= 6 or (reached[-1] < 4 and len(reached) < 60):
        child = start_child(tmp_path)
        time.sleep(moments.uniform(0.02, 0.5))
        kill(child)
        with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
            number = (cursor_of(warehouse, "stripe", "invoices") or {"n": 0})["n"]
            totals = warehouse.rows(
                "select cast(payload ->> '$.total' as int) as total, count(*) as n, count(distinct _key) as keys "
                "from raw_stripe.invoices group by all"
            )
            assert totals == ([{"total": number, "n": RECORDS, "keys": RECORDS}] if number else [])
            versions = warehouse.rows(
                "select count(*) as n, count(distinct (_key, _hash)) as d from raw_stripe.invoices__versions"
            )
            assert versions == [{"n": RECORDS * max(number - 1, 0)} | {"d": RECORDS * max(number - 1, 0)}]
            landed = warehouse.rows("select count(*) as n from meta.loads where outcome = 'landed'")
            assert landed == [{"n": number}]
            if number > 1:
                mart = warehouse.rows("select total_minor from marts.fct_revenue")
                assert mart in ([{"total_minor": RECORDS * number}], [{"total_minor": RECORDS * (number - 1)}])
            build(warehouse, project, run_id="after", now=lambda: NOW)
            if number:
                assert warehouse.rows("select total_minor from marts.fct_revenue") == [
                    {"total_minor": RECORDS * number}
                ]
        reached.append(number)
    assert reached == sorted(reached)
    assert reached[-1] >= 4


def test_a_process_killed_in_its_first_load_leaves_an_empty_table(tmp_path):
    """Rows go into the table while the source is read; none of them is there before the read has ended."""
    kill(start_child(tmp_path, "at its first load"))
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        assert warehouse.rows("select count(*) as n from meta.loads") == [{"n": 0}]
        assert land_records(warehouse, [{"id": "in_1"}]).inserted_count == 1
        assert set(live(warehouse)) == {"in_1"}


def test_what_a_killed_process_left_on_disk_is_removed(tmp_path):
    """The spool of a process that is gone is of no use to anybody."""
    write_project(tmp_path / "sql")
    leftover = tmp_path / "warehouse.duckdb.spool" / "1-dead" / "invoices.tsv"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("half a line")
    child = start_child(tmp_path)
    deadline = time.monotonic() + 60
    while leftover.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    kill(child)
    assert not leftover.exists()


def test_a_warehouse_that_another_process_holds_is_worth_another_attempt(tmp_path):
    """The sentence names the process to wait for."""
    write_project(tmp_path / "sql")
    child = start_child(tmp_path)
    try:
        with (
            pytest.raises(TransientError, match=f"process {child.pid} has it open"),
            open_warehouse(tmp_path / "warehouse.duckdb"),
        ):
            pass
    finally:
        kill(child)
