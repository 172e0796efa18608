from __future__ import annotations

import pytest

from nexabooks.streams import Batch, Finished
from nexabooks.warehouse import Project, ensure_sources
from nexabooks.warehouse.raw_tables import JSON_COLUMNS, LINEAGE, columns_of, create
from tests.warehouse.landings import current, land_items, land_records, live


def test_what_is_read_has_the_columns_of_the_contract_and_no_other(warehouse):
    """The mark of a replaced version is landing's own."""
    create(warehouse.con, "main", "things", JSON_COLUMNS)
    for name in ("things", "things__versions"):
        assert list(columns_of(warehouse.con, "main", name)) == [column for column, _ in (*LINEAGE, *JSON_COLUMNS)]


@pytest.fixture
def older(warehouse):
    """A warehouse in which the newest and the replaced versions were tables of these names."""
    land_records(warehouse, [{"id": "in_a", "total": 1}, {"id": "in_b", "total": 2}])
    land_records(warehouse, [{"id": "in_a", "total": 3}])
    for name in ("invoices", "invoices__versions"):
        warehouse.con.execute(f"create table raw_stripe.{name}_kept as from raw_stripe.{name}")
        warehouse.con.execute(f"drop view raw_stripe.{name}")
        warehouse.con.execute(f"alter table raw_stripe.{name}_kept rename to {name}")
    for name in ("records", "replaced"):
        warehouse.con.execute(f"drop table raw_stripe.invoices__{name}")
    return warehouse


def test_a_warehouse_of_an_older_house_keeps_its_records_and_their_history(older):
    """Landing into it goes on where it was: the same again changes nothing, a change and a deletion are versions."""
    assert land_records(older, [{"id": "in_a", "total": 3}, {"id": "in_b", "total": 2}]).written_count == 0
    land_records(older, [{"id": "in_a", "total": 4}])
    land_items(older, [Batch("invoices", deleted_keys=("in_b",)), Finished("invoices")])
    assert {key: is_deleted for key, (_, is_deleted) in current(older).items()} == {"in_a": False, "in_b": True}
    assert live(older) == {"in_a": {"id": "in_a", "total": 4}}
    versions = older.rows("select _key, payload ->> '$.total' as total from raw_stripe.invoices__versions order by all")
    assert [tuple(row.values()) for row in versions] == [("in_a", "1"), ("in_a", "3"), ("in_b", "2")]


def test_a_build_finds_the_records_of_an_older_house(older, tmp_path):
    """Also of a table that is not landed again."""
    (tmp_path / "dbt_project.yml").write_text("name: p\nversion: '1'\nprofile: p\nmodel-paths: [models]\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "sources.yml").write_text(
        "sources: [{name: stripe, schema: raw_stripe, tables: [{name: invoices}]}]\n"
    )
    assert ensure_sources(older, Project.load(tmp_path)) == ["raw_stripe.invoices"]
    assert older.rows("select count(*) as n from raw_stripe.invoices") == [{"n": 2}]
