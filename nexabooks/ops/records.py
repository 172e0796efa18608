"""What the ops store gives back: plain values, times aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """Who holds a name, since when, and until when unless he renews."""

    name: str
    holder: str
    acquired_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan as it was shown, under the hash of what it would do."""

    plan_hash: str
    run_id: str
    plan: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's yes to one plan, and to no other. It holds until `expires_at` (not included); None = without end."""

    plan_hash: str
    approved_by: str
    note: str
    at: datetime
    expires_at: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Whether it had not run out at `moment` (aware); one without an end never does."""
        return self.expires_at is None or moment < self.expires_at


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A flow run that waits for a yes to a plan, since `at` and until `expires_at`."""

    request_id: str
    plan_hash: str
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Allowance:
    """A tripped brake that a person let go, and why."""

    trip_key: str
    allowed_by: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WrittenInvoice:
    """An invoice or credit note that a run drafted, changed or posted."""

    source_system: str
    source_invoice_id: str
    kind: str
    total_minor: int
    currency_code: str


class PostedEntry(NamedTuple):
    """An invoice or credit note that a run posted, and its entry in Odoo."""

    source_system: str
    source_invoice_id: str
    kind: str
    odoo_id: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a person decided about one difference, and its amounts and first day as they were then. One of before those were
    kept has none of them."""

    break_key: str
    break_class: str
    resolution: str
    resolved_by: str
    why: str
    at: datetime
    source_minor: int | None = None
    ledger_minor: int | None = None
    currency_code: str | None = None
    first_seen_on: date | None = None


class Sighting(NamedTuple):
    """Since which accounting day a difference is seen; `ended_at` when it was gone, None while it is there."""

    break_key: str
    first_seen_on: date
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnfinishedIntent:
    """An action that was about to be sent and was never read back: it may or may not have happened."""

    run_id: str
    action_key: str
    action: str
    source_system: str
    source_invoice_id: str
    kind: str
    says: str
    total_minor: int
    currency_code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ClosedFigure:
    """What one document counted in one service family when its month was closed, in whole minor units before tax.

    `is_counted` is False for what was no revenue then (a draft, a void one, one that was not confirmed): it is kept with
    its verdict, so that a later change can be explained. `service_family` is '' where there is no line.
    """

    source_system: str
    source_invoice_id: str
    kind: str
    invoice_number: str
    service_family: str
    currency_code: str
    verdict: str
    is_counted: bool
    invoiced_minor: int
    credited_minor: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class MonthDecision:
    """A month that was closed, or opened again; `holds` while no later decision about it was taken."""

    position: int
    month: str
    round: int
    decision: str
    decided_by: str
    note: str
    time_zone: str
    published_by: str
    published_at: datetime | None
    open_break_count: int
    at: datetime
    holds: bool
