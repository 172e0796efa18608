"""Land one stream: rows, tombstones, certificate and cursor in one transaction, or nothing of it.

with SOURCE.open(settings) as session, open_warehouse(path) as warehouse:
    state = cursor_of(warehouse, "stripe", "invoices")
    landed = land(warehouse, "stripe", stream, session.read(stream, state), run_id=run_id, landed_at=now,
                  streams=SOURCE.streams)
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import duckdb
import orjson

from nexabooks.errors import LoadRefused, NexabooksError, SourceContractBroken
from nexabooks.settings import load_settings
from nexabooks.streams import Batch, Finished, Stream
from nexabooks.warehouse import meta
from nexabooks.warehouse.loading import Landed, Load
from nexabooks.warehouse.merging import ThinLimit
from nexabooks.warehouse.spool import Spool, spool_beside
from nexabooks.warehouse.staging import NeedsCare
from nexabooks.warehouse.warehouse import Warehouse


def land(
    warehouse: Warehouse,
    source: str,
    stream: Stream,
    items: Iterable[Batch | Finished],
    *,
    run_id: str,
    landed_at: datetime,
    streams: Sequence[Stream] = (),
    thin: ThinLimit | None = None,
    now: Callable[[], datetime] | None = None,
) -> Landed:
    """Land what one read of `stream` yields, in one transaction, and return what it did.

    `streams`: all streams of the source, for the keys of the tables that this read feeds. `landed_at`: aware, written on
    every new version. `thin`: when a complete list is refused. `now`: the clock, by default that of the settings.

    A record without its key goes to meta.refused_records and the rest goes on. Every NexabooksError leaves a row in
    meta.loads (outcome `failed` or `refused`) before it is raised, and the caller need not record it again; of any other
    error the row of the run in meta.runs tells. Raises LoadRefused,
    SourceContractBroken, and whatever reading `items` raises.
    """
    load_id = f"{run_id}:{source}.{stream.name}:{uuid.uuid4().hex[:12]}"
    clock = now or load_settings().now
    warehouse.create_schemas([f"raw_{source}"])
    by_name = {s.name: s for s in (*streams, stream)}
    try:
        with warehouse.cursor() as con:

            def load(*, is_careful: bool) -> Load:
                return Load(
                    con, source, stream, by_name, load_id, run_id, landed_at, thin or ThinLimit(), clock, is_careful
                )

            plain = load(is_careful=False)
            with spool_beside(warehouse.path, load_id, source, by_name, plain.follow) as spool:
                try:
                    with meta.transaction(con), closing(plain):
                        finished = _receive(spool, source, stream, items)
                        return plain.commit(spool, finished)
                except (NeedsCare, duckdb.InvalidInputException):
                    # DuckDB checks the encoding on its way; to decode each body before would cost as much as to hash it.
                    spool.set_aside_what_is_not_utf8()
                    with meta.transaction(con):
                        return load(is_careful=True).commit(spool, finished)
    except NexabooksError as error:
        record_failed_load(
            warehouse, source, stream.name, error, run_id=run_id, started_at=landed_at, load_id=load_id, now=clock
        )
        raise


def record_failed_load(
    warehouse: Warehouse,
    source: str,
    stream: str,
    error: NexabooksError,
    *,
    run_id: str,
    started_at: datetime,
    load_id: str | None = None,
    now: Callable[[], datetime] | None = None,
) -> str:
    """Write a load that did not happen to meta.loads, and return its load_id: the absence of rows is never silent.

    For failures outside `land` (the source could not be opened); `land` records its own.
    """
    load_id = load_id or f"{run_id}:{source}.{stream}:{uuid.uuid4().hex[:12]}"
    row = {
        "load_id": load_id,
        "run_id": run_id,
        "source": source,
        "stream": stream,
        "mode": "",
        "started_at": started_at,
        "finished_at": (now or load_settings().now)(),
        "outcome": "refused" if isinstance(error, LoadRefused) else "failed",
        "message": error.sentence,
        "detail": {"error": type(error).__name__, "may_retry": error.may_retry, "record": error.record},
    }
    with warehouse.cursor() as con:
        meta.insert(con, "loads", [row])
    return load_id


def cursor_of(warehouse: Warehouse, source: str, stream: str) -> dict[str, Any] | None:
    """What the last landed read of `stream` left to remember, None when it was never landed."""
    found = warehouse.rows("select state from meta.cursors where source = ? and stream = ?", [source, stream])
    return orjson.loads(found[0]["state"]) if found else None


def _receive(spool: Spool, source: str, stream: Stream, items: Iterable[Batch | Finished]) -> Finished:
    """Spool every batch and return the Finished at the end. Raises SourceContractBroken when there is none."""
    finished: Finished | None = None
    for item in items:
        if finished is not None:
            break
        if isinstance(item, Finished):
            finished = item
        else:
            spool.add(item)
    else:
        if finished is not None:
            spool.close_files()
            return finished
    raise SourceContractBroken(
        f"The read of {source} {stream.name} "
        f"{'went on after its end' if finished else 'stopped before its end'}; nothing of it was kept.",
        source=source,
        record=stream.name,
    )
