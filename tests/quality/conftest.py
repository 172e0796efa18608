"""A small warehouse made by hand, and expectation files written for the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from nexabooks.quality import CheckReport, run_checks
from nexabooks.quality.promises import SCOPES

CHECKED_AT = datetime(2026, 5, 31, 6, tzinfo=UTC)

INVOICES = """
create schema marts;
create table marts.fct_invoices as
select * from (values
    ('stripe', 'in_1', 'invoice', 'CAD', 10000, 1300, 11300, date '2026-05-01', 1.50::decimal(18, 2)),
    ('stripe', 'in_2', 'invoice', 'CAD', 20000, 2600, 22600, date '2026-05-02', 2.50),
    ('lago',   'l_1',  'invoice', 'USD',     0,    0,     0, date '2026-05-03', 0.00),
    ('stripe', 'cn_1', 'credit_note', 'CAD', 500,  65,   565, date '2026-05-04', 9.99)
) as t (source_system, source_invoice_id, kind, currency_code, subtotal_minor, tax_minor, total_minor, invoiced_on, rate)
"""
KEY = ["source_system", "source_invoice_id", "kind"]


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(INVOICES)
        yield connection


@pytest.fixture
def promise(tmp_path) -> Callable[..., None]:
    """Write `<layer>/<model>.yml` with these words, a grain and the invoices' key unless they say otherwise."""

    def write(model: str = "fct_invoices", layer: str = "marts", **words: object) -> None:
        folder = tmp_path / "expectations" / layer
        folder.mkdir(parents=True, exist_ok=True)
        body = {"grain": "one row per invoice", "key": KEY, **words}
        (folder / f"{model}.yml").write_text(yaml.safe_dump({model: body}), encoding="utf-8")

    return write


@pytest.fixture
def check(warehouse, tmp_path, monkeypatch) -> Callable[..., CheckReport]:
    """Check the marts of the small warehouse against the files written so far; it has no layer beside them."""
    monkeypatch.setitem(SCOPES, "marts", ("marts",))

    def run(**more: object) -> CheckReport:
        asked = {"run_id": "run 1", "checked_at": CHECKED_AT, "scope": "marts", **more}
        return run_checks(warehouse, Path(tmp_path / "expectations"), **asked)

    return run
