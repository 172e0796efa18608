"""Lago read and landed: the certificate is equal, a second run changes nothing, and what could not be read is said."""

from __future__ import annotations

import pytest

from nexabooks.sources.lago import SOURCE
from nexabooks.warehouse import cursor_of, land, memory_warehouse


@pytest.fixture
def land_all(lago):
    with memory_warehouse() as db:

        def run(run_id: str):
            landed = {}
            with SOURCE.open(lago.settings) as session:
                for stream in SOURCE.streams:
                    items = session.read(stream, cursor_of(db, "lago", stream.name))
                    landed[stream.name] = land(
                        db, "lago", stream, items, run_id=run_id, landed_at=lago.world.now, streams=SOURCE.streams
                    )
            return landed

        run.db = db
        yield run


def test_every_certificate_is_equal_and_a_second_run_changes_no_row(land_all):
    """Count and, for invoices, sums per currency and month, as the warehouse itself adds them up."""
    first, second = land_all("first"), land_all("second")
    assert all(one.is_equal for one in (*first.values(), *second.values()))
    assert sum(one.written_count for one in first.values()) > 0
    assert sum(one.written_count for one in second.values()) == 0


def test_an_invoice_that_could_not_be_read_leaves_an_unequal_certificate_until_it_heals(lago, land_all):
    """The load says which one it was; the next run reads it and is equal again."""
    broken = lago.world.invoices[0].id
    lago.service.unreadable[broken] = 404
    load = land_all("first")["invoices"]
    assert not load.is_equal
    assert broken in load.message
    lago.service.unreadable.clear()
    assert land_all("second")["invoices"].is_equal


def test_a_deleted_draft_keeps_its_last_record_as_a_tombstone(lago, land_all):
    """Gone at Lago, still here, marked; the claims, which know nothing of it, are met."""
    land_all("first")
    draft = next(i for i in lago.world.invoices if i.status == "draft")
    lago.world = lago.world.with_invoice(draft.id, is_deleted=True)
    assert land_all("second")["invoices"].is_equal
    assert land_all.db.rows("select _key from raw_lago.invoices where _deleted") == [{"_key": draft.id}]
