"""Lago's lists of one World, each made once. Creation falling is Lago's order, but for fees, where it rises."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import Any

from nexabooks.sandbox.lago_service import documents, people
from nexabooks.sandbox.world import Invoice, World

Rows = list[dict[str, Any]]


class View:
    """What Lago shows of `world`, which never changes; a changed world is another value and another view."""

    def __init__(self, world: World) -> None:
        self.world = world

    def rows(self, plural: str) -> Rows:
        """The list `plural`: customers, plans, subscriptions, invoices, fees, credit_notes, payments, wallets."""
        found: Rows = getattr(self, plural)
        return found

    @cached_property
    def invoices_by_id(self) -> dict[str, Invoice]:
        return {i.id: i for i in documents.visible(self.world)}

    @cached_property
    def customers(self) -> Rows:
        rows = [people.customer(u) for u in self.world.users if u.lago_customer_id and not u.lago_is_deleted]
        return sorted(rows, key=lambda r: (r["created_at"] or "", r["lago_id"]), reverse=True)

    @cached_property
    def plans(self) -> Rows:
        return people.plans(self.world)

    @cached_property
    def subscriptions(self) -> Rows:
        return people.subscriptions(self.world)

    @cached_property
    def wallets(self) -> Rows:
        return people.wallets(self.world)

    @cached_property
    def invoices(self) -> Rows:
        return [documents.row(self.world, i) for i in self.invoices_by_id.values()]

    @cached_property
    def fees(self) -> Rows:
        rows = [documents.fee(self.world, i, line) for i in self.invoices_by_id.values() for line in i.lines]
        return sorted(rows, key=lambda r: r["created_at"])

    @cached_property
    def payments(self) -> Rows:
        paid: dict[str, list[Invoice]] = defaultdict(list)
        for invoice in self._all:
            for payment in invoice.payments:
                paid[payment.payment_id].append(invoice)
        rows = []
        for id, invoices in paid.items():
            payment = next(p for p in invoices[0].payments if p.payment_id == id)
            rows.append(documents.payment(invoices, self.world.user(invoices[0].user_id), payment))
        return sorted(rows, key=lambda r: r["created_at"], reverse=True)

    @cached_property
    def credit_notes(self) -> Rows:
        rows = [
            documents.credit_note(self.world, i, note)
            for i in self._all
            for note in i.credit_notes
            if note.status != "draft"  # draft credit notes are not listed
        ]
        return sorted(rows, key=lambda r: r["created_at"], reverse=True)

    @cached_property
    def _all(self) -> list[Invoice]:
        return [i for i in self.world.invoices if i.source == "lago"]
