"""One load inside its transaction: each table filled or merged, certified, and remembered in `meta`, or nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from nexabooks.errors import SourceContractBroken
from nexabooks.streams import Finished, Stream
from nexabooks.warehouse import meta, raw_tables
from nexabooks.warehouse.certificates import Certificate, certify
from nexabooks.warehouse.first_load import FirstLoad, first_load
from nexabooks.warehouse.merging import Merged, ThinLimit, merge
from nexabooks.warehouse.spool import Spool, Spooled
from nexabooks.warehouse.staging import NeedsCare, Staged, stage, turned
from nexabooks.warehouse.warehouse import quote

FOLLOWED_FROM_BYTES = 1 << 23  # less than that is written faster when all of it is there


@dataclass(frozen=True)
class Landed:
    """What one load did. The counts are over all tables that the stream filled; `tables` has them one by one."""

    load_id: str
    source: str
    stream: str
    mode: str  # full, incremental
    received_count: int
    inserted_count: int
    changed_count: int
    unchanged_count: int
    deleted_count: int
    refused_count: int
    is_equal: bool  # every claim of the source was met
    message: str
    unread: tuple[str, ...] = ()  # a sentence for each record that was listed and not given
    certificates: tuple[Certificate, ...] = ()
    tables: Mapping[str, Merged] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """The records that came."""
        return self.received_count

    @property
    def written_count(self) -> int:
        """The rows that are different now; 0 when nothing changed at the source."""
        return self.inserted_count + self.changed_count + self.deleted_count


class Load:
    """One load inside its transaction. One that is not careful fills an empty table in one pass, and raises NeedsCare
    when something that came is not plain. `close` it before the transaction ends."""

    finished: Finished

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        source: str,
        stream: Stream,
        streams: Mapping[str, Stream],
        load_id: str,
        run_id: str,
        landed_at: datetime,
        thin: ThinLimit,
        clock: Callable[[], datetime],
        is_careful: bool,
    ) -> None:
        self.con, self.source, self.stream, self.streams = con, source, stream, streams
        self.schema = f"raw_{source}"
        self.load_id, self.run_id, self.landed_at, self.thin, self.clock = load_id, run_id, landed_at, thin, clock
        self.is_careful = is_careful
        self.first: dict[str, FirstLoad | None] = {}  # None: something is in that table
        self.followed: FirstLoad | None = None  # of the table that is filled while it comes
        self.merged: dict[str, Merged] = {}
        self.staged: dict[str, Staged] = {}
        self.seen: dict[str, str] = {}
        self.notes: list[str] = []

    def follow(self, spooled: Spooled) -> None:
        """Write what was spooled into its table at once, when that is empty and much comes for it."""
        # A connection runs one statement at a time: other tables are filled when everything has come.
        if self.followed is None and spooled.byte_count >= FOLLOWED_FROM_BYTES and spooled.table in self.streams:
            self.followed = self._first(self.streams[spooled.table], spooled)
        if self.followed and self.followed.stream.name == spooled.table:
            self.followed.follow(spooled)

    def close(self) -> None:
        """End a statement that still waits for more."""
        if self.followed:
            self.followed.close()

    def _first(self, stream: Stream, spooled: Spooled) -> FirstLoad | None:
        if stream.name not in self.first:
            self._prepare_columns(stream, spooled)
            self.first[stream.name] = first_load(
                self.con, self.source, stream, load_id=self.load_id, landed_at=self.landed_at
            )
        return self.first[stream.name]

    def commit(self, spool: Spool, finished: Finished) -> Landed:
        """Land all that was spooled and say what was done; what ends the transaction is the caller's. Raises NeedsCare,
        LoadRefused, SourceContractBroken."""
        self.finished = finished
        followed = self.followed.stream.name if self.followed else ""
        for table in sorted(self._tables(spool), key=lambda table: table != followed):  # it has the connection
            self._land_table(table, spool)
        certificates = certify(self.con, self.source, self.finished.claims, self.seen)
        landed = self._landed(certificates)
        self._write_meta(landed)
        return landed

    def _tables(self, spool: Spool) -> list[str]:
        """The stream's own table, those it feeds, and any other that came: each is created even when nothing came."""
        tables = list(dict.fromkeys([self.stream.name, *self.stream.feeds, *spool.tables]))
        for table in tables:
            if table not in self.streams:
                raise SourceContractBroken(
                    f"The read of {self.source} {self.stream.name} sent records of {table}, which the source does not "
                    "declare.",
                    source=self.source,
                    record=table,
                )
        return tables

    def _land_table(self, table: str, spool: Spool) -> None:
        stream = self.streams[table]
        spooled = spool.tables.get(table) or Spooled(table)
        if not self.is_careful and spooled.paths and (first := self._first(stream, spooled)):
            self.staged[table], self.merged[table] = first.finish(spooled)
            self.seen[table] = self.staged[table].content
            return
        self._prepare_columns(stream, spooled)
        staged = stage(self.con, self.source, stream, spooled)
        if staged.refused_count:
            self._keep_refused(table)
            self.notes.append(f"{staged.refused_count} records of {table} were refused (meta.refused_records)")
        # A record without its key may be one that is already here, so a list with such records proves nothing gone.
        is_complete = self.finished.is_complete and not staged.refused_count
        self.staged[table] = staged
        try:
            self.merged[table] = merge(
                self.con,
                self.schema,
                table,
                staged,
                is_complete=is_complete,
                thin=self.thin,
                load_id=self.load_id,
                landed_at=self.landed_at,
            )
        except duckdb.ConversionException:
            if not self.is_careful:
                raise NeedsCare from None
            raise self._turned(stream, spooled) from None
        keys = quote(f"__seen_{table}")
        self.con.execute(f"create or replace temp table {keys} as select _key from __stage where not is_deletion")
        self.seen[table] = f"{quote(self.schema)}.{quote(table)} where _key in (from {keys})"

    def _turned(self, stream: Stream, spooled: Spooled) -> SourceContractBroken:
        # The failed statement has ended the transaction, and what was staged with it: look at the files once more.
        self.con.execute("rollback")
        stage(self.con, self.source, stream, spooled)
        found = turned(self.con, self.source, stream, spooled.columns) if spooled.columns else None
        return found or SourceContractBroken(
            f"{self.source} sent {stream.name} with a value that its columns cannot hold. Nothing of this load was kept.",
            source=self.source,
            record=stream.name,
        )

    def _prepare_columns(self, stream: Stream, spooled: Spooled) -> None:
        """Create the table; add a column that is new; refuse a column whose type turned or that is gone."""
        sent = spooled.columns or stream.columns
        raw_tables.create(self.con, self.schema, stream.name, sent or raw_tables.JSON_COLUMNS)
        if not sent:
            return
        sent_types = {name: self._canonical(kind) for name, kind in sent}
        present = raw_tables.columns_of(self.con, self.schema, stream.name)
        gone = [name for name, _ in stream.columns if name not in sent_types]
        turned = [f"{n} from {present[n]} to {t}" for n, t in sent_types.items() if n in present and present[n] != t]
        if gone or turned:
            wrong = [*(f"{name} is missing" for name in gone), *(f"{what} turned" for what in turned)]
            raise SourceContractBroken(
                f"{self.source} {stream.name} does not have its declared columns: {'; '.join(wrong)}. "
                "Nothing of this load was kept; change the declaration, or the source.",
                source=self.source,
                record=stream.name,
            )
        for name, kind in sent_types.items():
            if name not in present:
                raw_tables.add_column(self.con, self.schema, stream.name, name, kind)
                self.notes.append(f"{stream.name} has a new column {name} {kind}")

    def _canonical(self, kind: str) -> str:
        return str(self.con.execute(f"select typeof(cast(null as {kind}))").fetchall()[0][0])

    def _keep_refused(self, table: str) -> None:
        self.con.execute(
            "insert into meta.refused_records select ?, ?, ?, ?, reason, payload, ? from __refused",
            [self.load_id, self.source, self.stream.name, table, self.landed_at],
        )

    def _landed(self, certificates: list[Certificate]) -> Landed:
        totals = {
            name: sum(getattr(m, name) for m in self.merged.values())
            for name in ("inserted_count", "changed_count", "unchanged_count", "deleted_count")
        }
        refused_count = sum(s.refused_count for s in self.staged.values())
        is_equal = all(c.is_equal for c in certificates) and not refused_count and not self.finished.unread
        return Landed(
            load_id=self.load_id,
            source=self.source,
            stream=self.stream.name,
            mode="full" if self.finished.is_complete else "incremental",
            received_count=sum(s.received_count for s in self.staged.values()),
            refused_count=refused_count,
            is_equal=is_equal,
            message=" ".join([*self.finished.unread, *self.finished.notes, *(f"{note}." for note in self.notes)]),
            unread=self.finished.unread,
            certificates=tuple(certificates),
            tables=dict(self.merged),
            **totals,
        )

    def _write_meta(self, landed: Landed) -> None:
        detail = {
            "is_equal": landed.is_equal,
            "unread": list(self.finished.unread),
            "tables": {
                t: {n: getattr(m, n) for n in ("inserted_count", "changed_count", "unchanged_count", "deleted_count")}
                for t, m in landed.tables.items()
            },
        }
        row = {
            **{name: getattr(landed, name) for name, _ in meta.TABLES["loads"] if hasattr(landed, name)},
            "run_id": self.run_id,
            "started_at": self.landed_at,
            "finished_at": self.clock(),
            "outcome": "landed",
            "detail": detail,
        }
        meta.insert(self.con, "loads", [row])
        meta.insert(self.con, "certificates", [self._certificate_row(c, landed) for c in landed.certificates])
        key = [self.source, self.stream.name]
        self.con.execute("delete from meta.cursors where source = ? and stream = ?", key)
        state = {
            "source": self.source,
            "stream": self.stream.name,
            "state": self.finished.state,
            "load_id": self.load_id,
            "committed_at": self.landed_at,
        }
        meta.insert(self.con, "cursors", [state])

    def _certificate_row(self, certificate: Certificate, landed: Landed) -> dict[str, Any]:
        claim = certificate.claim
        # A record that could not be read or was refused leaves the certificate of its table unequal, whatever the counts.
        is_whole = not self.finished.unread and not self.staged_refused(claim.table)
        return {
            "load_id": landed.load_id,
            "source": landed.source,
            "stream": landed.stream,
            "table_name": claim.table,
            "currency_code": claim.currency_code,
            "month": claim.month,
            "basis": claim.basis,
            "claimed_count": claim.row_count,
            "received_count": certificate.received_count,
            "claimed_minor": claim.total_minor,
            "received_minor": certificate.received_minor,
            "is_equal": certificate.is_equal and is_whole,
        }

    def staged_refused(self, table: str) -> int:
        """How many records of `table` were refused while it was staged; 0 when none of it was."""
        return self.staged[table].refused_count if table in self.staged else 0
