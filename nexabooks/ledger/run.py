"""What every step of an apply shares: the plan, the client, the journal, and how many steps came out how.

Receipts are handed to the journal batch by batch and kept by it alone: an apply of many invoices takes no more memory than
one of few.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from nexabooks.clients.odoo import OdooWriter
from nexabooks.ledger.actions import Action, Plan
from nexabooks.ledger.batches import Pace
from nexabooks.ledger.desired import Invoice, MoveKey
from nexabooks.ledger.desired_payments import Payment
from nexabooks.ledger.journal import Counts, Intent, Journal, Outcome, Receipt


@dataclass
class Run:
    """One apply of one plan. `counts`: how its steps came out; `stopped`: identities refused at an earlier step, so that no
    later step is taken; `owed_notes`: those of entries that a cut-off run posted, or may have, less those written since."""

    plan: Plan
    client: OdooWriter
    journal: Journal
    now: Callable[[], datetime]
    progress: Callable[[str, int, int], None] | None = None
    owed_notes: set[MoveKey] = field(default_factory=set)
    counts: Counts = field(default_factory=Counter)
    stopped: set[MoveKey] = field(default_factory=set)
    pace: Pace = field(default_factory=Pace)
    seconds: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.invoices: Mapping[MoveKey, Invoice] = self.plan.invoices
        self._unwritten: list[Receipt] = []
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

    def payment(self, action: Action) -> Payment:
        """The payment that a step makes."""
        of_document = self.invoices[action.document_key].payments
        return next(payment for payment in of_document if payment.payment_id == action.payment_id)

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
        self._unwritten.append(receipt)
        self.counts[receipt.action, outcome] += 1
        if outcome in ("refused", "unclear") and action.verb != "note" and action.kind in ("invoice", "credit_note"):
            self.stopped.add(action.key)

    def write_down(self) -> None:
        """Hand over the receipts since the last time, in one transaction."""
        self.journal.receipt(self._unwritten)
        self._unwritten = []

    def batches(self, step: str, is_meant: Callable[[Action], bool]) -> Iterator[list[Action]]:
        """The actions of the plan that are meant, in batches, smaller ones while the server is slow; after each one, what
        happened in it is handed over and told."""
        total, done = sum(map(is_meant, self.plan.actions)), 0
        left = filter(is_meant, self.plan.actions)
        while done < total:
            batch, began = list(islice(left, self.pace.size)), self.seconds()
            yield batch
            self.pace.took(len(batch), self.seconds() - began)
            done += len(batch)
            self.end_batch(step, done, total)

    def end_batch(self, step: str, done: int, total: int) -> None:
        """Keep what happened in this batch, and tell how far the step is."""
        self.write_down()
        if self.progress:
            self.progress(step, done, total)
