"""What incremental reading missed: read on from the cursor first, then whole, and what the second reading still changed is told.

docs/decisions/0035-what-a-relist-tells.md says how it is judged, and why so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from nexabooks.errors import NexabooksError
from nexabooks.sources.registry import SOURCES
from nexabooks.streams import Stream
from nexabooks.warehouse import (
    Warehouse,
    Written,
    cursor_of,
    land,
    memory_warehouse,
    open_warehouse,
    record_relist,
    written_by,
)
from tasks.ingest import SourceRead, ingest
from tasks.run import Run
from tasks.step import step

MISSED = ("new", "changed")  # the other kinds only the whole list can tell, by what the sources are
KEYS_KEPT = 100
KEYS_SAID = 5


@dataclass(frozen=True, slots=True)
class WholeList:
    """What came of listing one source whole; `cursors`: where incremental reading had come to, by stream."""

    read: SourceRead
    cursors: Mapping[str, dict[str, Any] | None] = field(default_factory=dict)


@dataclass(slots=True)
class Finding:
    """The records of one table that one whole list brought, of one kind."""

    source: str
    stream: str
    load_id: str
    table: str
    kind: str
    records: dict[str, tuple[str, ...]] = field(default_factory=dict)  # key -> the fields that changed
    unasked: str = ""  # why it could not be asked whether they came meanwhile

    @property
    def is_missed(self) -> bool:
        """Whether incremental reading should have brought them."""
        return self.kind in MISSED

    @property
    def keys(self) -> list[str]:
        """The keys of the records, in order."""
        return sorted(self.records)

    @property
    def fields(self) -> str:
        """The fields that changed in any of them, in order."""
        return ", ".join(sorted({name for names in self.records.values() for name in names}))

    def says(self) -> str:
        """One sentence for the data engineer, and for what was missed what it means."""
        keys, rest = self.keys, len(self.records) - KEYS_SAID
        named = ", ".join(keys[:KEYS_SAID]) + (f" and {rest:,} more" if rest > 0 else "")
        records = f"{len(keys):,} record{'s' if len(keys) > 1 else ''} of {self.source} {self.table} ({named})"
        if self.kind == "gone":
            return f"Gone at the source since it was last listed whole: {records}."
        if self.kind == "returned":
            return f"There again after it had gone, which only the whole list shows: {records}."
        if self.kind == "untold":
            return f"Changed only in {self.fields}, of which {self.source} gives no sign: {records}."
        what = records if self.kind == "new" else f"a change in {self.fields} of {records}"
        if self.unasked:
            return f"Incremental reading missed {what}, or it came meanwhile, which could not be asked: {self.unasked}"
        return (
            f"Incremental reading missed {what}. The whole list brought it, and reading on once more did not: unless it is only "
            "minutes old, the way this stream is read has a hole."
        )

    def row(self, run: Run) -> dict[str, Any]:
        """As it stands in meta.relist_findings."""
        return {
            "found_at": run.settings.now(),
            "source": self.source,
            "stream": self.stream,
            "table_name": self.table,
            "kind": self.kind,
            "is_missed": self.is_missed,
            "record_count": len(self.records),
            "record_keys": self.keys[:KEYS_KEPT],
            "fields": self.fields,
            "says": self.says(),
            "load_id": self.load_id,
        }


@step("list {read.source} whole")
def list_whole(run: Run, read: SourceRead) -> WholeList:
    """List whole, and land, what was just read on from a cursor; not again what was read whole, nor what did not answer."""
    if not read.read_on:
        return WholeList(SourceRead(read.source))
    with open_warehouse(run.settings.warehouse_path) as db:
        cursors = {one.stream: cursor_of(db, read.source, one.stream) for one in read.landed}
    return WholeList(ingest(run, read.source, full=True, only=read.read_on), cursors)


@step("name what was missed")
def name_missed(run: Run, lists: Collection[WholeList]) -> None:
    """Say and keep what the whole lists brought that incremental reading had not: a warning, for which no run fails."""
    with open_warehouse(run.settings.warehouse_path) as db:
        found = [finding for one in lists for finding in _findings(run, one, db)]
        record_relist(db, [finding.row(run) for finding in found], run_id=run.run_id)
    for finding in found:
        run.say(finding.says())
    if not any(finding.is_missed for finding in found):
        count = sum(one.stream in whole.cursors for whole in lists for one in whole.read.landed)
        run.say(f"Incremental reading missed nothing: {count} streams were listed whole after it and compared.")


def _findings(run: Run, whole: WholeList, db: Warehouse) -> list[Finding]:
    streams = {stream.name: stream for stream in SOURCES[whole.read.source].streams}
    found: dict[tuple[str, str], Finding] = {}
    for landed in whole.read.landed:
        # One that could not be read on, which was told: nobody knows what that reading would have missed.
        if landed.stream not in whole.cursors:
            continue
        for written in written_by(db, landed):
            kind = _kind(written, streams[written.table])
            if kind:
                key = (written.table, kind)
                finding = found.setdefault(key, Finding(landed.source, landed.stream, landed.load_id, *key))
                finding.records[written.key] = written.fields
    _take_off_what_came_meanwhile(run, whole, [finding for finding in found.values() if finding.is_missed])
    return [finding for finding in found.values() if finding.records]


def _kind(written: Written, stream: Stream) -> str:
    """What is told of a record; "" where it is the same record, only written in another way."""
    if written.what != "changed":
        return written.what
    if not written.fields:
        return ""
    return "untold" if set(written.fields) <= set(stream.untold) else "changed"


def _take_off_what_came_meanwhile(run: Run, whole: WholeList, suspects: list[Finding]) -> None:
    """Read on once more from where incremental reading had come to, and keep nothing of it: what it brings now is not missed
    but came, or changed, while the lists were read. So each source tells that by its own means."""
    if not suspects:
        return
    source = SOURCES[whole.read.source]
    try:
        with source.open(run.settings) as session, memory_warehouse() as aside:
            for stream in source.streams:
                if stream.name in {finding.stream for finding in suspects}:
                    items = session.read(stream, whole.cursors[stream.name])
                    at = run.settings.now()
                    land(aside, source.name, stream, items, run_id=run.run_id, landed_at=at, streams=source.streams)
            for finding in suspects:
                brought = {row["_key"] for row in aside.rows(f"select _key from raw_{source.name}.{finding.table}")}
                finding.records = {key: fields for key, fields in finding.records.items() if key not in brought}
    except NexabooksError as error:
        for finding in suspects:
            finding.unasked = error.sentence
