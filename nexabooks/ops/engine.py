"""The way to the store: one engine a URL, transactions that begin as writers, errors in words.

SQLite: WAL, so that readers and the writer do not wait for each other; `synchronous=FULL`, because an intent that was
written before an invoice was sent must still be there after a power cut; and BEGIN IMMEDIATE, because a transaction
that begins as a reader and then writes is refused at once when another one wrote meanwhile, instead of waiting.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError, StatementError

from nexabooks.errors import PermanentError, SettingsError, Unreachable

BUSY_WAIT_S = 30


def make_engine(url: str) -> Engine:
    """An engine for `url`; the folder of a SQLite file is made. Raises SettingsError when the URL cannot be used."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite_engine(url, parsed.database)
        return create_engine(url, pool_pre_ping=True)
    except (ArgumentError, ModuleNotFoundError) as error:
        reason = "its driver is not installed" if isinstance(error, ModuleNotFoundError) else "it is no database URL"
        raise SettingsError(
            f"NEXABOOKS_OPS_URL cannot be used: {reason}. Use sqlite:///path or postgresql+psycopg2://…"
        ) from None


def _sqlite_engine(url: str, database: str | None) -> Engine:
    if not database or database == ":memory:":
        raise SettingsError(
            "NEXABOOKS_OPS_URL names no file; the ops store must outlive the process, so give it a path."
        )
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_WAIT_S})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `begin` below does
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """WAL is a property of the file. SQLite does not wait its busy timeout for this one change, so we do."""
    give_up_at = time.monotonic() + BUSY_WAIT_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction: all of it or nothing.

    Raises Unreachable when the store does not answer or stays busy, PermanentError when it refuses a value, ValueError for
    a value that does not belong there; each in its own words, without the password, the SQL or the other values.
    """
    where = engine.url.render_as_string(hide_password=True)
    try:
        with engine.begin() as connection:
            yield connection
    except (OperationalError, InterfaceError) as error:
        raise Unreachable(
            f"The ops store {where} could not be used: {_words(error)}. Another attempt may succeed.", source="ops"
        ) from None
    except DBAPIError as error:
        raise PermanentError(
            f"The ops store {where} refused a value: {_words(error)}. Another attempt will not help.", source="ops"
        ) from None
    except StatementError as error:
        raise ValueError(_words(error)) from None


def _words(error: StatementError) -> str:
    return str(error.orig).strip().splitlines()[0]  # PostgreSQL's second line shows the whole row


def store_time(connection: Connection) -> datetime:
    """The store's own clock. Leases go by it: machines whose clocks differ agree, and a replayed story's pretend
    present never keeps a dead process's lease alive."""
    if connection.dialect.name == "sqlite":
        moment = connection.execute(text("select strftime('%Y-%m-%d %H:%M:%f', 'now')")).scalar_one()
        return datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return connection.execute(text("select clock_timestamp()")).scalar_one().astimezone(UTC)
