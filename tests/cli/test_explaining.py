"""`explain`: one invoice or credit note from its raw record to the ledger, and its part in every figure it stands in."""

from __future__ import annotations

import json

import pytest

from flows.daily_close import daily_close
from nexabooks.cli.explaining import ROAD, ask, find, show_explanation
from nexabooks.errors import PermanentError
from nexabooks.settings import load_settings
from nexabooks.warehouse import memory_warehouse, open_warehouse

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
    assert [(row["movement"], row["route"], row["amount_minor"]) for row in told["payments"]] == [
        ("payment", "stripe", 24239)
    ]
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
        "kind": "invoice",
        "nexacloud_invoice_id": "i1",
        "invoice_number": "",
    }
    assert {station.name: ask(db, station, nobodys) for station in ROAD} == {station.name: [] for station in ROAD}


def test_a_name_that_nothing_has_is_told_with_what_lists_the_names(db):
    with pytest.raises(PermanentError, match=r"No invoice or credit note is known as 'in_none'.*lists them"):
        find(db, "in_none")


def test_an_id_that_begins_as_another_one_does_is_no_part_of_its_sums(db):
    station = next(station for station in ROAD if station.name == "reconciliation")
    known = find(db, INVOICE)
    assert len(ask(db, station, known)) == 1
    assert ask(db, station, known | {"source_invoice_id": known["source_invoice_id"][:-1]}) == []


STATION = {station.name: station for station in ROAD}
NOTE = {"source_system": "lago", "source_invoice_id": "note", "kind": "credit_note", "nexacloud_invoice_id": ""}


@pytest.mark.parametrize("source", ["stripe", "lago"])
def test_every_station_can_be_asked_of_a_credit_note(db, source):
    """Its record lies in a table of its own."""
    asked = NOTE | {"source_system": source}
    assert {name: ask(db, station, asked) for name, station in STATION.items()} == {name: [] for name in STATION}


def test_a_credit_note_is_found_by_its_id_and_by_its_number():
    """It stands in the breaks by its id, which a person copies from there."""
    with memory_warehouse() as db:
        db.con.execute("create schema marts")
        db.con.execute(
            "create table marts.fct_invoices as select * from (values ('lago', 'i1', 'invoice', 'n1', 'F-1'), "
            "('lago', 'note', 'credit_note', null, 'F-1-CN1')) "
            "as known(source_system, source_invoice_id, kind, nexacloud_invoice_id, invoice_number)"
        )
        assert find(db, "note") == find(db, "F-1-CN1") == NOTE | {"invoice_number": "F-1-CN1"}


def test_a_row_of_the_breaks_over_several_invoices_is_shown_at_each():
    """A delta names every invoice of its period, and its source is the service; of other rows the source is the document's own."""
    with memory_warehouse() as db:
        db.con.execute("create schema finance")
        db.con.execute(
            "create table finance.breaks as select *, '' as says, date '2026-06-02' as first_seen_on, 0 as age_days, "
            "null as resolution from (values ('d', 'delta_no_price', 'nexacloud', 'in_1,in_2'), ('m', 'missing', 'stripe', 'in_2'), "
            "('o', 'missing', 'lago', 'in_2'), ('p', 'parked', 'stripe', 'in_22')) "
            "as found(break_key, class, source_system, source_invoice_id)"
        )
        shown = {
            id: [
                row["class"]
                for row in ask(db, STATION["breaks"], NOTE | {"source_system": "stripe", "source_invoice_id": id})
            ]
            for id in ("in_1", "in_2", "in_22", "in_")
        }
    assert shown == {
        "in_1": ["delta_no_price"],
        "in_2": ["delta_no_price", "missing"],
        "in_22": ["parked"],
        "in_": [],
    }
