"""The store itself: open it, then lease, approve, resolve, save plans, and keep the ledger's journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Select, bindparam, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from nexabooks.errors import PermanentError
from nexabooks.ops.as_json import as_json
from nexabooks.ops.engine import make_engine, make_looking_engine, transaction
from nexabooks.ops.journal import INTENT_FIELDS, RECEIPT_FIELDS, OpsJournal
from nexabooks.ops.leases import Lease, acquire, kept
from nexabooks.ops.migrations import NEWEST, upgrade, version_of
from nexabooks.ops.months import MonthBook
from nexabooks.ops.records import (
    Allowance,
    Approval,
    ApprovalRequest,
    LeaseRow,
    PostedEntry,
    Resolution,
    SavedPlan,
    Sighting,
    UnfinishedIntent,
    WrittenInvoice,
)
from nexabooks.ops.tables import (
    allowances,
    approval_requests,
    approvals,
    intents,
    leases,
    plans,
    receipts,
    resolutions,
    sightings,
)
from nexabooks.settings import load_settings

UNDO = "undo-"  # how the name of a run begins that takes another one back


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


def look_at_ops(url: str) -> str:
    """How the store at `url` stands, in words, without making or changing anything. Raises as open_ops does."""
    engine = make_looking_engine(url)
    if engine is None:
        return "is not there yet; the first run makes it"
    try:
        with transaction(engine) as connection:
            version = version_of(connection)
        if not version:
            return "has no tables yet; the first run makes them"
        if version < NEWEST:
            return f"is at version {version}, older than {NEWEST}; the next run brings it up to date"
        return f"opens; {len(OpsStore(engine, load_settings().now).unfinished_intents())} steps without a receipt"
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
        """Keep a plan as it was shown. The same hash is the same plan: the first one stands, and it is the last one again."""
        next_position = select(func.coalesce(func.max(plans.c.position), 0) + 1).scalar_subquery()
        statement = self._insert(plans).values(
            plan_hash=plan_hash, run_id=run_id, plan=as_json(plan), at=self._now(), position=next_position
        )
        again = {name: statement.excluded[name] for name in ("at", "position")}
        with transaction(self._engine) as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["plan_hash"], set_=again))

    def plan(self, plan_hash: str) -> SavedPlan | None:
        """The plan with this hash, or None. The first characters are enough if only one plan begins with them."""
        with transaction(self._engine) as connection:
            found = connection.execute(
                _saved().where(plans.c.plan_hash.startswith(plan_hash, autoescape=True)).limit(2)
            ).all()
        exact = [row for row in found if row.plan_hash == plan_hash] or (found if len(found) == 1 else [])
        return SavedPlan(*exact[0]) if exact else None

    def latest_plan(self, *, of_runs: str = "") -> SavedPlan | None:
        """The plan of the ledger that was saved last, or None; a clock that stands still changes nothing. The way back of a
        run is no such plan. `of_runs`: only of runs whose id begins so."""
        of_these = _saved().where(
            plans.c.run_id.startswith(of_runs, autoescape=True), ~plans.c.run_id.startswith(UNDO, autoescape=True)
        )
        last = of_these.order_by(plans.c.position.desc(), plans.c.at.desc()).limit(1)
        with transaction(self._engine) as connection:
            row = connection.execute(last).one_or_none()
        return SavedPlan(*row) if row else None

    def approve(self, plan_hash: str, *, by: str, note: str = "", valid_for: timedelta | None = None) -> Approval:
        """A person's yes to the saved plan `plan_hash`, for `valid_for` (None = without end). The first approval of a plan
        stands while it holds; a second changes nothing. One that ran out is replaced.

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
        now = self._now()
        statement = self._insert(approvals).values(
            plan_hash=saved.plan_hash, approved_by=by, note=note, at=now, expires_at=valid_for and now + valid_for
        )
        new = {name: statement.excluded[name] for name in ("approved_by", "note", "at", "expires_at")}
        with transaction(self._engine) as connection:
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["plan_hash"], set_=new, where=approvals.c.expires_at <= now
                )
            )
            row = connection.execute(select(approvals).where(approvals.c.plan_hash == saved.plan_hash)).one()
        return Approval(*row)

    def approval_of(self, plan_hash: str) -> Approval | None:
        """The approval of exactly this plan, or None; ask it whether it still holds."""
        with transaction(self._engine) as connection:
            row = connection.execute(select(approvals).where(approvals.c.plan_hash == plan_hash)).one_or_none()
        return Approval(*row) if row else None

    def ask_approval(self, request_id: str, plan_hash: str, *, valid_for: timedelta) -> ApprovalRequest:
        """Write down that `request_id` (a flow run) waits for a yes to a plan. Asked again, it is the same request."""
        now = self._now()
        with transaction(self._engine) as connection:
            connection.execute(
                self._insert(approval_requests)
                .values(request_id=request_id, plan_hash=plan_hash, at=now, expires_at=now + valid_for)
                .on_conflict_do_nothing(index_elements=["request_id"])
            )
            row = connection.execute(
                select(approval_requests).where(approval_requests.c.request_id == request_id)
            ).one()
        return ApprovalRequest(*row)

    def request(self, request_id: str) -> ApprovalRequest | None:
        """What this flow run waits for, or None."""
        with transaction(self._engine) as connection:
            row = connection.execute(
                select(approval_requests).where(approval_requests.c.request_id == request_id)
            ).one_or_none()
        return ApprovalRequest(*row) if row else None

    def waiting_requests(self) -> list[ApprovalRequest]:
        """The requests that ran not out and whose plan nobody approved since, oldest first."""
        answered = exists().where(
            approvals.c.plan_hash == approval_requests.c.plan_hash, approvals.c.at >= approval_requests.c.at
        )
        query = (
            select(approval_requests)
            .where(approval_requests.c.expires_at > self._now(), ~answered)
            .order_by(approval_requests.c.at, approval_requests.c.request_id)
        )
        with transaction(self._engine) as connection:
            return [ApprovalRequest(*row) for row in connection.execute(query)]

    # Brakes that a person let go

    def allow(self, trip_key: str, *, by: str, why: str) -> Allowance:
        """Write down that a tripped brake may pass once. Raises PermanentError without a name or a reason."""
        if not by.strip() or not why.strip():
            raise PermanentError(
                f"The brake {trip_key} is let go by somebody and for a reason; name both. Nothing was allowed.",
                source="ops",
                record=trip_key,
            )
        at = self._now()
        with transaction(self._engine) as connection:
            connection.execute(insert(allowances).values(trip_key=trip_key, allowed_by=by, why=why, at=at))
        return Allowance(trip_key, by, why, at)

    def allowances(self) -> list[Allowance]:
        """Every allowance ever given, oldest first."""
        with transaction(self._engine) as connection:
            found = connection.execute(select(allowances).order_by(allowances.c.position)).all()
        return [Allowance(*row[1:]) for row in found]

    # Differences that a person decided about

    def resolve(
        self, break_key: str, *, break_class: str, resolution: str, by: str, why: str, **facts: Any
    ) -> Resolution:
        """Write down a decision about a difference. An earlier one stays as history; the newest counts, while the difference is
        what the `facts` say: source_minor, ledger_minor, currency_code, first_seen_on as they are now."""
        if not why.strip():
            raise PermanentError(
                f"The difference {break_key} cannot be resolved without a reason; say why.",
                source="ops",
                record=break_key,
            )
        decided = Resolution(break_key, break_class, resolution, by, why, self._now(), **facts)
        row = {("class" if name == "break_class" else name): value for name, value in asdict(decided).items()}
        with transaction(self._engine) as connection:
            connection.execute(insert(resolutions).values(row))
        return decided

    def resolutions(self) -> list[Resolution]:
        """The newest decision about each difference, by break_key."""
        newest = select(func.max(resolutions.c.position)).group_by(resolutions.c.break_key)
        with transaction(self._engine) as connection:
            found = connection.execute(
                select(resolutions).where(resolutions.c.position.in_(newest)).order_by(resolutions.c.break_key)
            ).all()
        return [Resolution(*row[1:]) for row in found]

    def note_sightings(self, seen: Mapping[str, date]) -> int:
        """Remember all differences that are there now, by break_key with the accounting day they were first seen: a sighting
        that goes on stands, that of a difference which is no longer there ends, and one that returns begins anew.

        Returns how many began.
        """
        statement = self._insert(sightings)
        begin = statement.on_conflict_do_update(
            index_elements=["break_key"], set_={"first_seen_on": statement.excluded.first_seen_on, "ended_at": None}
        )
        end = update(sightings).where(sightings.c.break_key == bindparam("the_key")).values(ended_at=self._now())
        with transaction(self._engine) as connection:
            going_on = set(
                connection.execute(select(sightings.c.break_key).where(sightings.c.ended_at.is_(None))).scalars()
            )
            new = [{"break_key": key, "first_seen_on": seen[key]} for key in sorted(seen.keys() - going_on)]
            gone = [{"the_key": key} for key in sorted(going_on - seen.keys())]
            if new:
                connection.execute(begin, new)
            if gone:
                connection.execute(end, gone)
        return len(new)

    def sightings(self) -> list[Sighting]:
        """Every difference that was ever seen, by break_key."""
        with transaction(self._engine) as connection:
            found = connection.execute(select(sightings).order_by(sightings.c.break_key)).all()
        return [Sighting(*row) for row in found]

    def months(self) -> MonthBook:
        """Closed months: who closed which, with the figures as they stood."""
        return MonthBook(self._engine, self._now)

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

    def meant(self, action: str) -> set[tuple[str, str]]:
        """(run, name of the step) of every step of this kind that any run was about to send, whatever became of it."""
        query = select(intents.c.run_id, intents.c.action_key).where(intents.c.action == action)
        with transaction(self._engine) as connection:
            return {(row.run_id, row.action_key) for row in connection.execute(query)}

    def done_since(self, moment: datetime) -> set[tuple[str, str, str, str]]:
        """(action, source, document, kind) of every step that any run carried out at `moment` (aware) or later."""
        names = ("action", "source_system", "source_invoice_id", "kind")
        query = select(*[receipts.c[name] for name in names]).where(
            receipts.c.at >= moment, receipts.c.outcome == "done"
        )
        with transaction(self._engine) as connection:
            return {tuple(row) for row in connection.execute(query)}

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

    def posted_without(self, action: str, *, since: datetime) -> list[PostedEntry]:
        """The entries that were posted since `since` (included), newest first, for which `action` was not done yet."""
        steps = receipts.alias()
        done = exists().where(
            steps.c.action == action, steps.c.odoo_id == receipts.c.odoo_id, steps.c.outcome.in_(("done", "already"))
        )
        names = ("source_system", "source_invoice_id", "kind", "odoo_id")
        query = (
            select(*[receipts.c[name] for name in names])
            .where(
                receipts.c.action == "post",
                receipts.c.outcome.in_(("done", "already")),
                receipts.c.odoo_id.is_not(None),
                receipts.c.at >= since,
                ~done,
            )
            .group_by(*[receipts.c[name] for name in names])
            .order_by(func.max(receipts.c.position).desc())
        )
        with transaction(self._engine) as connection:
            return [PostedEntry(*row) for row in connection.execute(query)]

    def receipt_count(self) -> int:
        """How many receipts there are."""
        with transaction(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(receipts)).scalar_one()

    def written_since(self, moment: datetime) -> list[WrittenInvoice]:
        """The invoices and credit notes that any run drafted, changed or posted since `moment` (included), each once."""
        with transaction(self._engine) as connection:
            found = connection.execute(_written().where(receipts.c.at >= moment).distinct()).all()
        return [WrittenInvoice(*row) for row in found]

    def run_totals_minor(self, *, last: int, except_flow: str = "") -> dict[str, list[int]]:
        """By currency, what each of the last runs wrote, newest first, at most `last` of them: totals of invoices and
        credit notes by their size, each counted once a run. Runs of the flow `except_flow` are left out."""
        newest = func.max(receipts.c.position).label("newest")
        once = _written().add_columns(receipts.c.run_id, newest).group_by(receipts.c.run_id, *_WRITTEN)
        if except_flow:
            once = once.where(~receipts.c.run_id.startswith(f"{except_flow}-", autoescape=True))
        one = once.subquery()
        by_run = (
            select(one.c.currency_code, func.sum(func.abs(one.c.total_minor)))
            .group_by(one.c.run_id, one.c.currency_code)
            .order_by(func.max(one.c.newest).desc())
        )
        totals: dict[str, list[int]] = {}
        with transaction(self._engine) as connection:
            for currency_code, total_minor in connection.execute(by_run):
                totals.setdefault(currency_code, []).append(int(total_minor))
        return {code: some[:last] for code, some in sorted(totals.items())}


def _saved() -> Select[Any]:
    return select(*[plans.c[name] for name in SavedPlan.__dataclass_fields__])


_WRITTEN = tuple(
    receipts.c[name] for name in ("source_system", "source_invoice_id", "kind", "total_minor", "currency_code")
)


def _written() -> Select[Any]:
    return select(*_WRITTEN).where(
        receipts.c.action.in_(("create", "update", "post")),
        receipts.c.outcome == "done",
        receipts.c.kind.in_(("invoice", "credit_note")),
    )
