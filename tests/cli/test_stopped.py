"""A run that is told to stop: by Ctrl-C, or by the SIGTERM of a scheduler."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nexabooks.ops import open_ops
from nexabooks.sandbox import story
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.warehouse import open_warehouse
from tasks.run import LEASE_S, WAREHOUSE_LEASE

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_says_so_and_lets_the_next_one_in(tmp_path, number):
    """Its end is a row, its lease is free at once, and the exit code is the signal's as a shell has it."""
    with Sandbox(story.day_1(), tmp_path / "world", services=("stripe",)) as box:
        box.stripe.faults.add("/v1/invoices", "slow", slow_s=3)
        settings = box.environment() | {"NEXABOOKS_HOME": str(tmp_path / "home")}
        run = subprocess.Popen(
            [sys.executable, "-m", "nexabooks", "run", "refresh"],
            cwd=ROOT,
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 180
        while not any("/v1/invoices" in call for call in box.stripe.faults.calls) and time.monotonic() < deadline:
            time.sleep(0.02)
        run.send_signal(number)
        _, said = run.communicate(timeout=180)
        here = box.settings(home=tmp_path / "home")
    assert (run.returncode, said) == (128 + number, "Stopped. Nothing is half-written; run it again when you like.\n")
    with open_warehouse(here.warehouse_path) as db:
        assert db.rows("select flow, outcome from meta.runs") == [{"flow": "refresh", "outcome": "broken"}]
    with open_ops(here.ops_store_url, now=here.now) as ops, ops.lease(WAREHOUSE_LEASE, holder="next", ttl_s=LEASE_S):
        pass
