"""The ledger read back: what is ours, whole, unparsed, with Odoo's own count beside it."""

from __future__ import annotations

import logging

import pytest

from nexabooks.clients.odoo import OdooReader, open_odoo
from nexabooks.clients.odoo_json2 import decode
from nexabooks.errors import AccessRefused
from nexabooks.ledger import MemoryJournal, apply_plan, make_plan, read_present, setup_apply
from nexabooks.sandbox.odoo.service import OdooService
from nexabooks.sources.odoo import SOURCE
from nexabooks.sources.odoo.streams import QUESTIONS
from nexabooks.streams import Batch, Finished
from tests.ledger.conftest import settings_of
from tests.ledger.makers import FAMILY_ROWS, ROUTE_ROWS, a_note, an_invoice, desired_of, now

STREAMS = {stream.name: stream for stream in SOURCE.streams}
NOTE = a_note(an_invoice("in_2"), amounts_minor=(1_000,))
DESIRED = desired_of(an_invoice(paid_minor=11_300), an_invoice("in_2", (1_005, 1_005)), NOTE, an_invoice("in_3"))


@pytest.fixture(scope="module")
def odoo():
    """A server with four entries of ours, one of them about to be reversed, and one of somebody else."""
    service = OdooService()
    service.start()
    with open_odoo(settings_of(service, service.admin_key), "admin") as client:
        setup_apply(client, FAMILY_ROWS, ROUTE_ROWS)
        plan = make_plan(DESIRED, read_present(client, DESIRED), mode="post", run_id="r1")
        apply_plan(plan, client, MemoryJournal(), now=now)
        entry = client.search_read("account.move", [["x_fc_source_invoice_id", "=", "in_3"]], ["id", "journal_id"])[0]
        vals = {
            "reason": "",
            "date": "2026-11-20",
            "journal_id": entry["journal_id"][0],
            "move_ids": [[6, 0, [entry["id"]]]],
        }
        wizard = client.write_call("account.move.reversal", "create", vals_list=[vals])
        client.write_call("account.move.reversal", "refund_moves", ids=wizard)
        partner = client.write_call("res.partner", "create", vals_list=[{"name": "Not ours"}])[0]
        client.write_call("account.move", "create", vals_list=[{"move_type": "out_invoice", "partner_id": partner}])
    yield service
    service.stop()


def read(service: OdooService, name: str) -> tuple[list[dict], Finished]:
    """The records of one stream as they came, and its end."""
    with SOURCE.open(settings_of(service, service.billing_key)) as session:
        *batches, end = session.read(STREAMS[name], None)
    records = []
    for batch in batches:
        assert isinstance(batch, Batch)
        assert batch.records_at == "[]"
        bodies = [record for body in batch.bodies for record in decode(body)]
        assert len(bodies) == batch.row_count
        records += bodies
    assert isinstance(end, Finished)
    return records, end


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_whole_and_equals_odoos_own_count(odoo, name):
    """With the fields of the contract, and nothing of somebody else's."""
    records, end = read(odoo, name)
    assert records
    assert set(records[0]) == set(QUESTIONS[name].fields)
    assert end.is_complete
    assert [(claim.table, claim.row_count, claim.basis) for claim in end.claims] == [(name, len(records), "source")]


def test_only_what_is_ours_is_read(odoo):
    """Four entries, one customer, one payment, and the lines and matches of those entries."""
    moves = {record["id"] for record in read(odoo, "moves")[0]}
    assert len(moves) == 4
    assert [record["x_fc_customer_id"] for record in read(odoo, "partners")[0]] == ["cust_1"]
    assert [record["x_fc_payment_id"] for record in read(odoo, "payments")[0]] == ["pi_in_1"]
    lines = read(odoo, "lines")[0]
    assert {line["move_id"][0] for line in lines} == moves
    ids = {line["id"] for line in lines}
    matches = read(odoo, "reconciles")[0]
    assert len(matches) == 2
    assert all(match["debit_move_id"][0] in ids or match["credit_move_id"][0] in ids for match in matches)


def test_taxes_and_accounts_are_those_of_sales(odoo):
    """The names of sale and purchase taxes are the same, so the use decides."""
    assert {record["type_tax_use"] for record in read(odoo, "taxes")[0]} == {"sale"}
    assert {"NCR.HOSTIN", "NCR.OTHER"} <= {record["code"] for record in read(odoo, "accounts")[0]}


def test_many_records_come_in_pages(odoo, monkeypatch):
    """No record twice, none left out."""
    whole = read(odoo, "lines")[0]
    pages = OdooReader.pages
    monkeypatch.setattr(OdooReader, "pages", lambda self, *args: pages(self, *args, size=2))
    assert read(odoo, "lines")[0] == whole


def test_before_the_setup_nothing_is_read_and_it_says_so(caplog):
    """Not an error: the first close has not been prepared yet. Nothing counts as gone either."""
    service = OdooService()
    service.start()
    try:
        with caplog.at_level(logging.WARNING):
            records, end = read(service, "moves")
        assert records == []
        assert not end.is_complete
        assert "nexabooks odoo setup --apply" in end.state["says"]
        assert "nexabooks odoo setup --apply" in caplog.text
        assert read(service, "taxes")[1].is_complete
    finally:
        service.stop()


def test_a_wrong_key_is_found_before_anything_is_read(odoo):
    """And missing settings by name."""
    wrong = settings_of(odoo, "not-a-key")
    with pytest.raises(AccessRefused), SOURCE.open(wrong):
        pass
    bare = wrong.model_copy(update={"odoo_url": "", "odoo_api_key": None})
    assert SOURCE.missing_settings(bare) == ["NEXABOOKS_ODOO_URL", "NEXABOOKS_ODOO_API_KEY"]


def test_a_lost_answer_is_asked_for_again(odoo):
    """A read has no outcome to be unclear about."""
    odoo.faults.add("account.move/search_read", "cut_before")
    assert len(read(odoo, "moves")[0]) == 4


def test_the_source_never_writes(odoo):
    """Every call of a whole reading is a reading one."""
    odoo.faults.calls.clear()
    for name in STREAMS:
        read(odoo, name)
    methods = {call.rsplit("/", 1)[1] for call in odoo.faults.calls}
    assert methods <= {"search_read", "search_count", "fields_get", "context_get", "version"}


def test_every_invoice_of_the_plan_comes_back(odoo):
    """What was meant and what stands are joined by source system, id and kind."""
    keys = {(r["x_fc_source_system"], r["x_fc_source_invoice_id"], r["x_fc_kind"]) for r in read(odoo, "moves")[0]}
    assert keys == {tuple(invoice.key) for invoice in DESIRED.invoices}
