"""What one load wrote, record by record, beside what was there before it."""

from __future__ import annotations

from datetime import timedelta

from nexabooks.streams import Batch, Finished
from nexabooks.warehouse import Written, written_by
from tests.warehouse.landings import NOW, land_items, land_records, page
from tests.warehouse.test_column_tables import COLUMNS, ROWS, land_plans


def written(warehouse, landed) -> list[Written]:
    return sorted(written_by(warehouse, landed), key=lambda one: (one.table, one.key))


def test_what_is_new_changed_and_gone_is_told_by_key_and_field(warehouse):
    """Only of that load: what stayed as it was is not named."""
    first = land_records(warehouse, [{"id": id, "status": "open", "total": 1} for id in ("a", "b", "c")])
    assert written(warehouse, first) == [Written("invoices", id, "new") for id in ("a", "b", "c")]
    records = [
        {"id": "a", "status": "paid", "total": 1, "paid_at": 5},
        {"id": "b", "status": "open", "total": 1},
        {"id": "d"},
    ]
    second = land_records(warehouse, records, is_complete=True, landed_at=NOW + timedelta(hours=1))
    assert written(warehouse, second) == [
        Written("invoices", "a", "changed", ("paid_at", "status")),
        Written("invoices", "c", "gone"),
        Written("invoices", "d", "new"),
    ]


def test_a_record_that_had_gone_and_is_there_again_has_returned(warehouse):
    """Whatever it says now."""
    land_records(warehouse, [{"id": "a"}, {"id": "b"}])
    land_records(warehouse, [{"id": "b"}], is_complete=True, landed_at=NOW + timedelta(hours=1))
    third = land_records(warehouse, [{"id": "a"}, {"id": "b"}], landed_at=NOW + timedelta(hours=2))
    assert written(warehouse, third) == [Written("invoices", "a", "returned")]


def test_a_record_that_is_only_written_in_another_way_differs_in_no_field(warehouse):
    """Other spaces and another order: another hash, and the same record."""
    land_items(warehouse, [Batch("invoices", (b'{"id": "a", "total": 1, "lines": [1, 2]}',)), Finished("invoices")])
    batch = Batch("invoices", (b'{"id":"a","lines":[1,2],"total":1}',))
    second = land_items(warehouse, [batch, Finished("invoices")], landed_at=NOW + timedelta(hours=1))
    assert written(warehouse, second) == [Written("invoices", "a", "changed")]


def test_the_newest_version_before_is_what_a_record_is_held_against(warehouse):
    """Not the first one."""
    for hours, status in enumerate(("draft", "open", "paid")):
        landed = land_records(
            warehouse, [{"id": "a", "status": status, "n": min(hours, 1)}], landed_at=NOW + timedelta(hours=hours)
        )
    assert written(warehouse, landed) == [Written("invoices", "a", "changed", ("status",))]


def test_what_a_read_feeds_besides_is_told_under_its_own_table(warehouse):
    """A line of an invoice, with its key of two parts."""
    items = [page([{"id": "a"}]), page([{"invoice": "a", "id": "l1"}], "invoice_lines"), Finished("invoices")]
    assert written(warehouse, land_items(warehouse, items)) == [
        Written("invoice_lines", "a|l1", "new"),
        Written("invoices", "a", "new"),
    ]


def test_of_a_table_of_columns_the_columns_are_held_against_each_other(warehouse, tmp_path):
    """Lineage is none of them, and a price is compared as it is written, to its last digit."""
    land_plans(warehouse, tmp_path, ROWS)
    changed = [(*ROWS[0][:2], "10.11", ROWS[0][3]), ROWS[1], ("p4", None, None, None)]
    landed = land_plans(warehouse, tmp_path, changed, COLUMNS)
    assert written(warehouse, landed) == [
        Written("plans", "p1", "changed", ("price",)),
        Written("plans", "p3", "gone"),
        Written("plans", "p4", "new"),
    ]
