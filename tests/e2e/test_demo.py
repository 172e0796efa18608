"""The whole road, as a newcomer runs it: the story and the trap world, from the command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[2]


def play(world: str, home: Path) -> dict:
    """`nexabooks demo --json` in a process of its own, with no NEXABOOKS_ setting inherited."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NEXABOOKS_")}
    got = subprocess.run(
        [sys.executable, "-m", "nexabooks", "demo", "--world", world, "--home", str(home), "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    assert got.stdout, got.stderr[-4000:]
    return json.loads(got.stdout) | {"exit_code": got.returncode, "stderr": got.stderr}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    home = tmp_path_factory.mktemp("story")
    return play("story", home) | {"home": home}


def failing(played: dict) -> list[str]:
    return [
        f"{act['title']}: {check['says']}: expected {check['expected']}, got {check['found']}"
        for act in played["acts"]
        for check in act["checks"]
        if not check["holds"]
    ]


def test_the_books_equal_the_story_on_every_day(story):
    """Three days, the first one twice: every figure of the story, to the cent."""
    assert failing(story) == []
    assert story["is_true"] is True
    assert story["exit_code"] == 0


def test_the_published_file_answers_the_two_questions(story):
    """23 entries are posted and equal to their source, 3,403.46 in all."""
    with duckdb.connect(str(story["home"] / "published" / "nexabooks.duckdb"), read_only=True) as con:
        posted = "from finance.ledger_check where ledger_state = 'posted'"
        assert con.execute(f"select sum(total_minor) {posted}").fetchone() == (340346,)
        assert con.execute(f"select count(*) {posted}").fetchone() == (23,)


def answers(home: Path) -> list[list[tuple]]:
    """What the published file answers to each example of docs/questions.md, in the page's order."""
    page = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
    with duckdb.connect(str(home / "published" / "nexabooks.duckdb"), read_only=True) as con:
        return [con.execute(question).fetchall() for question in re.findall(r"```sql\n(.*?)```", page, re.DOTALL)]


def test_every_question_of_the_docs_has_its_answer(story):
    """Each example runs on the demo's file, and what the page says of some of them is true."""
    found = answers(story["home"])
    says = {str(row[0]): row for rows in found for row in rows}
    assert says["NXC-0007"][1:3] == ("void", "void at Stripe since 2026-04-15")
    assert [row for rows in found for row in rows if row[:2] == ("CAD", 23)] == [("CAD", 23, 340346, 340346)]
    taxes = [row for rows in found for row in rows if "HST 13 %" in row]
    assert sum(row[-1] for row in taxes) == 340346 - sum(row[-2] for row in taxes)  # every one of the 23 bears HST
    assert {row[0] for row in found[0]} >= {"invoices", "invoice_taxes", "publication"}
    changed = [row[0] for rows in found for row in rows if len(row) == 7 and row[2] == "paid" and row[0] == "NXC-0019"]
    assert changed == ["NXC-0019"]  # what was paid on the last day, and nothing that only was read again


def test_the_published_file_explains_every_table_and_column(story):
    """A reader's tool shows what each means."""
    with duckdb.connect(str(story["home"] / "published" / "nexabooks.duckdb"), read_only=True) as con:
        silent = con.execute(
            "select table_name, '' from duckdb_tables() where comment is null "
            "union all select table_name, column_name from duckdb_columns() where comment is null and schema_name = 'finance'"
        ).fetchall()
    assert silent == []


def test_no_money_in_the_published_file_is_a_float(story):
    """Every column of every finance table is exact."""
    with duckdb.connect(str(story["home"] / "published" / "nexabooks.duckdb"), read_only=True) as con:
        inexact = con.execute(
            "select table_name, column_name from information_schema.columns where data_type in ('DOUBLE', 'FLOAT')"
        ).fetchall()
    assert inexact == []


def test_the_demo_leaves_no_process_behind(story):
    """What the demo starts, it stops."""
    home = str(story["home"])
    running = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:  # it ended while we looked
            continue
        if home in command:
            running.append(command)
    assert running == []


def test_every_trap_comes_out_as_it_must(tmp_path):
    """Each hard case is posted exactly, or held back with a reason."""
    traps = play("traps", tmp_path)
    assert failing(traps) == []
    assert traps["exit_code"] == 0
