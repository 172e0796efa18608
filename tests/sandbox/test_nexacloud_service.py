"""NexaCloud's PostgreSQL holds what the world says, and its reader can only read."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import psycopg2
import pytest
import sqlalchemy

from nexabooks.sandbox import story, story_invoices, traps
from nexabooks.sandbox.making import item, utc
from nexabooks.sandbox.nexacloud_service import TABLES, NexacloudService, rows_of
from nexabooks.sandbox.stripe.book import Book
from nexabooks.sandbox.traps_making import of_stripe
from nexabooks.sandbox.traps_people import PLAIN
from nexabooks.sandbox.world import World


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NexacloudService]:
    service = NexacloudService(story.day_1, tmp_path_factory.mktemp("cloud"))
    service.start()
    yield service
    service.stop()


def read(service: NexacloudService, sql: str) -> list[tuple[Any, ...]]:
    engine = sqlalchemy.create_engine(service.url)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sqlalchemy.text(sql))]
    finally:
        engine.dispose()


def comparable(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(tuple(str(v) if type(v).__name__ == "UUID" else v for v in row) for row in rows)


@pytest.mark.parametrize("world", [*story.days(), traps.world()], ids=lambda w: f"{w.name} {w.day}")
def test_every_table_equals_the_world(database: NexacloudService, world: World):
    """After showing a world each table has its rows and no other, to the last column."""
    database.show(world)
    for table, columns in TABLES.items():
        names = ", ".join(name for name, _ in columns)
        found = comparable(read(database, f"SELECT {names} FROM {table}"))
        assert [r[0] for r in found] == [r[0] for r in comparable(rows_of(world, table))], table
        by_id = {row[0]: row for row in rows_of(world, table)}
        assert all(row == by_id[row[0]] for row in found), table


def test_an_invoice_has_no_row_before_the_synchronisation_that_makes_it():
    """Its source has it a day earlier; then row and items come, stamped with the day of the synchronisation."""
    today, tomorrow = utc("2026-06-02T06:00"), utc("2026-06-03T06:00")
    late = of_stripe("late", [item("VPS", 1000)], at="2026-06-01T14:00", cloud_created_at=utc("2026-06-02T23:00"))
    worlds = [World("late", now, users=(PLAIN,), invoices=(late,)) for now in (today, tomorrow)]
    assert [[i["id"] for i in Book(w).listing("invoices").records] for w in worlds] == [[late.id]] * 2
    assert [[row[0] for row in rows_of(w, "invoices")] for w in worlds] == [[], [late.cloud_id]]
    assert [[row[1] for row in rows_of(w, "invoice_items")] for w in worlds] == [[], [late.cloud_id]]


def test_the_storys_figures_by_plain_sql(database: NexacloudService):
    """7 users, 232 plans, 87 subscriptions, 31 invoices; 22 and 7 of the first 29, with 2,881.08 and 180.79."""
    database.show(story.day_1())
    counts = read(
        database,
        "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM plans), (SELECT count(*) FROM subscriptions), "
        "(SELECT count(*) FROM invoices)",
    )
    assert counts == [(7, 232, 87, 31)]
    coverage = read(
        database,
        "SELECT subscription_id IS NULL, count(*), sum(subtotal)::text FROM "
        "(SELECT * FROM invoices ORDER BY created_at LIMIT 29) first GROUP BY 1 ORDER BY 1",
    )
    assert coverage == [(False, 7, "180.79"), (True, 22, "2881.08")]


def test_subtotal_is_the_sum_of_its_items(database: NexacloudService):
    """facts/nexacloud.md: amounts of items are before tax and add up to the subtotal."""
    database.show(story.day_1())
    wrong = read(
        database,
        "SELECT i.id FROM invoices i LEFT JOIN invoice_items t ON t.invoice_id = i.id "
        "GROUP BY i.id, i.subtotal HAVING i.subtotal <> coalesce(sum(t.amount), 0)",
    )
    assert wrong == []


def test_stripe_invoice_id_names_the_source_of_truth(database: NexacloudService):
    """in_... for Stripe, lago:<uuid> for Lago."""
    database.show(story.day_1())
    counts = read(
        database,
        "SELECT split_part(replace(stripe_invoice_id, 'in_', 'in:'), ':', 1), count(*) FROM invoices GROUP BY 1 ORDER BY 1",
    )
    assert counts == [("in", 20), ("lago", 11)]


def test_unchanged_rows_are_not_written_again(database: NexacloudService):
    """The next day touches only the rows that something happened to."""
    database.show(story.day_1())
    before = dict(read(database, "SELECT id::text, xmin::text FROM invoices"))
    database.show(story.day_2())
    after = dict(read(database, "SELECT id::text, xmin::text FROM invoices"))
    changed = {id for id in before if before[id] != after[id]}
    again = story.day_2().invoice(story_invoices.TRAINING_AGAIN_ID)
    assert changed == {again.cloud_id}, "only the draft that got its number; the void stays paid in NexaCloud"


@pytest.mark.parametrize("sql", ["DELETE FROM invoices", "UPDATE plans SET name = 'x'", "CREATE TABLE mine (id int)"])
def test_the_reader_cannot_write(database: NexacloudService, sql):
    """By its rights, not only by the mode of its session."""
    connection = psycopg2.connect(database.url.replace("+psycopg2", ""))
    connection.set_session(readonly=False)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), connection, connection.cursor() as cursor:
        cursor.execute(sql)
    connection.close()


def is_over(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_stopping_waits_for_a_server_that_ends_after_its_pid_file():
    """pg_ctl says that it is done a moment too early: on a slow disk the process was still there."""
    ending = NexacloudService(story.day_1, Path("unused"))
    with subprocess.Popen(["sleep", "0.2"]) as late:
        process = psutil.Process(late.pid)
        ending._server = SimpleNamespace(
            get_postmaster_info=lambda: SimpleNamespace(process=process), __exit__=lambda *_: None
        )
        ending.stop()
        assert is_over(process)


def test_stopping_leaves_no_process_and_starting_again_keeps_the_rows(tmp_path):
    """The database comes back with what it had, and `stop` ends its processes."""
    service = NexacloudService(story.day_1, tmp_path / "cloud")
    service.start()
    server = psutil.Process(service._server.get_pid())
    service.stop()
    assert is_over(server)
    service.start()
    try:
        assert read(service, "SELECT count(*) FROM invoices") == [(31,)]
    finally:
        service.stop()
        service.stop()
    assert not service.is_running
