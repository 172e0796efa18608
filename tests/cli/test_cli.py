"""The command line as a scheduler and a person meet it: sentences, exit codes, no stack trace."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from nexabooks.cli.main import app
from nexabooks.errors import EXIT_OK, EXIT_PERSON, EXIT_TRY_LATER, EXIT_USAGE
from nexabooks.ops import open_ops
from nexabooks.sandbox import story
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.settings import load_settings
from nexabooks.warehouse import open_warehouse

ROOT = Path(__file__).parents[2]


def nexabooks(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with these NEXABOOKS_ settings and no others."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NEXABOOKS_")}
    return subprocess.run(
        [sys.executable, "-m", "nexabooks", *arguments],
        cwd=ROOT, env=environment | settings, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_every_missing_setting_is_named_at_once_and_nothing_is_read(tmp_path):
    """Exit code 2, one sentence, no stack trace."""
    got = nexabooks("run", "daily-close", NEXABOOKS_HOME=str(tmp_path))
    assert got.returncode == 2
    for name in ("NEXABOOKS_NEXACLOUD_DSN", "NEXABOOKS_STRIPE_API_KEY", "NEXABOOKS_LAGO_API_KEY", "NEXABOOKS_ODOO_URL"):
        assert name in got.stderr
    assert "nothing was read" in got.stderr
    assert "Traceback" not in got.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        pytest.param(("run", "weekly-close"), 2, "There is no flow", id="an unknown flow"),
        pytest.param(("run", "backfill"), 2, "needs --from and --to", id="a backfill without days"),
        pytest.param(
            ("run", "backfill", "--from", "2026-05-02", "--to", "2026-05-01"),
            2,
            "There is no day",
            id="a backfill of no day",
        ),
        pytest.param(("run", "post-approved"), 2, "--plan", id="posting without a plan"),
        pytest.param(
            ("run", "daily-close", "--from", "2026-05-01", "--to", "2026-05-02"),
            2,
            "run daily-close takes no --from; that is for run backfill. Nothing was started.",
            id="a span for a flow that knows none",
        ),
        pytest.param(
            ("run", "refresh", "--plan", "0123"),
            2,
            "that is for run post-approved",
            id="a plan for a flow that posts none",
        ),
        pytest.param(
            ("run", "backfill", "--from", "2026-05-01", "--to", "2026-05-02", "--day", "2026-05-01"),
            2,
            "run backfill takes no --day; that is for run daily-close and run refresh and run relist.",
            id="a day for a span of days",
        ),
        pytest.param(("query", "select 1"), 1, "no published file", id="a question before the first run"),
        pytest.param(("query", "select 1", "--json", "--csv"), 2, "--json or --csv", id="an answer in two formats"),
        pytest.param(("explain", "in_1"), 1, "no warehouse", id="an explanation before the first run"),
        pytest.param(("close-month", "may", "--by", "Ann"), 1, "is no month", id="a month that is none"),
        pytest.param(
            ("close-month", "2026-01", "--by", "Ann"), 1, "no published file", id="a close before the first run"
        ),
        pytest.param(("reopen-month", "2026-01", "--by", "Ann", "--why", "x"), 1, "not closed", id="an open month"),
        pytest.param(("demo", "--world", "moon"), 2, "no world", id="an unknown world"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, exit_code, says, tmp_path):
    """The exit code says who must act."""
    got = nexabooks(*arguments, NEXABOOKS_HOME=str(tmp_path))
    assert says in got.stderr
    assert got.returncode == exit_code
    assert "Traceback" not in got.stderr


def test_a_warehouse_that_no_run_has_built_explains_nothing_and_says_what_builds_it(tmp_path):
    """The file is there as soon as the first run begins."""
    with open_warehouse(tmp_path / "warehouse.duckdb"):
        pass
    got = nexabooks("explain", "in_1", NEXABOOKS_HOME=str(tmp_path))
    assert "is not built yet" in got.stderr
    assert "Run `nexabooks run refresh` first" in got.stderr
    assert "Traceback" not in got.stderr
    assert got.returncode == 1


def test_a_wrong_value_is_named_with_its_setting(tmp_path):
    """Not a validation report, a sentence."""
    got = nexabooks("status", NEXABOOKS_HOME=str(tmp_path), NEXABOOKS_LEDGER_MODE="maybe")
    assert got.returncode == 2
    assert "NEXABOOKS_LEDGER_MODE" in got.stderr
    assert "Traceback" not in got.stderr


WRONG = {
    "NEXABOOKS_COMPANY_TIME_ZONE": "Mars/Olympus",
    "NEXABOOKS_NEXACLOUD_DSN": "postgresql://reader:s3cret@db:abc/nexacloud",
    "NEXABOOKS_OPS_URL": "postgresql://reader:top@s3cret@db/ops",
    "NEXABOOKS_STRIPE_API_KEY": "s3cret’",
    "NEXABOOKS_LAGO_REQUESTS_PER_S": "-1",
    "NEXABOOKS_LAGO_URL": "http://a..b/",
    "NEXABOOKS_VTIGER_URL": "nonsense",
    "NEXABOOKS_ODOO_URL": "http://[::1",
    "NEXABOOKS_REQUEST_TIMEOUT_S": "0",
    "NEXABOOKS_LEDGER_MODES": "foo",
    "NEXABOOKS_SQL_DIR": "nowhere",
    "NEXABOOKS_EXPECTATIONS_DIR": "nowhere",
}


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [pytest.param(("run", "daily-close"), 2, id="a run"), pytest.param(("doctor",), 1, id="the doctor")],
)
def test_every_wrong_setting_is_named_and_nothing_is_made(arguments, exit_code, tmp_path):
    """By a run, and by the doctor before it; no stack trace, no part of a secret, no file."""
    got = nexabooks(*arguments, NEXABOOKS_HOME=str(tmp_path / "home"), **WRONG)
    said = got.stdout + got.stderr
    assert got.returncode == exit_code
    assert [name for name in (*WRONG, "NEXABOOKS_LAGO_API_KEY") if name not in said] == []  # and what is missing too
    assert "ok  company" not in said
    assert "s3cret" not in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_sources_are_listed_for_a_program():
    """Every stream says what it may not lose."""
    rows = json.loads(nexabooks("sources", "--json").stdout)
    assert {"nexacloud", "stripe", "lago", "vtiger", "odoo", "ops"} == {row["source"] for row in rows}
    assert all(row["may_not_lose"] for row in rows)


def commands(group: Any, *before: str) -> dict[str, Any]:
    """Every verb by the words that a person types."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        is_group = hasattr(command, "commands")
        found |= commands(command, *before, name) if is_group else {" ".join((*before, name)): command}
    return found


def test_every_command_can_answer_a_program():
    """A decision that a program takes is answered as JSON too."""
    every = commands(typer.main.get_command(app))
    assert [
        name for name, command in every.items() if "--json" not in {o for p in command.params for o in p.opts}
    ] == []


def test_a_month_that_is_opened_again_is_answered_to_a_program(monkeypatch, tmp_path):
    """Who decided, what and why."""
    monkeypatch.setenv("NEXABOOKS_HOME", str(tmp_path))
    settings = load_settings()
    with open_ops(settings.ops_store_url) as ops:
        ops.months().close(
            "2026-05", [], by="Ann", note="", time_zone="America/Toronto", published_by="refresh-1",
            published_at=settings.now(), open_break_count=0,
        )  # fmt: skip
    got = CliRunner().invoke(app, ["reopen-month", "2026-05", "--by", "Bob", "--why", "the auditor asks", "--json"])
    answered = json.loads(got.output)
    assert (answered["decision"], answered["decided_by"], answered["note"]) == ("reopened", "Bob", "the auditor asks")


def test_the_unit_tests_of_the_sql_are_answered_to_a_program(tmp_path):
    """One row a test."""
    got = nexabooks("sql", "test", "stg_stripe__charges", "--json", NEXABOOKS_HOME=str(tmp_path))
    assert got.returncode == 0, got.stderr
    assert {(row["model"], row["is_ok"], row["message"]) for row in json.loads(got.stdout)} == {
        ("stg_stripe__charges", True, "")
    }


def test_the_exit_codes_are_in_the_help_and_in_the_readme():
    """Those that the code can end with, 128 and the number of a signal among them."""
    helped = " ".join(nexabooks("run", "--help").stdout.split())
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| ")]
    ends = (EXIT_OK, EXIT_PERSON, EXIT_USAGE, EXIT_TRY_LATER, 128 + signal.SIGINT, 128 + signal.SIGTERM)
    for code in map(str, ends):
        assert re.search(rf"\b{code}\b", helped.partition("Exit codes: ")[2])
        assert any(re.match(rf"\| (\d+, )?{code}\b", row) for row in rows)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    home = tmp_path_factory.mktemp("cli")
    with Sandbox(story.day_1(), home / "world") as box:
        yield box.environment() | {"NEXABOOKS_HOME": str(home / "home")}, box


def test_a_plan_before_the_first_run_says_what_to_run(world, tmp_path):
    """An empty installation is not a broken one: no word of promises, nor of readers."""
    got = nexabooks("plan", **world[0] | {"NEXABOOKS_HOME": str(tmp_path)})
    assert (got.returncode, got.stderr.count("\n")) == (1, 1)
    assert "Run `nexabooks run refresh` first" in got.stderr
    assert not (tmp_path / "quality").exists()


def test_doctor_finds_a_revoked_key_and_a_dead_host_and_says_what_is_well(world):
    """Nothing is written; each finding is a sentence; no secret is shown."""
    settings, _ = world
    got = nexabooks(
        "doctor", **settings | {"NEXABOOKS_STRIPE_API_KEY": "sk_revoked_1234", "NEXABOOKS_LAGO_URL": "http://127.0.0.1:9/api/v1"}
    )  # fmt: skip
    assert got.returncode == 1
    lines = got.stdout.splitlines()
    assert any(line.startswith("  NO  stripe") for line in lines)
    assert any(line.startswith("  NO  lago") and "Another attempt may succeed" in line for line in lines)
    assert any(line.startswith("  ok  nexacloud") for line in lines)
    assert any(line.startswith("  NO  odoo") and "odoo setup" in line for line in lines)
    assert any("ops store: is not there yet" in line for line in lines)
    assert not Path(settings["NEXABOOKS_HOME"]).exists()
    assert "sk_revoked_1234" not in got.stdout + got.stderr
    assert "Traceback" not in got.stderr


def test_odoo_setup_shows_first_and_creates_only_when_told(world):
    """A dry run leaves everything missing; --apply makes it; once more finds it there."""
    settings, _ = world

    def missing(*arguments: str) -> int:
        steps = json.loads(nexabooks("odoo", "setup", "--json", *arguments, **settings).stdout)
        return sum(not step["is_present"] for step in steps)

    assert missing() > 0
    assert missing() > 0
    assert missing("--apply") == 0
    assert missing() == 0


# A test run started in the background of a shell is deaf to SIGINT, and so is what it starts.
HEARING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from nexabooks.cli.main import main; main()"


def test_the_pretend_world_stays_until_ctrl_c(tmp_path):
    """What it says is true: its settings reach it from another shell; Ctrl-C ends it well, and nothing answers any more."""
    home = tmp_path / "world"
    said = tmp_path / "said"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NEXABOOKS_")}
    with said.open("w") as out, subprocess.Popen(
        [sys.executable, "-c", HEARING, "demo", "--stay", "--home", str(home)],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
    ) as staying:  # fmt: skip
        try:
            waited_until = time.monotonic() + 240
            while "Ctrl-C ends everything" not in said.read_text():
                assert staying.poll() is None, said.read_text()
                assert time.monotonic() < waited_until, said.read_text()
                time.sleep(0.2)
            read = "set -a; . " + shlex.quote(str(home / "settings.env")) + "; set +a; exec env"
            shell = subprocess.run(["sh", "-c", read], env=environment, capture_output=True, text=True, check=True)
            settings = dict(line.split("=", 1) for line in shell.stdout.splitlines() if line.startswith("NEXABOOKS_"))
            assert settings["NEXABOOKS_LEDGER_MODE"] == "draft"
            assert (home / "settings.env").stat().st_mode & 0o077 == 0
            assert nexabooks("odoo", "check", **settings).returncode == 0
            staying.send_signal(signal.SIGINT)
            assert staying.wait(60) == 0
        finally:
            staying.kill()
    assert "is gone" in said.read_text()
    assert nexabooks("odoo", "check", **settings | {"NEXABOOKS_REQUEST_TIMEOUT_S": "2"}).returncode == 75
