"""A lease: a name that one process holds, for a while, and renews while it lives.

A dead process stops renewing, so its lease runs out and the next one takes it over; nobody has to clean up by hand
(facts: pains 30, a dead worker that keeps its slot). Taking is one SQL statement, so two takers cannot both win.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from nexabooks.errors import TransientError, Unreachable
from nexabooks.ops.engine import store_time, transaction
from nexabooks.ops.records import LeaseRow
from nexabooks.ops.tables import leases


class Lease:
    """A lease that this process holds. `check()` before anything that must not be done twice."""

    def __init__(self, engine: Engine, name: str, holder: str, token: str, ttl_s: float) -> None:
        self.name, self.holder = name, holder
        self._engine, self._token, self._ttl_s = engine, token, ttl_s

    def renew(self) -> None:
        """Hold it for another `ttl_s` from now. Raises TransientError when it ran out and another process took it."""
        with transaction(self._engine) as connection:
            renewed = connection.execute(
                update(leases)
                .where(leases.c.name == self.name, leases.c.token == self._token)
                .values(expires_at=store_time(connection) + timedelta(seconds=self._ttl_s))
            )
        if renewed.rowcount != 1:
            raise TransientError(
                f"{self.holder} no longer holds the lease {self.name}: it ran out and another process took it over. "
                "Stop here; another attempt may succeed when that process is done.",
                source="ops",
                record=self.name,
            )

    def check(self) -> None:
        """Return only if this process still holds the lease, and hold it for another `ttl_s`. Raises TransientError."""
        self.renew()

    def release(self) -> None:
        """Give it back; nothing happens if another process has taken it over meanwhile."""
        with transaction(self._engine) as connection:
            connection.execute(delete(leases).where(leases.c.name == self.name, leases.c.token == self._token))


def acquire(engine: Engine, name: str, *, holder: str, ttl_s: float, wait_s: float = 0) -> Lease:
    """The lease `name` for `holder`, waiting at most `wait_s` for a live one to end; an expired one is taken over.

    Raises TransientError naming the holder and the moment his lease runs out.
    """
    give_up_at = time.monotonic() + wait_s
    while True:
        token = uuid.uuid4().hex
        other = _try_to_take(engine, name, holder, token, ttl_s)
        if other is None:
            return Lease(engine, name, holder, token, ttl_s)
        if time.monotonic() >= give_up_at:
            raise TransientError(
                f"{holder} could not take the lease {name}: {other.holder} holds it until "
                f"{other.expires_at:%Y-%m-%dT%H:%M:%SZ} and renews it while it lives. "
                "Another attempt may succeed after that.",
                source="ops",
                record=name,
            )
        time.sleep(min(0.2, max(0.01, give_up_at - time.monotonic())))


def _try_to_take(engine: Engine, name: str, holder: str, token: str, ttl_s: float) -> LeaseRow | None:
    """None when it is ours now, else the one that is in the way."""
    insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert
    with transaction(engine) as connection:
        now = store_time(connection)
        row = {"holder": holder, "token": token, "acquired_at": now, "expires_at": now + timedelta(seconds=ttl_s)}
        connection.execute(
            insert(leases)
            .values(name=name, **row)
            .on_conflict_do_update(index_elements=[leases.c.name], set_=row, where=leases.c.expires_at <= now)
        )
        held = connection.execute(select(leases).where(leases.c.name == name)).one_or_none()
    if held is None:  # given back between the two statements: ours for the asking
        return _try_to_take(engine, name, holder, token, ttl_s)
    if held.token == token:
        return None
    return LeaseRow(held.name, held.holder, held.acquired_at, held.expires_at)


@contextmanager
def kept(lease: Lease, ttl_s: float) -> Iterator[Lease]:
    """`lease`, renewed by a thread every third of `ttl_s` while the block runs, given back after it."""
    done = threading.Event()
    thread = threading.Thread(
        target=_renew_until, args=(lease, ttl_s / 3, done), name=f"lease-{lease.name}", daemon=True
    )
    thread.start()
    try:
        yield lease
    finally:
        done.set()
        thread.join()
        # What went wrong inside the block matters more than a lease that runs out by itself.
        with suppress(Unreachable):
            lease.release()


def _renew_until(lease: Lease, every_s: float, done: threading.Event) -> None:
    while not done.wait(every_s):
        try:
            lease.renew()
        except Unreachable:
            continue  # a busy store is asked again before the lease runs out
        except TransientError:
            return  # lost: the holder's own check() tells him
