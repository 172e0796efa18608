"""One world as Stripe's lists: each rendered once when it is first asked for, newest first, and found by id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from nexabooks.sandbox.lago_service.charging import charges_of
from nexabooks.sandbox.stripe import catalogue, credit_notes, money
from nexabooks.sandbox.stripe import invoices as rendering
from nexabooks.sandbox.stripe.common import related
from nexabooks.sandbox.stripe.events import events_of
from nexabooks.sandbox.world import Charge, Invoice, User, World

Record = dict[str, Any]


class Listing:
    """The objects of one list, newest `created` first; of one second, the later one first."""

    def __init__(self, records: list[Record]) -> None:
        self.records = [r for _, r in sorted(enumerate(records), key=lambda p: (-_created(p[1]), -p[0]))]
        self.position = {record["id"]: n for n, record in enumerate(self.records)}


def _created(record: Record) -> int:
    # An invoice item has `date` in place of `created`.
    return int(record.get("created") or record.get("date") or 0)


class Book:
    """Everything Stripe knows of `world`. `listing(name)` is a list of the API, `find(id)` any object by its id."""

    def __init__(self, world: World, files_url: str = "https://files.sandbox.invalid") -> None:
        self.world, self._files_url = world, files_url
        self._documents: dict[str, str] | None = None
        self.users: dict[str, User] = {u.id: u for u in world.users}
        self.subscriptions = {s.id: s for s in world.subscriptions}
        self.plans = {p.id: p for p in world.plans}
        self.invoices: list[Invoice] = [i for i in world.invoices if i.source == "stripe"]
        # Charges that pay no invoice of Stripe's.
        self.others: list[Charge] = [*world.charges, *(charges_of(world) if world.lago_charges_here else ())]
        self.first_seen: datetime = min((i.created_at for i in self.invoices), default=world.now) - timedelta(days=30)
        self.lines: dict[str, list[Record]] = {}
        self._listings: dict[str, Listing] = {}
        self._render: dict[str, Callable[[], Iterator[Record]]] = {
            "customers": self._customers,
            "products": lambda: (
                catalogue.render_product(p, self.first_seen) for p in world.plans if p.stripe_price_id
            ),
            "prices": lambda: (catalogue.render_price(p, self.first_seen) for p in world.plans if p.stripe_price_id),
            "subscriptions": self._subscriptions,
            "invoices": self._invoices,
            "invoiceitems": self._invoice_items,
            "invoice_payments": self._invoice_payments,
            "payment_intents": lambda: (
                money.render_payment_intent(made, user)
                for made, user in self._charges()
                if not made.payment.is_out_of_band
            ),
            "charges": lambda: (
                money.render_charge(made, user) for made, user in self._charges() if made.payment.charge_id
            ),
            "refunds": lambda: (
                money.render_refund(refund, made, user)
                for made, user in self._charges()
                for refund in made.payment.refunds
            ),
            "disputes": self._disputes,
            "credit_notes": lambda: (
                credit_notes.render_credit_note(c, i, self.users[i.user_id]) | {"pdf": f"{self._page(c.id)}/pdf"}
                for i in self.invoices
                for c in i.credit_notes
            ),
            "balance_transactions": lambda: iter(self._bank()[0]),
            "payouts": lambda: iter(self._bank()[1]),
            "tax_rates": self._tax_rates,
            "events": lambda: events_of(self),
        }
        self._bank_cache: tuple[list[Record], list[Record]] | None = None
        self.payout_transactions: dict[str, set[str]] = {}

    @property
    def names(self) -> frozenset[str]:
        """The lists there are."""
        return frozenset(self._render)

    def listing(self, name: str) -> Listing:
        if name not in self._listings:
            self._listings[name] = Listing(list(self._render[name]()))
        return self._listings[name]

    def find(self, name: str, id: str) -> Record | None:
        """One object of a list by its id; a deleted customer is a stub, a deleted draft is nothing."""
        if name == "customers":
            user = next((u for u in self.world.users if u.stripe_customer_id == id), None)
            if user and user.stripe_is_deleted:
                return catalogue.render_customer(user, "cad", self.first_seen)
        listing = self.listing(name)
        return listing.records[listing.position[id]] if id in listing.position else None

    def invoice_lines(self, id: str) -> list[Record]:
        """All lines of one invoice, in the order of the document."""
        self.listing("invoices")
        return self.lines[id]

    def credit_note_lines(self, id: str) -> list[Record]:
        """All lines of one credit note, in the order of the document."""
        return credit_notes.render_lines(next(c for i in self.invoices for c in i.credit_notes if c.id == id))

    def render_one(self, invoice: Invoice) -> Record:
        """One invoice as an object, whatever moment of its life `invoice` is."""
        return self._render_invoice(invoice)[0]

    def render_customer(self, user: User) -> Record:
        currency = next((i.currency_code for i in self.invoices if i.user_id == user.id), "CAD")
        return catalogue.render_customer(user, currency, self.first_seen)

    def _charges(self) -> Iterator[tuple[Charge, User]]:
        """Every payment, of an invoice of Stripe's or not."""
        for invoice in self.invoices:
            for payment in invoice.payments:
                yield money.charge_of(payment, invoice), self.users[invoice.user_id]
        for made in self.others:
            yield made, self.users[made.user_id]

    def _customers(self) -> Iterator[Record]:
        return (self.render_customer(u) for u in self.world.users if u.stripe_customer_id and not u.stripe_is_deleted)

    def _subscriptions(self) -> Iterator[Record]:
        latest = {i.subscription_id: i.id for i in self.invoices if i.subscription_id}
        for s in self.world.subscriptions:
            if s.stripe_subscription_id:
                yield catalogue.render_subscription(
                    s, self.plans[s.plan_id], self.users[s.user_id], latest.get(s.id), self.first_seen
                )

    def _render_invoice(self, invoice: Invoice) -> tuple[Record, list[Record]]:
        subscription = self.subscriptions.get(invoice.subscription_id or "")
        plan = self.plans.get(subscription.plan_id) if subscription else None
        price = (
            {"price": plan.stripe_price_id, "product": catalogue.product_id(plan)}
            if plan and plan.stripe_price_id
            else None
        )
        record, lines = rendering.render_invoice(invoice, self.users[invoice.user_id], subscription, price)
        page = None if invoice.status == "draft" else self._page(invoice.id)
        return record | {"hosted_invoice_url": page, "invoice_pdf": page and f"{page}/pdf?s=ap"}, lines

    def _page(self, id: str) -> str:
        """Where the document `id` opens for whoever has the address; its PDF lies below."""
        return f"{self._files_url}/i/{related('live', id)}"

    def document_of(self, path: str) -> str:
        """The id of the document whose PDF lies at `path`, '' when there is none."""
        if self._documents is None:
            ids = [i.id for i in self.invoices] + [note.id for i in self.invoices for note in i.credit_notes]
            self._documents = {f"/i/{related('live', id)}/pdf": id for id in ids}
        return self._documents.get(path, "")

    def _invoices(self) -> Iterator[Record]:
        for invoice in self.invoices:
            if not invoice.is_deleted:
                record, self.lines[invoice.id] = self._render_invoice(invoice)
                yield record

    def _invoice_items(self) -> Iterator[Record]:
        for invoice in self.invoices:
            subscription = self.subscriptions.get(invoice.subscription_id or "")
            if not invoice.is_deleted and not (subscription and subscription.stripe_subscription_id):
                for line in invoice.lines:
                    yield rendering.render_invoice_item(line, invoice, self.users[invoice.user_id])

    def _invoice_payments(self) -> Iterator[Record]:
        for invoice in self.invoices:
            for n, payment in enumerate(invoice.payments):
                yield credit_notes.render_invoice_payment(payment, invoice, is_default=n == 0)

    def _disputes(self) -> Iterator[Record]:
        for made, _ in self._charges():
            transactions = money.transactions_of(made)
            for dispute in made.payment.disputes:
                yield money.render_dispute(dispute, made, [t for t in transactions if t["source"] == dispute.id])

    def _bank(self) -> tuple[list[Record], list[Record]]:
        """Balance transactions and payouts. A payout that would be sent after the world's now is still to come."""
        if self._bank_cache is None:
            transactions: list[Record] = []
            by_payout: dict[tuple[str, str], list[Record]] = defaultdict(list)
            for made, _ in self._charges():
                rows = money.transactions_of(made)
                transactions += rows
                if rows and made.payment.payout_id:
                    by_payout[made.payment.payout_id, rows[0]["currency"].upper()].append(rows[0])
            payouts = []
            for (payout_id, currency), rows in by_payout.items():
                payout, own = money.payout_of(
                    rows, payout_id if currency == "CAD" else f"{payout_id}{currency.lower()}", currency
                )
                if payout["created"] < self.world.now.timestamp():
                    payouts.append(payout)
                    transactions.append(own)
                    self.payout_transactions[payout["id"]] = {own["id"], *(row["id"] for row in rows)}
            self._bank_cache = (transactions, payouts)
        return self._bank_cache

    def _tax_rates(self) -> Iterator[Record]:
        used = {(t.code, t.is_inclusive) for i in self.invoices for line in i.lines for t in line.taxes}
        return (catalogue.render_tax_rate(code, is_inclusive, self.first_seen) for code, is_inclusive in sorted(used))
