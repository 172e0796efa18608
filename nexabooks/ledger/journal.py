"""What was meant and what happened: an intent is written before a call to Odoo, a receipt after reading back.

The ops store keeps both (it offers an object of this shape); tests use `MemoryJournal`. Nothing here is needed for
exactly-once: the keys in Odoo alone suffice. The journal is what lets a person see what a run did and did not do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Outcome = Literal["done", "already", "refused", "unclear"]
Counts = Counter[tuple[str, Outcome]]  # how many steps of each kind came out how


@dataclass(frozen=True, slots=True)
class Intent:
    """One step that is about to be sent. `action_key` names the step within its run, such as
    `post stripe invoice in_123`; the same step has the same key in every run of the same plan."""

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
class Receipt:
    """What became of one step, as read back from Odoo.

    `action`: a writing verb of the plan; `unmatch` before a `reverse`; `note` for its proof on a posted entry; `verify`
    for a posted entry that differs from its source. `outcome`: done
    (by this run), already (it was so before), refused (Odoo or a check said no; `says` is for the person who must act),
    unclear (no answer came and looking did not settle it). `odoo_total_minor` is what Odoo holds, None when it holds
    nothing. For a partner, `source_invoice_id` is the customer's id and `kind` is `partner`; for a payment `kind` is
    `payment`.
    """

    receipt_id: str
    run_id: str
    action: str
    source_system: str
    source_invoice_id: str
    kind: str
    odoo_model: str
    odoo_id: int | None
    outcome: Outcome
    says: str
    total_minor: int
    odoo_total_minor: int | None
    currency_code: str
    at: datetime


class Journal(Protocol):
    """Where intents and receipts are kept. Both calls are durable when they return; both accept the same entry twice
    (same run and action key, same receipt id) and keep it once."""

    def intent(self, intents: Iterable[Intent]) -> None:
        """Keep these steps before they are sent, in one transaction. The same step of the same run again replaces the first."""

    def receipt(self, receipts: Iterable[Receipt]) -> None:
        """Keep what became of these steps, in one transaction; one that is not `unclear` settles its intent."""


@dataclass(slots=True)
class MemoryJournal:
    """A journal that lives as long as its process, for tests and for looking around."""

    intents: dict[tuple[str, str], Intent] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    unfinished: dict[tuple[str, ...], Intent] = field(default_factory=dict)  # by what a receipt of any run settles

    def intent(self, intents: Iterable[Intent]) -> None:
        """As Journal.intent."""
        for i in intents:
            self.intents[i.run_id, i.action_key] = i
            self.unfinished[i.action, i.source_system, i.source_invoice_id, i.kind] = i

    def receipt(self, receipts: Iterable[Receipt]) -> None:
        """As Journal.receipt."""
        for r in receipts:
            self.receipts[r.receipt_id] = r
            if r.outcome != "unclear":
                self.unfinished.pop((r.action, r.source_system, r.source_invoice_id, r.kind), None)
