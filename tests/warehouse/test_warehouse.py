from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from nexabooks.errors import PermanentError
from nexabooks.warehouse import open_warehouse, record_quality, record_run
from nexabooks.warehouse.meta import TABLES
from tests.warehouse.landings import NOW, count


def test_a_new_warehouse_has_its_meta_tables_and_keeps_its_rows(tmp_path):
    """Opening it again changes nothing."""
    for expected in (1, 2):
        with open_warehouse(tmp_path / "sub" / "w.duckdb") as warehouse:
            found = {r["table_name"] for r in warehouse.rows("from duckdb_tables() where schema_name = 'meta'")}
            assert found == set(TABLES)
            record_run(warehouse, run_id=str(expected), flow="f", day=None, mode="draft", started_at=NOW)
            assert count(warehouse, "meta.runs") == expected


def test_times_are_utc_whatever_the_machine_says(tmp_path, monkeypatch):
    """On every connection to the file."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with open_warehouse(tmp_path / "w.duckdb") as warehouse, warehouse.cursor() as second:
        for con in (warehouse.con, second):
            text = con.execute("select cast(timestamptz '2026-10-31 06:00:00+00' as varchar)").fetchall()
            assert text == [("2026-10-31 06:00:00+00",)]


def test_json_is_kept_compressed(tmp_path):
    """The format of the file allows it; on an older one the clause would be ignored in silence."""
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        version = warehouse.rows("select tags from duckdb_databases() where database_name = 'w'")[0]["tags"]
        assert "v1.0" not in str(version)


def test_a_reader_writes_nothing_and_creates_nothing(tmp_path):
    """A missing file is named."""
    with pytest.raises(PermanentError, match="no warehouse"), open_warehouse(tmp_path / "w.duckdb", read_only=True):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_warehouse_is_refused_in_one_sentence(tmp_path):
    """Not with a stack of the database."""
    (tmp_path / "w.duckdb").write_text("this is a text and not a database, " * 300)
    with pytest.raises(PermanentError, match="could not be opened"), open_warehouse(tmp_path / "w.duckdb"):
        pass


def test_a_run_is_one_row_however_often_it_is_written_down(warehouse):
    """First while it runs, then with its outcome."""
    run = {"run_id": "r", "flow": "daily_close", "day": date(2026, 10, 31), "mode": "draft", "started_at": NOW}
    record_run(warehouse, **run)
    record_run(warehouse, **run, finished_at=NOW, outcome="done")
    rows = warehouse.rows("select outcome, started_at from meta.runs")
    assert rows == [{"outcome": "done", "started_at": datetime(2026, 10, 31, 6, tzinfo=UTC)}]


def test_a_warehouse_of_before_with_a_column_more_goes_on(warehouse):
    """What is written there is written by name."""
    warehouse.con.execute("drop table meta.runs")
    warehouse.con.execute(
        "create table meta.runs (run_id VARCHAR, flow VARCHAR, day DATE, mode VARCHAR, summary JSON, started_at TIMESTAMPTZ, "
        "finished_at TIMESTAMPTZ, outcome VARCHAR, message VARCHAR)"
    )
    record_run(warehouse, run_id="r", flow="refresh", day=None, mode="draft", started_at=NOW, message="read")
    assert warehouse.rows("select message, summary from meta.runs") == [{"message": "read", "summary": None}]


def test_quality_results_of_a_repeated_run_replace_the_first(warehouse):
    """The other runs' results stay."""
    result = {
        "checked_at": NOW, "suite": "marts", "model": "m", "expectation": "adds up", "severity": "error", "is_ok": False,
        "unexpected_count": 1, "failing_keys": ["in_a"], "says": "one does not",
    }  # fmt: skip
    record_quality(warehouse, [result, result], run_id="a")
    record_quality(warehouse, [result], run_id="b")
    record_quality(warehouse, [{**result, "is_ok": True}], run_id="a")
    rows = warehouse.rows("select run_id, is_ok, failing_keys ->> '$[0]' as key from meta.quality_results order by all")
    assert rows == [{"run_id": "a", "is_ok": True, "key": "in_a"}, {"run_id": "b", "is_ok": False, "key": "in_a"}]


def test_an_answer_loses_no_column_to_another_of_its_name(warehouse):
    """As dictionaries it is refused, by the name; as a table it has both."""
    sql = "select 1 as paid_minor, 2 as open_minor, 3 as paid_minor"
    with pytest.raises(PermanentError, match=r"two columns named paid_minor,.*with `as`"):
        warehouse.rows(sql)
    assert warehouse.table(sql) == (["paid_minor", "open_minor", "paid_minor"], [(1, 2, 3)])


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("select 1 from marts.fct_invoices", id="no such schema"),
        pytest.param("select 1 from meta.nothing", id="no such table"),
        pytest.param("select colour from meta.runs", id="a column of another version"),
    ],
)
def test_a_reader_of_what_was_never_built_is_told_what_builds_it(tmp_path, sql):
    """Another process wrote the file; the reader cannot."""
    path = tmp_path / "w.duckdb"
    with open_warehouse(path):
        pass
    with (
        pytest.raises(PermanentError, match=r"w\.duckdb is not built yet.*Run `nexabooks run refresh` first"),
        open_warehouse(path, read_only=True) as warehouse,
    ):
        warehouse.rows(sql)
