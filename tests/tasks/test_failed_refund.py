"""A refund that fails after it was booked is a row for a person."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from flows.daily_close import daily_close
from nexabooks.cli.examining import apply_odoo_setup
from nexabooks.sandbox.making import item, utc
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.sandbox.traps_making import of_stripe, with_payments
from nexabooks.sandbox.traps_people import PLAIN
from nexabooks.sandbox.world import Refund, World
from nexabooks.settings import load_settings

REFUND = Refund("re_bare", utc("2026-05-23T10:00"), 5650)


def world(refund: Refund, at: str = "2026-06-02T10:00") -> World:
    """One paid invoice, of which a part was refunded without a credit note."""
    invoice = with_payments(of_stripe("bare", [item("Managed Odoo", 10000)]), refunds=(refund,))
    return World("failed-refund", utc(at), users=(PLAIN,), invoices=(invoice,))


@pytest.fixture
def box(tmp_path, monkeypatch, ledger_only):
    with Sandbox(world(REFUND), tmp_path / "world") as box:
        for name, value in (box.environment() | {"NEXABOOKS_HOME": str(tmp_path / "home")}).items():
            monkeypatch.setenv(name, value)
        apply_odoo_setup()
        yield box


def breaks_of_money() -> list[tuple[str, int | None, int | None]]:
    """Close the day: (class, the source's amount, the ledger's) of what is shown about payments."""
    daily_close.fn()
    with duckdb.connect(str(load_settings().published_path), read_only=True) as con:
        asked = "select class, source_minor, ledger_minor from finance.breaks where break_key like '%payment|%'"
        return con.execute(asked).fetchall()


def test_a_refund_that_fails_after_it_was_booked_is_shown_as_unknown_at_its_source(box, monkeypatch):
    """At first it is a refund without a credit note; then the payment out of NCSTR stands alone."""
    assert breaks_of_money() == [("refund_without_credit_note", 5650, None)]
    box.show(world(replace(REFUND, status="failed", failed_at=utc("2026-06-02T12:00")), "2026-06-02T14:00"))
    monkeypatch.setenv("NEXABOOKS_CLOCK", box.world.now.isoformat())
    assert breaks_of_money() == [("payment_unknown_at_source", None, 5650)]
