"""The tables come to be by migrations, once, however many processes open the store at the same moment."""

from __future__ import annotations

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from nexabooks.errors import SettingsError
from nexabooks.ops import look_at_ops, open_ops
from nexabooks.ops.engine import make_engine, transaction
from nexabooks.ops.migrations import upgrade, version_of
from nexabooks.ops.tables import metadata

OPEN_AND_WRITE = """
import sys
from nexabooks.ops import open_ops
with open_ops(sys.argv[1]) as store:
    store.resolve(sys.argv[2], break_class="c", resolution="accepted", by="Ann", why="a test")
"""


@pytest.fixture
def engine(ops_url):
    made = make_engine(ops_url)
    yield made
    made.dispose()


def test_the_migrations_build_exactly_the_tables_that_the_code_uses(engine):
    """From an empty database upwards, Alembic finds no difference to `tables.py`."""
    upgrade(engine)
    with transaction(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_plans_of_an_older_store_keep_their_order(engine, monkeypatch):
    """Numbered by their moment; of one moment, as they were told apart before."""
    with monkeypatch.context() as patch:
        patch.setattr("nexabooks.ops.migrations.NEWEST", "0004")
        upgrade(engine)
    with transaction(engine) as connection:
        for plan_hash, day in (("bb", 1), ("aa", 1), ("cc", 2), ("dd", 1)):
            values = f"'{plan_hash}', 'r', '{{}}', '2026-01-0{day} 00:00:00'"
            connection.execute(text(f"insert into plans (plan_hash, run_id, plan, at) values ({values})"))
    upgrade(engine)
    with transaction(engine) as connection:
        found = connection.execute(text("select plan_hash from plans order by position")).scalars().all()
    assert found == ["dd", "bb", "aa", "cc"]


def test_many_processes_may_open_a_new_store_at_once(ops_url):
    """Each of six finds a whole store and writes to it; none fails."""
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN_AND_WRITE, ops_url, f"b{n}"], stderr=subprocess.PIPE)
        for n in range(6)
    ]
    answers = [(process.wait(), process.communicate()[1]) for process in processes]
    assert answers == [(0, b"")] * 6
    with open_ops(ops_url) as store:
        assert len(store.resolutions()) == 6


def test_a_migration_that_fails_leaves_nothing(engine, monkeypatch):
    """The upgrade is one transaction: a store is old or new, never between."""
    monkeypatch.setattr("nexabooks.ops.migrations.NEWEST", "9999")
    with pytest.raises(Exception, match="9999"):
        upgrade(engine)
    with transaction(engine) as connection:
        assert not engine.dialect.has_table(connection, "leases")


def test_a_store_of_a_newer_nexabooks_is_left_alone(engine):
    """An older program does not guess at what a newer one meant."""
    upgrade(engine)
    with transaction(engine) as connection:
        connection.execute(text("update alembic_version set version_num = '0999'"))
    with pytest.raises(SettingsError, match="at version 0999"):
        upgrade(engine)


def test_looking_at_a_store_changes_nothing(engine, ops_url, monkeypatch, tmp_path):
    """One that is not there is not made, an older one stays as old as it is, a newer one is named."""
    assert "the first run makes" in look_at_ops(ops_url)
    assert not any(tmp_path.rglob("*.sqlite"))
    with monkeypatch.context() as patch:
        patch.setattr("nexabooks.ops.migrations.NEWEST", "0004")
        upgrade(engine)
    assert look_at_ops(ops_url) == "is at version 0004, older than 0006; the next run brings it up to date"
    with transaction(engine) as connection:
        assert version_of(connection) == "0004"
    upgrade(engine)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    assert look_at_ops(ops_url) == "opens; 0 steps without a receipt"
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    with transaction(engine) as connection:
        connection.execute(text("update alembic_version set version_num = '0999'"))
    with pytest.raises(SettingsError, match="at version 0999"):
        look_at_ops(ops_url)


def test_sqlite_keeps_what_was_committed_through_a_power_cut(tmp_path):
    """WAL and full synchronisation, on every connection: an intent must survive what its invoice survives."""
    made = make_engine(f"sqlite:///{tmp_path / 'ops.sqlite'}")
    with made.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    made.dispose()
