"""A disk that takes no more: one sentence, nothing half-written, and everything as before once there is room."""

from __future__ import annotations

import hashlib
import resource
from contextlib import contextmanager

import pytest

from nexabooks.errors import TransientError
from nexabooks.streams import Finished
from nexabooks.warehouse import cursor_of, open_warehouse, publish
from tests.warehouse.landings import NOW, land_items, live, page

ROOM = 3_000_000


@contextmanager
def little_room():
    """No file of this process may grow above ROOM bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def long_page(number: int):
    """Much that cannot be compressed."""
    texts = (hashlib.sha256(f"{number} {place}".encode()).hexdigest() * 8 for place in range(1_000))
    return page([{"id": f"in_{number}_{place}", "text": text} for place, text in enumerate(texts)])


def test_a_load_that_finds_no_room_is_as_if_it_had_not_been(tmp_path):
    """Neither rows nor cursor nor files of it stay."""
    path = tmp_path / "warehouse.duckdb"
    with open_warehouse(path) as warehouse:
        land_items(warehouse, [page([{"id": "in_1"}]), Finished("invoices", {"n": 1})])
    with pytest.raises(TransientError, match="takes no more"), open_warehouse(path) as warehouse, little_room():
        land_items(warehouse, [*map(long_page, range(20)), Finished("invoices", {"n": 2})])
    assert list(tmp_path.rglob("*.tsv")) == []
    with open_warehouse(path) as warehouse:
        assert set(live(warehouse)) == {"in_1"}
        assert cursor_of(warehouse, "stripe", "invoices") == {"n": 1}
        assert land_items(warehouse, [page([{"id": "in_2"}]), Finished("invoices", {"n": 2})]).inserted_count == 1


def test_a_publication_that_finds_no_room_leaves_the_old_file(tmp_path):
    """And none beside it."""
    path, published = tmp_path / "warehouse.duckdb", tmp_path / "published.duckdb"
    with open_warehouse(path) as warehouse:
        warehouse.con.execute("create schema finance; create table finance.invoices as select 7 as total_minor")
        publish(warehouse, published, run_id="first", published_at=NOW)
        warehouse.con.execute(
            "create or replace table finance.invoices as select sha256(i::varchar) as h from range(300_000) t(i)"
        )
    with pytest.raises(TransientError, match="takes no more"), open_warehouse(path) as warehouse, little_room():
        publish(warehouse, published, run_id="second", published_at=NOW)
    assert [file.name for file in tmp_path.iterdir() if "published" in file.name] == ["published.duckdb"]
    with open_warehouse(published, read_only=True) as file:
        assert file.rows("select run_id from finance.publication") == [{"run_id": "first"}]
        assert file.rows("select total_minor from finance.invoices") == [{"total_minor": 7}]
