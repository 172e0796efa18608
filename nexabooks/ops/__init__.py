"""The ops store: what people decided and what we did to the outside. Small, durable, for many processes.

    with open_ops(settings.ops_store_url, now=settings.now) as store:
        with store.lease("warehouse-writer", holder="daily_close 2026-05-31", ttl_s=60):
            ...

SQLite (WAL) by default, PostgreSQL in production; docs/contracts/ops.md has the promises.
"""

from nexabooks.ops.leases import Lease
from nexabooks.ops.records import (
    Allowance,
    Approval,
    ApprovalRequest,
    ClosedFigure,
    LeaseRow,
    MonthDecision,
    Resolution,
    SavedPlan,
    UnfinishedIntent,
    WrittenInvoice,
)
from nexabooks.ops.store import OpsStore, look_at_ops, open_ops

__all__ = [
    "Allowance",
    "Approval",
    "ApprovalRequest",
    "ClosedFigure",
    "Lease",
    "LeaseRow",
    "MonthDecision",
    "OpsStore",
    "Resolution",
    "SavedPlan",
    "UnfinishedIntent",
    "WrittenInvoice",
    "look_at_ops",
    "open_ops",
]
