"""Read one source and land it in raw: where a source and the warehouse shake hands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from nexabooks.errors import NexabooksError
from nexabooks.sources.registry import SOURCES
from nexabooks.streams import Stream
from nexabooks.warehouse import Landed, Warehouse, cursor_of, land, open_warehouse, record_failed_load
from tasks.run import Run
from tasks.step import step


@dataclass(frozen=True, slots=True)
class SourceRead:
    """What came of reading one source: what was landed, and a sentence for each stream that could not be read, and for each
    record that its source lists and would not give. `read_on`: the streams of which not all was read, but what may have
    changed since their cursor; one that failed is among them where reading it whole may still come about."""

    source: str
    landed: tuple[Landed, ...] = ()
    unread: tuple[str, ...] = ()
    may_retry: bool = True
    read_on: tuple[str, ...] = ()

    @property
    def changed_count(self) -> int:
        """Records that are new, changed or gone since the last load, over all streams."""
        return sum(one.inserted_count + one.changed_count + one.deleted_count for one in self.landed)


@step("read {source_name}")
def ingest(run: Run, source_name: str, *, full: bool = False, only: Collection[str] | None = None) -> SourceRead:
    """Read every stream of `source_name` (or those that `only` names) that may have changed since its cursor (all of it when
    `full`), and land it.

    A stream that cannot be read leaves a failed row in meta.loads and a sentence in the answer, once a run; the other
    streams, and the other sources, go on.
    """
    source = SOURCES[source_name]
    streams = [stream for stream in source.streams if not stream.belongs_to and (only is None or stream.name in only)]
    landed: list[Landed] = []
    errors: list[NexabooksError] = []
    read_on: list[str] = []
    with open_warehouse(run.settings.warehouse_path) as db:
        try:
            with source.open(run.settings) as session:
                for stream in streams:
                    state = cursor_of(db, source_name, stream.name)
                    try:
                        landed.append(land_stream(run, source_name, stream, session, db, state, full))
                        is_read_on = landed[-1].mode == "incremental"
                    except NexabooksError as error:
                        errors.append(error)
                        is_read_on = not error.may_retry  # what is down now will be down for the whole list too
                    if state and is_read_on:
                        read_on.append(stream.name)
        except NexabooksError as error:  # the source could not be opened: none of its streams was read
            for stream in streams:
                record_failed_load(
                    db,
                    source_name,
                    stream.name,
                    error,
                    run_id=run.run_id,
                    started_at=run.settings.now(),
                    now=run.settings.now,
                )
            errors.append(error)
    withheld = [sentence for one in landed for sentence in one.unread]  # the next run asks again
    told = dict.fromkeys([*(str(error) for error in errors), *withheld])
    sentences = tuple(sentence for sentence in told if sentence not in run.unread)
    run.unread.extend(sentences)
    for sentence in sentences:
        run.say(f"{source_name}: {sentence}")
    changed = SourceRead(source_name, tuple(landed), sentences, all(e.may_retry for e in errors), tuple(read_on))
    how = f"{source_name}, listed whole" if full and only else source_name
    run.say(
        f"{how}: {sum(one.received_count for one in landed):,} records read over {len(landed)} of {len(streams)} streams, "
        f"{changed.changed_count:,} new, changed or gone."
    )
    return changed


@step("{source_name} {stream.name}")
def land_stream(
    run: Run, source_name: str, stream: Stream, session: Any, db: Warehouse, state: dict[str, Any] | None, full: bool
) -> Landed:
    """Read one stream from its cursor `state` and land it, rows and cursor in one transaction."""
    landed = land(
        db,
        source_name,
        stream,
        session.read(stream, state, full=full),
        run_id=run.run_id,
        landed_at=run.settings.now(),
        streams=SOURCES[source_name].streams,
        now=run.settings.now,
    )
    run.say_detail(
        f"{source_name}.{stream.name}: {landed.received_count:,} read, {landed.inserted_count + landed.changed_count:,} new or changed."
    )
    return landed
