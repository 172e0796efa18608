"""Reading NexaCloud's database: one read-only snapshot for all tables of a run, each copied out as CSV.

Repeatable read: what is seen of one table fits what is seen of the next, and no row of another transaction is half
there. The CSV is the lossless one of facts/stack: every value quoted, NULL unquoted and empty.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.pool import NullPool

from nexabooks.errors import SettingsError, Unreachable
from nexabooks.faults import POSTGRES_DRIVERS, database_url
from nexabooks.record_hash import hash_of
from nexabooks.settings import Settings, secret
from nexabooks.sources.nexacloud.claims import claims_of
from nexabooks.sources.nexacloud.failures import failure
from nexabooks.sources.nexacloud.schema import columns_to_land, finer_columns
from nexabooks.sources.nexacloud.streams import STREAMS, USAGE_OVERLAP_DAYS
from nexabooks.streams import Batch, Finished, Stream

# A file that is being copied is handed over when it has so many bytes, and again after so many seconds.
GROWN_BYTES = 1 << 23
GROWN_S = 0.05


class NexacloudSession:
    """An open snapshot. A stream that fails takes nothing with it: each is read behind a savepoint of its own."""

    def __init__(self, connection: Connection, schema: str, folder: Path, now: datetime) -> None:
        self._connection, self._schema, self._folder, self._now = connection, schema, folder, now
        self._raw: Any = connection.connection.driver_connection  # psycopg2 says nothing of its types

    def read(self, stream: Stream, state: dict[str, Any] | None, *, full: bool = False) -> Iterator[Batch | Finished]:
        """`stream` as one CSV file, handed over again while it grows and deleted when the piece after its last batch is
        asked for; then Finished with the counts and sums that PostgreSQL gives for the same rows.

        usage_records: what began since the cursor less 35 days, or everything at first and when `full`; the other
        tables whole each time. Times are written in UTC, amounts as numeric text. Raises SourceContractBroken,
        AccessRefused, Unreachable, TransientError.
        """
        with self._guarded(stream.name):
            found = self._found(stream.name)
            columns = columns_to_land(stream, [(name, kind) for name, kind, _ in found])
            table_sql = f"{_quote(self._schema)}.{_quote(stream.name)}"
            since = _since(state) if stream.cursor and not full else None
            where_sql, parameters = ("", []) if since is None else (f"where {_quote(stream.cursor)} >= %s", [since])
            path = self._folder / f"{stream.name}.csv"
        try:
            with self._guarded(stream.name), self._copying(table_sql, where_sql, parameters, columns, path) as copied:
                while not wait([copied], GROWN_S).done:
                    if path.exists() and path.stat().st_size >= GROWN_BYTES:
                        yield Batch(stream.name, csv_path=path, is_growing=True, columns=columns)
                row_count = copied.result()
            yield Batch(stream.name, csv_path=path, columns=columns, row_count=row_count)
        finally:
            path.unlink(missing_ok=True)  # the session may have ended first, and its folder with it
        # Asked last, so that PostgreSQL counts while the rows are being landed; the snapshot is the same.
        with self._guarded(stream.name):
            claims = claims_of(stream, table_sql, where_sql, parameters, self._ask, finer_columns(stream, found))
            next_state = self._next_state(stream, table_sql)
        yield Finished(stream.name, state=next_state, is_complete=since is None, claims=claims)

    @contextmanager
    def _copying(self, *arguments: Any) -> Iterator[Future[int]]:
        """`_copy` in a thread, for the block, which has no use of the connection; cancelled when the block is left."""
        with ThreadPoolExecutor(1, thread_name_prefix="copy") as executor:
            copied: Future[int] | None = None  # a signal may come before it is known here
            try:
                copied = executor.submit(self._copy, *arguments)
                yield copied
            finally:
                if copied is None or not copied.done():
                    self._raw.cancel()

    def _copy(
        self,
        table_sql: str,
        where_sql: str,
        parameters: Sequence[Any],
        columns: Sequence[tuple[str, str]],
        path: Path,
    ) -> int:
        chosen = ", ".join(_quote(column) for column, _ in columns)
        query = f"select {chosen} from {table_sql} {where_sql}"
        with self._raw.cursor() as cursor, path.open("wb", buffering=1 << 18) as file:
            bound = cursor.mogrify(query, parameters or None).decode()
            cursor.copy_expert(f"copy ({bound}) to stdout (format csv, force_quote *)", _Hashed(file.write))
            return cursor.rowcount

    def _found(self, table: str) -> list[tuple[Any, ...]]:
        """(column, type, decimals at most or None) of what this role may read."""
        return self._ask(
            "select column_name, data_type, numeric_scale from information_schema.columns "
            "where table_schema = %s and table_name = %s "
            "and has_column_privilege(format('%%I.%%I', table_schema, table_name), column_name, 'SELECT') "
            "order by ordinal_position",
            [self._schema, table],
        )

    def _next_state(self, stream: Stream, table_sql: str) -> dict[str, Any]:
        if not stream.cursor:
            return {}
        # Without the bound, one row dated years ahead would hide everything that is written until then.
        cursor = _quote(stream.cursor)
        newest = self._ask(f"select max({cursor}) from {table_sql} where {cursor} <= %s", [self._now])[0][0]
        return {stream.cursor: newest.astimezone(UTC).isoformat()} if newest else {}

    def _ask(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._raw.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall()

    @contextmanager
    def _guarded(self, table: str) -> Iterator[None]:
        """A savepoint around one table, and the driver's errors in our words."""
        try:
            with self._connection.begin_nested():
                yield
        except psycopg2.Error as error:
            raise failure(error, f"reading {table} of NexaCloud", record=table) from None
        except DBAPIError as error:  # the savepoint itself, on a connection that is gone
            raise failure(error.orig, f"reading {table} of NexaCloud", record=table) from None
        except PendingRollbackError:  # it was gone before: the snapshot is lost, and this session with it
            raise Unreachable(
                f"Reading {table} of NexaCloud failed: the connection was lost before. Another attempt may succeed.",
                source="nexacloud",
                record=table,
            ) from None


class _Hashed:
    """A file for COPY, which puts the hash of each row before it. PostgreSQL sends one row at a time: its protocol says
    that what a backend sends always corresponds to single rows."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        def write_row(row: bytes) -> None:
            write(hash_of(row))
            write(b",")
            write(row)

        self.write = write_row


def _since(state: dict[str, Any] | None) -> datetime | None:
    """The start of an incremental read, or None for everything."""
    newest = (state or {}).get("period_start")
    return datetime.fromisoformat(newest) - timedelta(days=USAGE_OVERLAP_DAYS) if newest else None


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _connect(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except DBAPIError as error:
        raise failure(error.orig, "connecting to NexaCloud's database") from None


class NexacloudSource:
    """NexaCloud's PostgreSQL as a source: see streams.Source."""

    name = "nexacloud"
    streams: tuple[Stream, ...] = STREAMS

    def missing_settings(self, settings: Settings) -> list[str]:
        """The environment names that reading NexaCloud needs and does not have."""
        return settings.missing("nexacloud_dsn", "nexacloud_schema")

    @contextmanager
    def open(self, settings: Settings) -> Iterator[NexacloudSession]:
        """A session in a read-only, repeatable-read transaction: PostgreSQL itself refuses every write in it.

        Raises SettingsError, AccessRefused, Unreachable.
        """
        missing = self.missing_settings(settings)
        if missing:
            raise SettingsError(f"NexaCloud cannot be read: set {', '.join(missing)}.", source=self.name)
        engine = create_engine(
            database_url("NEXABOOKS_NEXACLOUD_DSN", secret(settings.nexacloud_dsn), POSTGRES_DRIVERS),
            poolclass=NullPool,
            connect_args={"connect_timeout": 10, "application_name": "nexabooks", "options": "-c TimeZone=UTC"},
            execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        )
        with tempfile.TemporaryDirectory(prefix="nexabooks-") as folder:
            connection = _connect(engine)
            try:
                yield NexacloudSession(connection, settings.nexacloud_schema, Path(folder), settings.now())
            finally:
                connection.close()


SOURCE = NexacloudSource()
