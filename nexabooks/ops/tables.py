"""The tables of the ops store, as code reads and writes them; the migrations build them (a test holds the two equal).

Nothing here is ever deleted but a released lease: decisions and receipts are history.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

# SQLite numbers rows by itself only for a column of exactly this type.
ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")


class UtcTime(TypeDecorator[datetime]):
    """An aware moment in UTC. SQLite keeps no time zone, so it is taken off at the door and put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """An aware moment as its column keeps it. Raises ValueError for one without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} carries no time zone; the ops store keeps aware UTC times only.")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """What the column keeps, aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

# One row a name that only one process may use at a time. `token` tells this taking of it from every other one.
leases = Table(
    "leases",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("holder", String(500), nullable=False),
    Column("token", String(32), nullable=False),
    Column("acquired_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

# One row a plan that was shown, by the hash of what it would do. `position`: in the order in which they were saved.
plans = Table(
    "plans",
    metadata,
    Column("plan_hash", String(128), primary_key=True),
    Column("run_id", String(200), nullable=False),
    Column("plan", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("position", BigInteger, nullable=False, server_default="0"),
)

# One row a plan that a person approved; a changed plan has another hash and needs another approval.
approvals = Table(
    "approvals",
    metadata,
    Column("plan_hash", String(128), primary_key=True),
    Column("approved_by", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
)

# One row a flow run that waits for a person's yes to a plan.
approval_requests = Table(
    "approval_requests",
    metadata,
    Column("request_id", String(200), primary_key=True),
    Column("plan_hash", String(128), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Index("approval_requests_by_plan", "plan_hash"),
)

# One row a tripped brake that a person let go. The key is over exactly what it held, so it is spent when that is written.
allowances = Table(
    "allowances",
    metadata,
    Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("trip_key", String(500), nullable=False),
    Column("allowed_by", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("allowances_by_trip", "trip_key"),
)

# One row an action on the ledger, written before it is sent. `state`: sent (nobody has read back yet), settled.
intents = Table(
    "intents",
    metadata,
    Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("run_id", String(200), nullable=False),
    Column("action_key", String(500), nullable=False),
    Column("action", String(50), nullable=False),
    Column("source_system", String(50), nullable=False),
    Column("source_invoice_id", String(200), nullable=False),
    Column("kind", String(50), nullable=False),
    Column("says", Text, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("currency_code", String(3), nullable=False),
    Column("state", String(20), nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("run_id", "action_key", name="intents_once_a_run"),
    Index("intents_by_invoice", "source_system", "source_invoice_id"),
    Index("intents_by_state", "state"),
)

# One row an action as it was read back: what the ledger holds now.
receipts = Table(
    "receipts",
    metadata,
    Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("receipt_id", String(500), nullable=False),
    Column("run_id", String(200), nullable=False),
    Column("action", String(50), nullable=False),
    Column("source_system", String(50), nullable=False),
    Column("source_invoice_id", String(200), nullable=False),
    Column("kind", String(50), nullable=False),
    Column("odoo_model", String(100), nullable=False),
    Column("odoo_id", BigInteger),
    Column("outcome", String(50), nullable=False),
    Column("says", Text, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("odoo_total_minor", BigInteger),
    Column("currency_code", String(3), nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("receipt_id", name="receipts_once"),
    Index("receipts_by_invoice", "source_system", "source_invoice_id"),
    # SQLite would give a deleted row's number to the next one; a replaced receipt must stand behind all others.
    sqlite_autoincrement=True,
)

# One row a decision about a difference. The newest of a break_key is the one that counts, and it holds while the difference is
# what it was then: of the same amounts, or, where it has none, the same sighting. `open` takes a decision back.
resolutions = Table(
    "resolutions",
    metadata,
    Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("break_key", String(500), nullable=False),
    Column("class", String(100), nullable=False),
    Column("resolution", String(100), nullable=False),
    Column("resolved_by", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("source_minor", BigInteger),
    Column("ledger_minor", BigInteger),
    Column("currency_code", String(3)),
    Column("first_seen_on", Date),
    Index("resolutions_by_break", "break_key"),
)

# One row a difference that was ever seen, and the accounting day on which it was seen first. It ends when the difference is no
# longer there, and begins anew when that returns.
sightings = Table(
    "sightings",
    metadata,
    Column("break_key", String(500), primary_key=True),
    Column("first_seen_on", Date, nullable=False),
    Column("ended_at", UtcTime),
)

# One row a decision about a month: `closed` or `reopened`. The newest of a month is the one that holds; `round` counts the
# decisions of a month, so that two people who decide at once cannot both be right.
month_decisions = Table(
    "month_decisions",
    metadata,
    Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("month", String(7), nullable=False),
    Column("round", Integer, nullable=False),
    Column("decision", String(20), nullable=False),
    Column("decided_by", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("time_zone", String(100), nullable=False),
    Column("published_by", String(200), nullable=False),
    Column("published_at", UtcTime),
    Column("open_break_count", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("month", "round", name="month_decisions_in_turn"),
)

# One row a document and service family, as it stood in the published file when its month was closed. Never changed.
closed_figures = Table(
    "closed_figures",
    metadata,
    Column("position", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("closing", BigInteger, ForeignKey("month_decisions.position"), nullable=False),
    Column("source_system", String(50), nullable=False),
    Column("source_invoice_id", String(200), nullable=False),
    Column("kind", String(50), nullable=False),
    Column("invoice_number", String(200), nullable=False),
    Column("service_family", String(100), nullable=False),
    Column("currency_code", String(3), nullable=False),
    Column("verdict", String(50), nullable=False),
    Column("is_counted", Boolean, nullable=False),
    Column("invoiced_minor", BigInteger, nullable=False),
    Column("credited_minor", BigInteger, nullable=False),
    Column("paid_minor", BigInteger, nullable=False),
    UniqueConstraint(
        "closing",
        "source_system",
        "source_invoice_id",
        "kind",
        "service_family",
        "currency_code",
        name="closed_figures_once",
    ),
)
