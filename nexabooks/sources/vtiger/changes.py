"""A module read whole, or by what changed since the cursor, with the same records either way.

The cursor remembers the newest modifiedtime seen and the number of every record. After an incremental reading the
server's count(*) is held against those numbers: when they differ, all ids are listed (cheap), what is gone is said to be
gone, and what is there and unknown (restored from the recycle bin, say) is fetched by its id.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from nexabooks.errors import LoadRefused, SourceContractBroken
from nexabooks.sources.vtiger.pages import Rows, count, number_of, read_all
from nexabooks.sources.vtiger.server import Module, Server
from nexabooks.streams import Batch, Claim, Finished, Stream

# Read again each time: modifiedtime has a resolution of one second and is set before a slow save commits; and where an
# administrator set a default_timezone with summer time, one hour of it happens twice. A repeat costs one page.
REREAD = timedelta(hours=2)
STAMP = "%Y-%m-%d %H:%M:%S"
IDS_A_QUERY = 50  # an address has a length, and the server sends 100 rows at most
THIN_FROM = 10
# A time zone ahead of UTC is an hour or more off; a session, whose login gave the server's clock, is shorter than this.
CLOCK_SLACK = timedelta(minutes=50)


def read_whole(server: Server, stream: Stream, module: Module) -> Iterator[Batch | Finished]:
    """Every record of `module`; the state is the cursor from which `read_changed` goes on."""
    table = stream.name
    found = read_all(server.ask, module.name, module.prefix)
    _check_clock(server, module, found)
    yield from _batches(table, found)
    yield Finished(
        table,
        state=_state(module, "", set(), found) if stream.cursor else {},
        is_complete=True,
        claims=(Claim(table, len(found.rows)),),
    )


def read_changed(server: Server, stream: Stream, module: Module, state: dict[str, Any]) -> Iterator[Batch | Finished]:
    """The records of `module` modified since `state`, less a little; and those that are gone, as deleted keys."""
    table = stream.name
    known = set(state["numbers"])
    since = datetime.fromisoformat(state["modified_to"]) - REREAD  # in the server's own clock, whichever that is
    where = f"modifiedtime >= '{since:{STAMP}}'"
    found = read_all(server.ask, module.name, module.prefix, where=where)
    _check_clock(server, module, found)
    yield from _batches(table, found)
    numbers = known | {number_of(id) for id in found.ids}
    row_count = count(server.ask, module.name)
    if row_count != len(numbers):
        listed = {number_of(id) for id in read_all(server.ask, module.name, module.prefix, columns="id").ids}
        gone = known - listed
        _refuse_when_thin(module, len(known), len(gone))
        if gone:
            yield Batch(table, deleted_keys=tuple(f"{module.prefix}x{n}" for n in sorted(gone)))
        unseen = iter(sorted(listed - numbers))
        while chunk := list(islice(unseen, IDS_A_QUERY)):
            ids = "','".join(f"{module.prefix}x{n}" for n in chunk)
            yield from _batches(table, read_all(server.ask, module.name, module.prefix, where=f"id IN ('{ids}')"))
        numbers, row_count = listed, len(listed)
    yield Finished(
        table,
        state=_state(module, state["modified_to"], numbers, found),
        claims=(Claim(table, row_count),),
    )


def is_usable(state: dict[str, Any] | None, module: Module) -> bool:
    """Whether `read_changed` can go on from `state`: it is of this module, and something was seen."""
    return bool(state and state["module"] == module.name and state["prefix"] == module.prefix and state["modified_to"])


def _state(module: Module, modified_to: str, numbers: set[int], found: Rows) -> dict[str, Any]:
    newest = max((row.get("modifiedtime", "") for row in found.rows), default="")
    return {
        "module": module.name,
        "prefix": module.prefix,
        "modified_to": max(modified_to, newest),
        "numbers": sorted(numbers | {number_of(id) for id in found.ids}),
    }


def _batches(table: str, found: Rows) -> Iterator[Batch]:
    if found.bodies:
        yield Batch(table, bodies=found.bodies, records_at="result", row_count=len(found.rows))


def _check_clock(server: Server, module: Module, found: Rows) -> None:
    """Stamps are read as UTC; a self-hosted server with another default_timezone shows itself by one from the future."""
    newest = max((row.get("modifiedtime", "") for row in found.rows), default="")
    if server.api.server_time_s is None or not newest:
        return
    latest = datetime.fromtimestamp(server.api.server_time_s, tz=UTC) + CLOCK_SLACK
    if newest > latest.strftime(STAMP):
        raise SourceContractBroken(
            f"vTiger's {module.name} was modified at {newest}, which is later than its own clock in UTC. Its "
            "default_timezone is not UTC; set it to UTC in config.inc.php, or every time read here is wrong.",
            source="vtiger",
            record=module.name,
        )


def _refuse_when_thin(module: Module, known_count: int, gone_count: int) -> None:
    if known_count >= THIN_FROM and gone_count * 2 > known_count:
        raise LoadRefused(
            f"vTiger no longer shows {gone_count} of {known_count} records of {module.name}. That is a right taken from "
            "the API user rather than deletions; the rows read before stand. Look at its profile before trying again.",
            source="vtiger",
            record=module.name,
        )
