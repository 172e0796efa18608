"""An amount that the books cannot hold exactly is refused by its document alone: it is not rounded, and stops nothing else."""

from __future__ import annotations

import duckdb
import pytest

from nexabooks.quality import run_identities
from nexabooks.sandbox.making import item, utc
from nexabooks.sandbox.traps_making import of_lago
from nexabooks.sandbox.traps_people import PLAIN
from nexabooks.sandbox.world import World
from nexabooks.warehouse import Project
from tests.sql.built import SQL, built

READ_AT = utc("2026-06-02T10:00")
TOO_FINE = "Lago's figures disagree: an amount in CLF is finer than the books count, and would be rounded"


def in_clf(name: str, amount: int):
    """An invoice in Chile's unit of account, which Lago counts in ten-thousandths."""
    return of_lago(name, [item("Chat plan, monthly", amount, taxes=())], currency_code="CLF", paid_at=None)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, project: Project):
    home = tmp_path_factory.mktemp("too-fine")
    invoices = (in_clf("fine", 12345), in_clf("whole", 12300))
    world = World("too-fine", READ_AT, users=(PLAIN,), invoices=invoices)
    next(built((world,), home, project))
    return home


def test_an_invoice_that_the_books_cannot_hold_exactly_is_not_verified(home):
    """1.2345 is refused with the reason; 1.2300 is 123 hundredths."""
    with duckdb.connect(str(home / "day-1.duckdb"), read_only=True) as con:
        rows = con.execute(
            "select invoice_number, verdict, verdict_reason, total_minor from marts.fct_invoices"
        ).fetchall()
    found = {number: (verdict, reason, total) for number, verdict, reason, total in rows}
    assert found["NEX-fine"][:2] == ("unverified", TOO_FINE)
    assert found["NEX-whole"] == ("verified", "Lago confirms it: finalized, payment pending", 123)


def test_it_does_not_stop_the_others(home):
    """What was sent is what staging says, for the sums of both."""
    with duckdb.connect(str(home / "day-1.duckdb"), read_only=True) as con:
        results = run_identities(con, SQL.parent / "expectations" / "identities", run_id="day-1", checked_at=READ_AT)
    sent = next(result for result in results if result.model == "03_lago_raw_is_staging")
    assert sent.is_ok, sent.says
