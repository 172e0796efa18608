from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import duckdb
import pytest

from nexabooks.errors import PermanentError, QualityFailed
from nexabooks.warehouse import mark_stale, open_warehouse, publish, wording_of
from tests.warehouse.landings import NOW


@pytest.fixture
def books(tmp_path):
    """A warehouse with a finance schema: a table, and a view of another schema."""
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        warehouse.con.execute(
            "create schema finance; create schema marts; create table marts.m as select 7 as total_minor;"
            "create table finance.invoices as select 1::bigint as total_minor, 'CAD' as currency_code;"
            "create view finance.runs as select * from marts.m; create table finance.publication (x int)"
        )
        yield warehouse


def read(path, sql):
    """What another process sees."""
    code = f"import duckdb; print(duckdb.connect({str(path)!r}, read_only=True).sql({sql!r}).fetchall())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_finance_is_published_as_tables_of_their_own(books, tmp_path):
    """A reader needs nothing but the file, and only finance is in it."""
    path = tmp_path / "published" / "nexabooks.duckdb"
    published = publish(books, path, run_id="run-1", published_at=NOW)
    assert published.row_counts == {"invoices": 1, "runs": 1}
    assert read(path, "select total_minor, currency_code from finance.invoices") == "[(1, 'CAD')]"
    assert read(path, "select total_minor from finance.runs") == "[(7,)]"
    assert read(path, "select run_id, is_stale, published_at = '2026-10-31 06:00:00+00' from finance.publication") == (
        "[('run-1', False, True)]"
    )
    tables = "select table_schema || '.' || table_name from information_schema.tables where table_type = 'BASE TABLE' order by 1"
    assert read(path, tables) == "[('finance.invoices',), ('finance.publication',), ('finance.runs',)]"
    assert [file.name for file in path.parent.iterdir()] == ["nexabooks.duckdb"]


def test_a_reader_with_the_old_file_open_keeps_reading_it(books, tmp_path):
    """And who opens the file anew sees the new one."""
    path = tmp_path / "nexabooks.duckdb"
    publish(books, path, run_id="run-1", published_at=NOW)
    with duckdb.connect(str(path), read_only=True) as reader:
        assert reader.sql("select total_minor from finance.invoices").fetchall() == [(1,)]
        books.con.execute("update finance.invoices set total_minor = 2")
        publish(books, path, run_id="run-2", published_at=NOW)
        assert reader.sql("select total_minor from finance.invoices").fetchall() == [(1,)]
        assert read(path, "select total_minor from finance.invoices") == "[(2,)]"


def test_a_file_that_fails_its_check_replaces_nothing(books, tmp_path):
    """Readers keep the last good numbers."""
    path = tmp_path / "nexabooks.duckdb"
    publish(books, path, run_id="run-1", published_at=NOW)

    def check(con):
        assert con.execute("select count(*) from finance.invoices").fetchall() == [(1,)]
        raise QualityFailed("The sums do not hold.")

    with pytest.raises(QualityFailed):
        publish(books, path, run_id="run-2", published_at=NOW, check=check)
    assert read(path, "select run_id from finance.publication") == "[('run-1',)]"
    assert sorted(file.name for file in tmp_path.iterdir() if "next" in file.name) == []


def test_a_warehouse_without_finance_publishes_nothing(tmp_path):
    """An empty file in the place of a good one would look like no revenue."""
    with open_warehouse(tmp_path / "w.duckdb") as warehouse, pytest.raises(PermanentError, match="nothing to publish"):
        publish(warehouse, tmp_path / "p.duckdb", run_id="r", published_at=NOW)
    assert not (tmp_path / "p.duckdb").exists()


def test_a_blocked_run_marks_the_numbers_stale_since_the_first_time(books, tmp_path):
    """The newest reason is shown; a new publication takes the mark away."""
    path = tmp_path / "nexabooks.duckdb"
    assert mark_stale(path, "nothing is there yet", NOW) is False
    publish(books, path, run_id="run-1", published_at=NOW)
    assert mark_stale(path, "a mart is broken", NOW + timedelta(hours=1)) is True
    mark_stale(path, "still broken", NOW + timedelta(hours=2))
    row = "select run_id, is_stale, stale_since = '2026-10-31 07:00:00+00', stale_reason from finance.publication"
    assert read(path, row) == "[('run-1', True, True, 'still broken')]"
    assert read(path, "select total_minor from finance.invoices") == "[(1,)]"
    publish(books, path, run_id="run-2", published_at=NOW)
    assert read(path, "select run_id, is_stale, stale_reason from finance.publication") == "[('run-2', False, None)]"


def test_the_file_says_itself_what_its_tables_and_columns_mean(books, tmp_path):
    """A reader's tool shows the words of the models' YAML; what is described and not there is left out."""
    folder = tmp_path / "finance"
    folder.mkdir()
    (folder / "_finance.yml").write_text(
        "models: [{name: invoices, description: What a customer's invoice is., columns: ["
        "{name: total_minor, data_type: bigint, description: Whole minor units.}, {name: gone, description: Not there.}]},"
        " {name: nowhere, description: No such table.}]"
    )
    path = tmp_path / "nexabooks.duckdb"
    publish(books, path, run_id="run-1", published_at=NOW, wording=wording_of(folder))
    assert read(path, "select comment from duckdb_tables() where table_name = 'invoices'") == (
        """[("What a customer's invoice is.",)]"""
    )
    said = "select column_name, comment from duckdb_columns() where table_name = 'invoices' and comment is not null"
    assert read(path, said) == "[('total_minor', 'Whole minor units.')]"
    assert "stale_reason" in read(path, "select column_name from duckdb_columns() where comment like 'Why the last%'")
