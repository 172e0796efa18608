"""A signal stops a statement of DuckDB where it is: then the run ends as the signal says, and can write that down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from nexabooks.quality.great import _Told
from nexabooks.stopping import closed_after

LONG = "create or replace table numbers as select i, hash(i)::varchar as h from range(20_000_000) as t(i)"
ROOT = Path(__file__).parents[1]


class Stopped(BaseException):
    """What the handler raises, as Prefect's does."""


@pytest.fixture
def signals():
    """SIGUSR1 raises Stopped; the answer sends it a moment later."""

    def raise_it(*_):
        raise Stopped("by a signal")

    before = signal.signal(signal.SIGUSR1, raise_it)
    yield lambda: threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    signal.signal(signal.SIGUSR1, before)


def test_a_statement_that_a_signal_stops_raises_what_its_handler_raised(signals):
    """DuckDB's own error would be taken for a failure of the statement."""
    with pytest.raises(Stopped, match="by a signal"), closed_after(duckdb.connect()) as con:
        signals()
        while True:
            con.execute(LONG)


def test_no_check_of_a_promise_takes_a_signal_for_an_answer(signals):
    """GX makes a broken promise of every error but those that end a process."""
    with duckdb.connect() as con, pytest.raises(Stopped):
        signals()
        while True:
            _Told(con.cursor()).execute(LONG)


def test_an_error_of_duckdb_stays_what_it_is():
    with pytest.raises(duckdb.CatalogException, match="nowhere"), closed_after(duckdb.connect()) as con:
        con.execute("from nowhere")


OPENED_AGAIN = """
import os, signal, threading
from nexabooks.warehouse import open_warehouse
from tests.test_stopping import LONG

def stop(*_):
    raise SystemExit("stopped")

signal.signal(signal.SIGTERM, stop)
path = {path!r}
try:
    with open_warehouse(path) as db:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        while True:
            {statement}
except SystemExit as error:
    with open_warehouse(path) as db:
        print(error, db.rows("select count(*) as n from meta.runs"))
"""


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("db.con.execute(LONG)", id="on the connection of the file"),
        pytest.param("with db.cursor() as con: con.execute(LONG)", id="on a second connection"),
    ],
)
def test_a_file_that_a_signal_closed_can_be_opened_again_in_the_same_process(tmp_path, statement):
    """So that the end of the run can be written down. DuckDB would turn for ever, hence a process of its own."""
    program = OPENED_AGAIN.format(path=str(tmp_path / "warehouse.duckdb"), statement=statement)
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert (ended.stdout, ended.stderr) == ("stopped [{'n': 0}]\n", "")
