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
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, StatementError

from nexabooks.errors import PermanentError, SettingsError, Unreachable
from nexabooks.faults import STORE_DRIVERS, database_url

BUSY_WAIT_S = 30


def make_engine(url: str) -> Engine:
    """An engine for `url`; the folder of a SQLite file is made. Raises SettingsError when the URL cannot be used."""
    parsed = database_url("NEXABOOKS_OPS_URL", url, STORE_DRIVERS)
    if parsed.drivername == "sqlite":
        return _sqlite_engine(parsed)
    return create_engine(parsed, pool_pre_ping=True)


def make_looking_engine(url: str) -> Engine | None:
    """An engine that writes nothing, or None where the file of a SQLite store is not there. Raises SettingsError."""
    parsed = database_url("NEXABOOKS_OPS_URL", url, STORE_DRIVERS)
    if parsed.drivername != "sqlite":
        return create_engine(parsed, execution_options={"postgresql_readonly": True})
    path = Path(parsed.database or "").absolute()
    if not path.exists():
        return None

    def connect() -> sqlite3.Connection:
        # rw, which makes no file either: a connection by ro would leave the files of WAL behind when it closes.
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=BUSY_WAIT_S)
        connection.execute("PRAGMA query_only=ON")
        return connection

    return create_engine(parsed, creator=connect)


def _sqlite_engine(url: URL) -> Engine:
    folder = Path(url.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The folder {folder} of the ops store cannot be made ({error.strerror}). "
            "Set NEXABOOKS_OPS_URL or NEXABOOKS_HOME to a place that can be written."
        ) from None
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
    where = _where(engine.url)
    try:
        with engine.begin() as connection:
            yield connection
    except (OperationalError, InterfaceError) as error:
        raise Unreachable(
            f"The ops store at {where} could not be used: {_words(error)}. Another attempt may succeed.", source="ops"
        ) from None
    except DBAPIError as error:
        raise PermanentError(
            f"The ops store at {where} refused a value: {_words(error)}. Another attempt will not help.", source="ops"
        ) from None
    except StatementError as error:
        raise ValueError(_words(error)) from None


def _where(url: URL) -> str:
    """Host and database, or the file: nothing of an address that may hold a secret."""
    return "/".join(part for part in (url.host, url.database) if part)


def _words(error: StatementError) -> str:
    return str(error.orig).strip().splitlines()[0]  # PostgreSQL's second line shows the whole row


def store_time(connection: Connection) -> datetime:
    """The store's own clock. Leases go by it: machines whose clocks differ agree, and a replayed story's pretend
    present never keeps a dead process's lease alive."""
    if connection.dialect.name == "sqlite":
        moment = connection.execute(text("select strftime('%Y-%m-%d %H:%M:%f', 'now')")).scalar_one()
        return datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return connection.execute(text("select clock_timestamp()")).scalar_one().astimezone(UTC)
