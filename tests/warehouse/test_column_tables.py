from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from nexabooks.errors import SourceContractBroken
from nexabooks.record_hash import hash_of
from nexabooks.streams import Batch, Claim, Finished, Stream
from nexabooks.warehouse import land
from tests.warehouse.landings import NOW, count

COLUMNS = (("id", "VARCHAR"), ("name", "VARCHAR"), ("price", "DECIMAL(18,2)"), ("seen_at", "TIMESTAMPTZ"))
PLANS = Stream("plans", ("id",), columns=COLUMNS)


def csv_file(folder, rows):
    """As COPY ... CSV with FORCE_QUOTE * writes it: every value in quotes, NULL as nothing; before each row its hash."""
    lines = [
        ",".join("" if value is None else '"' + str(value).replace('"', '""') + '"' for value in row) + "\n"
        for row in rows
    ]
    text = "".join(f"{hash_of(line.encode()).decode()},{line}" for line in lines)
    path = folder / f"{len(list(folder.iterdir()))}.csv"
    path.write_text(text, encoding="utf-8")
    assert len(list(csv.reader(io.StringIO(text)))) == len(rows)
    return path


def land_plans(warehouse, folder, rows, columns=COLUMNS, *, is_complete=True, stream=PLANS):
    path = csv_file(folder, rows)

    def read():
        yield Batch("plans", csv_path=path, columns=columns, row_count=len(rows))
        path.unlink()  # a source may clean up as soon as it is asked for more
        yield Finished("plans", is_complete=is_complete, claims=(Claim("plans", len(rows)),))

    return land(warehouse, "nexacloud", stream, read(), run_id="run", landed_at=NOW, now=lambda: NOW)


ROWS = [
    ("p1", 'a "quoted", name\nof two lines', "10.10", "2026-10-31 23:30:00-04"),
    ("p2", "", None, None),
    ("p3", None, "0.00", None),
]


def test_a_table_is_landed_typed_and_lossless(warehouse, tmp_path):
    """An empty text is not NULL, a line break stays, a time is in UTC, a price is a Decimal."""
    landed = land_plans(warehouse, tmp_path, ROWS)
    rows = warehouse.rows(
        "select id, name, price, cast(seen_at as varchar) as seen_at from raw_nexacloud.plans order by id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("p1", 'a "quoted", name\nof two lines', Decimal("10.10"), "2026-11-01 03:30:00+00"),
        ("p2", "", None, None),
        ("p3", None, Decimal("0.00"), None),
    ]
    assert (landed.inserted_count, landed.is_equal) == (3, True)


def test_only_changed_rows_are_written(warehouse, tmp_path):
    """A complete copy of a table in which one price changed and one row went."""
    land_plans(warehouse, tmp_path, ROWS)
    assert land_plans(warehouse, tmp_path, ROWS).written_count == 0
    landed = land_plans(warehouse, tmp_path, [("p1", "new", "10.10", None), ROWS[1]])
    assert (landed.changed_count, landed.unchanged_count, landed.deleted_count) == (1, 1, 1)
    assert count(warehouse, "raw_nexacloud.plans__versions") == 2


def test_null_and_empty_are_two_values(warehouse, tmp_path):
    """A hash that took one for the other would miss the change."""
    land_plans(warehouse, tmp_path, [("p1", "", None, None)])
    assert land_plans(warehouse, tmp_path, [("p1", None, None, None)]).changed_count == 1


def test_a_new_column_is_welcome(warehouse, tmp_path):
    """The table and its versions get it; the rows know its value from this load on."""
    land_plans(warehouse, tmp_path, ROWS)
    more = (*COLUMNS, ("colour", "VARCHAR"), ("cores", "BIGINT"))
    landed = land_plans(warehouse, tmp_path, [(*ROWS[0], "red", 4), *((*row, None, None) for row in ROWS[1:])], more)
    assert warehouse.rows("select colour, cores from raw_nexacloud.plans where id = 'p1'") == [
        {"colour": "red", "cores": 4}
    ]
    assert "colour" in landed.message
    assert warehouse.rows("select count(*) as n, count(colour) as known from raw_nexacloud.plans__versions") == [
        {"n": landed.changed_count, "known": 0}
    ]


@pytest.mark.parametrize(
    ("rows", "columns", "named"),
    [
        pytest.param([("p1", "x", "ten", None)], COLUMNS, "price", id="a value of another type"),
        pytest.param(
            [("p1", "x", "1", None)], (*COLUMNS[:2], ("price", "BIGINT"), COLUMNS[3]), "price", id="a turned type"
        ),
        pytest.param([("p1", "x", "1")], COLUMNS[:3], "seen_at", id="a column less"),
    ],
)
def test_a_table_that_breaks_its_contract_stops_with_its_column_named(warehouse, tmp_path, rows, columns, named):
    """The old rows stand."""
    land_plans(warehouse, tmp_path, ROWS)
    with pytest.raises(SourceContractBroken, match=rf"plans.*\b{named}\b"):
        land_plans(warehouse, tmp_path, rows, columns)
    assert count(warehouse, "raw_nexacloud.plans where not _deleted") == 3


def test_a_row_without_its_key_is_refused(warehouse, tmp_path):
    """And the others are landed."""
    landed = land_plans(warehouse, tmp_path, [ROWS[0], (None, "no id", None, None)])
    assert (landed.inserted_count, landed.refused_count) == (1, 1)
    assert "no id" in warehouse.rows("select payload from meta.refused_records")[0]["payload"]


def test_of_a_row_that_comes_twice_the_later_stays(warehouse, tmp_path):
    """An incremental read with an overlap repeats rows."""
    land_plans(warehouse, tmp_path, [("p1", "old", None, None), ("p1", "new", None, None)])
    assert warehouse.rows("select name from raw_nexacloud.plans") == [{"name": "new"}]
