"""Closed months: who closed which, with the figures as they stood; who opened one again, and why.

A closing is kept whole and for good. What changes afterwards is shown beside it by SQL (marts.fct_restatements), never here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from nexabooks.errors import PermanentError
from nexabooks.ops.engine import transaction
from nexabooks.ops.leases import acquire, kept
from nexabooks.ops.records import ClosedFigure, MonthDecision
from nexabooks.ops.tables import closed_figures, month_decisions

CLOSED, REOPENED = "closed", "reopened"
# Positions of closings must become visible in their order, because a reader goes on from the last one it saw; so only one
# decision is written at a time.
_LEASE, _LEASE_S = "month-decision", 60


class MonthBook:
    """The decisions about months. Each method is one transaction; any may raise Unreachable."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine, self._now = engine, now

    def close(
        self,
        month: str,
        figures: Sequence[ClosedFigure],
        *,
        by: str,
        note: str,
        time_zone: str,
        published_by: str,
        published_at: datetime,
        open_break_count: int,
    ) -> MonthDecision:
        """Keep `figures` as what `month` (2026-05) holds, all of them or none, and who said so.

        `published_by`, `published_at`: the run whose published file they were read from. Raises PermanentError without a
        name, or when the month is closed already; TransientError while another decision is being written.
        """
        return self._decide(
            month,
            CLOSED,
            by,
            figures,
            note=note,
            time_zone=time_zone,
            published_by=published_by,
            published_at=published_at,
            open_break_count=open_break_count,
        )

    def reopen(self, month: str, *, by: str, why: str) -> MonthDecision:
        """Let the figures of a closed month move again. The closing stays as history.

        Raises PermanentError without a name and a reason, or when the month is not closed.
        """
        if not why.strip():
            raise PermanentError(
                f"{month} is opened again for a reason; say it. Nothing was changed.", source="ops", record=month
            )
        return self._decide(month, REOPENED, by, (), note=why)

    def closed(self) -> list[MonthDecision]:
        """The closings that hold now, by month."""
        return [row for row in self.history() if row.decision == CLOSED and row.holds]

    def history(self) -> list[MonthDecision]:
        """Every decision ever taken, oldest first of each month; of a month the last one holds."""
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(month_decisions).order_by(month_decisions.c.month, month_decisions.c.round)
            ).all()
        last = {row.month: row.position for row in rows}
        return [MonthDecision(**row._mapping, holds=row.position == last[row.month]) for row in rows]

    def figures_of(self, closing: int) -> list[ClosedFigure]:
        """The figures of one closing, in the order in which they were given."""
        names = [column for column in closed_figures.c if column.name not in ("position", "closing")]
        query = select(*names).where(closed_figures.c.closing == closing).order_by(closed_figures.c.position)
        with transaction(self._engine) as connection:
            return [ClosedFigure(**row._mapping) for row in connection.execute(query)]

    def figures_after(self, position: int, limit: int) -> list[dict[str, Any]]:
        """The kept figures behind `position`, each with its own `position` and `closing`, in that order, at most `limit`."""
        query = (
            select(closed_figures)
            .where(closed_figures.c.position > position)
            .order_by(closed_figures.c.position)
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def figure_count(self) -> int:
        """How many figures are kept, of closings that hold and of others."""
        with transaction(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(closed_figures)).scalar_one()

    def _decide(
        self, month: str, decision: str, by: str, figures: Sequence[ClosedFigure], **words: Any
    ) -> MonthDecision:
        if not by.strip():
            raise PermanentError(
                f"Somebody decides that {month} is {decision}; name who. Nothing was changed.",
                source="ops",
                record=month,
            )
        values: dict[str, Any] = {"month": month, "decision": decision, "decided_by": by, "at": self._now()}
        values |= {"time_zone": "", "published_by": "", "published_at": None, "open_break_count": 0} | words
        lease = acquire(self._engine, _LEASE, holder=f"{by}, {month} {decision}", ttl_s=_LEASE_S, wait_s=5)
        with kept(lease, _LEASE_S), transaction(self._engine) as connection:
            values["round"] = self._next_round(connection, month, decision)
            position = connection.execute(insert(month_decisions).values(values)).inserted_primary_key
            assert position is not None
            rows = [asdict(figure) | {"closing": position[0]} for figure in figures]
            if rows:
                connection.execute(insert(closed_figures), rows)
        return MonthDecision(**values, position=position[0], holds=True)

    def _next_round(self, connection: Connection, month: str, decision: str) -> int:
        last = connection.execute(
            select(month_decisions)
            .where(month_decisions.c.month == month)
            .order_by(month_decisions.c.round.desc())
            .limit(1)
        ).one_or_none()
        closed = last if last is not None and last.decision == CLOSED else None
        if closed is not None and decision == CLOSED:
            raise PermanentError(
                f"{month} was closed already, by {closed.decided_by} on {closed.at:%Y-%m-%d}. Its figures stand as they were "
                "kept then; to close it with others, open it again first.",
                source="ops",
                record=month,
            )
        if closed is None and decision == REOPENED:
            raise PermanentError(
                f"{month} is not closed, so it cannot be opened again. Nothing was changed.", source="ops", record=month
            )
        return (last.round if last else 0) + 1
