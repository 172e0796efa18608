"""vTiger read and landed, by both doors: the certificate is equal, and a second run changes nothing."""

from __future__ import annotations

import pytest

from nexabooks.sources.vtiger import SOURCE
from nexabooks.warehouse import cursor_of, land, memory_warehouse


@pytest.fixture
def land_all(vtiger):
    with memory_warehouse() as db:

        def run(run_id: str):
            landed = {}
            with SOURCE.open(vtiger.settings) as session:
                for stream in SOURCE.streams:
                    items = session.read(stream, cursor_of(db, "vtiger", stream.name))
                    landed[stream.name] = land(
                        db, "vtiger", stream, items, run_id=run_id, landed_at=vtiger.world.now, streams=SOURCE.streams
                    )
            return landed

        yield run


def test_every_certificate_is_equal_and_a_second_run_changes_no_row(land_all):
    """The server's count(*) is what the tables hold, also after an incremental reading."""
    first, second = land_all("first"), land_all("second")
    assert all(one.is_equal for one in (*first.values(), *second.values()))
    assert sum(one.written_count for one in first.values()) > 0
    assert sum(one.written_count for one in second.values()) == 0


def test_a_deleted_case_leaves_an_equal_certificate(vtiger, land_all):
    """It is a tombstone, and the live rows are again as many as the server counts."""
    land_all("first")
    vtiger.change(cases=vtiger.world.cases[1:])
    second = land_all("second")["cases"]
    assert second.deleted_count == 1
    assert second.is_equal
