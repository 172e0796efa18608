"""`explain`: one invoice from its raw record to the ledger, and its part in every figure it stands in."""

from __future__ import annotations

import json

import pytest

from flows.daily_close import daily_close
from nexabooks.cli.explaining import ROAD, ask, find, show_explanation
from nexabooks.errors import PermanentError
from nexabooks.settings import load_settings
from nexabooks.warehouse import open_warehouse

INVOICE = "NEX-2026-0001"


@pytest.fixture(scope="module")
def closed(box):
    """The first day closed: every verified invoice is posted and paid, and the journal has its receipts."""
    daily_close.fn()
    return box


@pytest.fixture
def db(closed):
    with open_warehouse(load_settings().warehouse_path, read_only=True) as db:
        yield db


def test_a_program_reads_every_station_and_the_record_as_it_was_sent(closed, capsysbinary):
    """Raw, judged, asked for and booked: the same total everywhere."""
    show_explanation(INVOICE, as_json=True)
    told = json.loads(capsysbinary.readouterr().out)
    assert {station.name for station in ROAD} <= set(told)
    assert told["raw"][0]["record"]["total_amount_cents"] == 24239
    assert told["verdict"][0]["total_minor"] == 24239
    assert told["outbound"][0]["is_postable"] is True
    assert told["ledger"][0]["ledger_total_minor"] == 24239
    assert {(receipt["action"], receipt["outcome"]) for receipt in told["receipts"]} == {
        (action, "done") for action in ("create", "post", "pay", "note")
    }


def test_a_person_reads_the_rule_of_each_line_and_this_invoices_part_of_a_sum(closed, capsys):
    show_explanation(INVOICE, as_json=False)
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert any('contains "odoo erp hosting"' in line for line in told)
    assert {"billed 1,048.24 CAD", "invoice count 7", "by this invoice 214.50 CAD"} <= set(told)
    assert "- -" not in told
    assert not any('"lago_id"' in line for line in told)


def test_the_record_itself_is_shown_on_request(closed, capsys):
    """In the digits in which its source sent it."""
    show_explanation(INVOICE, as_json=False, with_record=True)
    told = capsys.readouterr().out
    assert '\n  "number": "NEX-2026-0001",\n' in told
    assert '\n  "total_amount_cents": 24239,\n' in told


def test_the_parts_of_the_invoices_add_up_to_each_row_of_the_reconciliation(db):
    station = next(station for station in ROAD if station.name == "reconciliation")
    parts: dict[tuple[str, ...], int] = {}
    rows = db.rows("select source_invoice_id from marts.fct_invoices where kind = 'invoice'")
    for row in rows:
        for part in ask(db, station, find(db, row["source_invoice_id"])):
            key = (part["class"], str(part["subscription_id"]), str(part["month"]), str(part["period_start_on"]))
            parts[key] = parts.get(key, 0) + part["by_this_invoice_minor"]
    assert parts == {
        (row["class"], str(row["subscription_id"]), str(row["month"]), str(row["period_start_on"])): row["billed_minor"]
        for row in db.rows("select * from finance.reconciliation")
    }


def test_an_invoice_whose_source_is_unknown_has_no_raw_record_and_every_other_station(db):
    nobodys = {
        "source_system": "unknown",
        "source_invoice_id": "nexacloud:i1",
        "nexacloud_invoice_id": "i1",
        "invoice_number": "",
    }
    assert {station.name: ask(db, station, nobodys) for station in ROAD} == {station.name: [] for station in ROAD}


def test_a_name_that_nothing_has_is_told_with_what_lists_the_names(db):
    with pytest.raises(PermanentError, match=r"No invoice is known as 'in_none'.*lists them"):
        find(db, "in_none")


def test_an_id_that_begins_as_another_one_does_is_no_part_of_its_sums(db):
    station = next(station for station in ROAD if station.name == "reconciliation")
    known = find(db, INVOICE)
    assert len(ask(db, station, known)) == 1
    assert ask(db, station, known | {"source_invoice_id": known["source_invoice_id"][:-1]}) == []
