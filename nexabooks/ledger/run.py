"""What every step of an apply shares: the plan, the client, the journal, and the receipts so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from nexabooks.clients.odoo import OdooWriter
from nexabooks.ledger.batches import Pace
from nexabooks.ledger.desired import Invoice, MoveKey
from nexabooks.ledger.desired_payments import Payment, PaymentKey
from nexabooks.ledger.journal import Intent, Journal, Outcome, Receipt
from nexabooks.ledger.plan import Action, Plan

T = TypeVar("T")


@dataclass
class Run:
    """One apply of one plan. `stopped`: identities refused at an earlier step, so that no later step is taken."""

    plan: Plan
    client: OdooWriter
    journal: Journal
    now: Callable[[], datetime]
    progress: Callable[[str, int, int], None] | None = None
    receipts: list[Receipt] = field(default_factory=list)
    stopped: set[MoveKey] = field(default_factory=set)
    owed_notes: frozenset[MoveKey] = frozenset()  # of entries that a cut-off run posted, or may have
    pace: Pace = field(default_factory=Pace)
    seconds: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.invoices: dict[MoveKey, Invoice] = {i.key: i for i in self.plan.desired.invoices}
        self._payments: dict[PaymentKey, Payment] = {p.key: p for i in self.plan.desired.invoices for p in i.payments}
        self._written = 0
        taken_back = self.plan.present.taken_back
        self.taken_back_ids = {move.move_id for moves in taken_back.values() for move in moves}
        self._revisions: dict[MoveKey, int] = {}

    def revision_of(self, key: MoveKey) -> int:
        """Which posting of the invoice its entry is, or the next one will be."""
        return self._revisions.get(key) or self.plan.present.revision_of(key)

    def took_back(self, key: MoveKey) -> None:
        """The entry of `key` was reversed by this run: it counts no more, and the next one is a new posting."""
        move = self.plan.present.moves[key]
        self.taken_back_ids.add(move.move_id)
        self._revisions[key] = move.revision + 1

    def payment(self, key: PaymentKey) -> Payment:
        return self._payments[key]

    def intend(self, actions: Iterable[Action]) -> None:
        """Write down what is about to be sent, before it is."""
        at = self.now()
        self.journal.intent(
            [
                Intent(
                    run_id=self.plan.run_id,
                    action_key=a.action_key,
                    action=a.verb,
                    source_system=a.source_system,
                    source_invoice_id=a.source_invoice_id,
                    kind=a.kind,
                    says=a.reason,
                    total_minor=a.total_minor,
                    currency_code=a.currency_code,
                    at=at,
                )
                for a in actions
            ]
        )

    def settle(
        self,
        action: Action,
        outcome: Outcome,
        says: str,
        *,
        odoo_model: str,
        odoo_id: int | None,
        odoo_total_minor: int | None = None,
    ) -> None:
        """What became of one action, as read back; it is written down at the end of its batch."""
        receipt = Receipt(
            receipt_id=f"{self.plan.run_id} {action.action_key}",
            run_id=self.plan.run_id,
            action=action.verb,
            source_system=action.source_system,
            source_invoice_id=action.source_invoice_id,
            kind=action.kind,
            odoo_model=odoo_model,
            odoo_id=odoo_id,
            outcome=outcome,
            says=says,
            total_minor=action.total_minor,
            odoo_total_minor=odoo_total_minor,
            currency_code=action.currency_code,
            at=self.now(),
        )
        self.receipts.append(receipt)
        if outcome in ("refused", "unclear") and action.verb != "note" and action.kind in ("invoice", "credit_note"):
            self.stopped.add(action.key)

    def write_down(self) -> None:
        """Keep the receipts since the last time, in one transaction."""
        self.journal.receipt(self.receipts[self._written :])
        self._written = len(self.receipts)

    def keep(self, receipts: Sequence[Receipt]) -> None:
        """Receipts that are written down already."""
        self.write_down()
        self.receipts += receipts
        self._written = len(self.receipts)

    def batches(self, step: str, items: Sequence[T]) -> Iterator[list[T]]:
        """`items` in batches, smaller ones while the server is slow; after each one, what happened in it is kept and told."""
        done = 0
        while done < len(items):
            batch, began = list(items[done : done + self.pace.size]), self.seconds()
            yield batch
            self.pace.took(len(batch), self.seconds() - began)
            done += len(batch)
            self.end_batch(step, done, len(items))

    def end_batch(self, step: str, done: int, total: int) -> None:
        """Keep what happened in this batch, and tell how far the step is."""
        self.write_down()
        if self.progress:
            self.progress(step, done, total)
