"""The store itself: open it, then lease, approve, resolve, save plans, and keep the ledger's journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from nexabooks.errors import PermanentError
from nexabooks.ops.as_json import as_json
from nexabooks.ops.engine import make_engine, transaction
from nexabooks.ops.journal import INTENT_FIELDS, RECEIPT_FIELDS, OpsJournal
from nexabooks.ops.leases import Lease, acquire, kept
from nexabooks.ops.migrations import upgrade
from nexabooks.ops.records import Approval, LeaseRow, Resolution, SavedPlan, UnfinishedIntent
from nexabooks.ops.tables import approvals, intents, leases, plans, receipts, resolutions
from nexabooks.settings import load_settings


@contextmanager
def open_ops(url: str, *, now: Callable[[], datetime] | None = None) -> Iterator[OpsStore]:
    """The ops store at `url` (settings.ops_store_url), its tables brought up to date; closed when the block ends.

    `now` gives the moments written beside decisions; by default the clock of this process's settings. Raises
    SettingsError for a URL that cannot be used or a store made by a newer nexabooks, Unreachable when the database does
    not answer.
    """
    engine = make_engine(url)
    try:
        upgrade(engine)
        yield OpsStore(engine, now or load_settings().now)
    finally:
        engine.dispose()


class OpsStore:
    """What people decided and what we did to the outside. Each method is one transaction; any may raise Unreachable."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine, self._now = engine, now
        self._insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert

    # Leases

    @contextmanager
    def lease(self, name: str, *, holder: str, ttl_s: float = 60, wait_s: float = 0) -> Iterator[Lease]:
        """Hold `name` while the block runs. It is renewed in the background, so `ttl_s` is how long a dead holder is in
        the way, not how long the work may take. Raises TransientError when another one holds it (after `wait_s`)."""
        lease = acquire(self._engine, name, holder=holder, ttl_s=ttl_s, wait_s=wait_s)
        with kept(lease, ttl_s):
            yield lease

    def leases(self) -> list[LeaseRow]:
        """Every lease that is written down, expired or not, by name."""
        with transaction(self._engine) as connection:
            found = connection.execute(select(leases).order_by(leases.c.name)).all()
        return [LeaseRow(row.name, row.holder, row.acquired_at, row.expires_at) for row in found]

    # Plans and their approval

    def save_plan(self, plan_hash: str, run_id: str, plan: dict[str, Any]) -> None:
        """Keep a plan as it was shown. The same hash is the same plan: the first one stands."""
        with transaction(self._engine) as connection:
            connection.execute(
                self._insert(plans)
                .values(plan_hash=plan_hash, run_id=run_id, plan=as_json(plan), at=self._now())
                .on_conflict_do_nothing(index_elements=["plan_hash"])
            )

    def plan(self, plan_hash: str) -> SavedPlan | None:
        """The plan with this hash, or None. The first characters are enough if only one plan begins with them."""
        with transaction(self._engine) as connection:
            found = connection.execute(
                select(plans).where(plans.c.plan_hash.startswith(plan_hash, autoescape=True)).limit(2)
            ).all()
        exact = [row for row in found if row.plan_hash == plan_hash] or (found if len(found) == 1 else [])
        return SavedPlan(*exact[0]) if exact else None

    def latest_plan(self) -> SavedPlan | None:
        """The plan that was saved last, or None."""
        with transaction(self._engine) as connection:
            row = connection.execute(
                select(plans).order_by(plans.c.at.desc(), plans.c.plan_hash).limit(1)
            ).one_or_none()
        return SavedPlan(*row) if row else None

    def approve(self, plan_hash: str, *, by: str, note: str = "") -> Approval:
        """A person's yes to the saved plan `plan_hash`. The first approval of a plan stands; a second changes nothing.

        Raises PermanentError when no such plan was saved: what nobody was shown, nobody can approve.
        """
        saved = self.plan(plan_hash)
        if not saved:
            raise PermanentError(
                f"There is no single saved plan {plan_hash} to approve. Make a plan, look at it, and approve the hash "
                "that it shows; another attempt with this hash will not help.",
                source="ops",
                record=plan_hash,
            )
        with transaction(self._engine) as connection:
            connection.execute(
                self._insert(approvals)
                .values(plan_hash=saved.plan_hash, approved_by=by, note=note, at=self._now())
                .on_conflict_do_nothing(index_elements=["plan_hash"])
            )
            row = connection.execute(select(approvals).where(approvals.c.plan_hash == saved.plan_hash)).one()
        return Approval(*row)

    def approval_of(self, plan_hash: str) -> Approval | None:
        """The approval of exactly this plan, or None."""
        with transaction(self._engine) as connection:
            row = connection.execute(select(approvals).where(approvals.c.plan_hash == plan_hash)).one_or_none()
        return Approval(*row) if row else None

    # Differences that a person decided about

    def resolve(self, break_key: str, *, break_class: str, resolution: str, by: str, why: str) -> Resolution:
        """Write down a decision about a difference. An earlier one stays as history; the newest holds."""
        if not why.strip():
            raise PermanentError(
                f"The difference {break_key} cannot be resolved without a reason; say why.",
                source="ops",
                record=break_key,
            )
        at = self._now()
        with transaction(self._engine) as connection:
            connection.execute(
                insert(resolutions).values(
                    {
                        "break_key": break_key,
                        "class": break_class,
                        "resolution": resolution,
                        "resolved_by": by,
                        "why": why,
                        "at": at,
                    }
                )
            )
        return Resolution(break_key, break_class, resolution, by, why, at)

    def resolutions(self) -> list[Resolution]:
        """The decision that holds for each difference, by break_key."""
        newest = select(func.max(resolutions.c.position)).group_by(resolutions.c.break_key)
        with transaction(self._engine) as connection:
            found = connection.execute(
                select(resolutions).where(resolutions.c.position.in_(newest)).order_by(resolutions.c.break_key)
            ).all()
        return [Resolution(*row[1:]) for row in found]

    # What we did to the outside

    def journal(self, run_id: str) -> OpsJournal:
        """The journal of one run, of the shape that the ledger asks for."""
        return OpsJournal(self._engine, run_id)

    def unfinished_intents(self) -> list[UnfinishedIntent]:
        """Actions of any run that were about to be sent and never read back, oldest first."""
        columns = [intents.c[name] for name in INTENT_FIELDS]
        query = select(*columns).where(intents.c.state == "sent").order_by(intents.c.position)
        with transaction(self._engine) as connection:
            return [UnfinishedIntent(*row) for row in connection.execute(query)]

    def receipts_of(self, source_system: str, source_invoice_id: str) -> list[dict[str, Any]]:
        """Everything that was ever done for one invoice, oldest first."""
        query = (
            select(*[receipts.c[name] for name in RECEIPT_FIELDS])
            .where(receipts.c.source_system == source_system, receipts.c.source_invoice_id == source_invoice_id)
            .order_by(receipts.c.position)
        )
        with transaction(self._engine) as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def receipts_after(self, position: int, limit: int) -> list[dict[str, Any]]:
        """The receipts written after `position`, each with its own `position`, in that order, at most `limit`."""
        query = select(receipts).where(receipts.c.position > position).order_by(receipts.c.position).limit(limit)
        with transaction(self._engine) as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def receipt_count(self) -> int:
        """How many receipts there are."""
        with transaction(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(receipts)).scalar_one()
