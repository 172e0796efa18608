"""The journal of one run: each action on the ledger is kept here before it is sent, and again when it was read back.

It has the shape that `nexabooks.ledger.journal.Journal` asks for and imports nothing of that room: any value with the
same field names will do. An intent whose action nobody read back is the trace of a crash or a cut connection: it may or
may not have happened, so the next run looks before it acts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from nexabooks.ops import tables
from nexabooks.ops.engine import transaction

INTENT_FIELDS = tuple(c.name for c in tables.intents.c if c.name not in ("position", "state"))
RECEIPT_FIELDS = tuple(c.name for c in tables.receipts.c if c.name != "position")

# What names an action over all runs: the receipt of a later run settles what an earlier one left open.
_ACTION = ("action", "source_system", "source_invoice_id", "kind")


class OpsJournal:
    """Intents and receipts, committed when the call returns; the same entry written twice is kept once."""

    def __init__(self, engine: Engine, run_id: str) -> None:
        self.run_id = run_id
        self._engine = engine
        self._insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert

    def intent(self, intents: Iterable[Any]) -> None:
        """Keep what is about to be sent (fields of `ledger.journal.Intent`), all of it or nothing.

        Written again for the same run and action key it is open again: the action is about to be sent again.
        """
        rows = [{name: getattr(entry, name) for name in INTENT_FIELDS} | {"state": "sent"} for entry in intents]
        if not rows:
            return
        statement = self._insert(tables.intents)
        again = {name: statement.excluded[name] for name in ("state", "says", "total_minor", "currency_code", "at")}
        with transaction(self._engine) as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["run_id", "action_key"], set_=again), rows
            )

    def receipt(self, receipts: Iterable[Any]) -> None:
        """Keep what was read back (fields of `ledger.journal.Receipt`) and close the intents it settles, or neither.

        An `unclear` outcome settles nothing. A receipt_id that comes again replaces its older words, under a new
        position, so that whoever reads receipts onward from a position sees it.
        """
        rows = [{name: getattr(entry, name) for name in RECEIPT_FIELDS} for entry in receipts]
        if not rows:
            return
        settled = [{f"the_{name}": row[name] for name in _ACTION} for row in rows if row["outcome"] != "unclear"]
        with transaction(self._engine) as connection:
            connection.execute(
                delete(tables.receipts).where(tables.receipts.c.receipt_id == bindparam("the_id")),
                [{"the_id": row["receipt_id"]} for row in rows],
            )
            connection.execute(insert(tables.receipts), rows)
            if settled:
                is_open = tables.intents.c.state == "sent"
                same = [tables.intents.c[name] == bindparam(f"the_{name}") for name in _ACTION]
                connection.execute(update(tables.intents).where(is_open, *same).values(state="settled"), settled)

    def receipts(self, *outcomes: str) -> list[dict[str, Any]]:
        """The receipts of this run, or those with one of `outcomes`, in the order in which they were written, by the names
        of their fields."""
        columns = [tables.receipts.c[name] for name in RECEIPT_FIELDS]
        query = select(*columns).where(tables.receipts.c.run_id == self.run_id).order_by(tables.receipts.c.position)
        if outcomes:
            query = query.where(tables.receipts.c.outcome.in_(outcomes))
        with transaction(self._engine) as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def counts(self) -> dict[tuple[str, str], int]:
        """How many steps of this run came out how, by (action, outcome)."""
        names = (tables.receipts.c.action, tables.receipts.c.outcome)
        query = select(*names, func.count()).where(tables.receipts.c.run_id == self.run_id).group_by(*names)
        with transaction(self._engine) as connection:
            return {(action, outcome): count for action, outcome, count in connection.execute(query.order_by(*names))}
