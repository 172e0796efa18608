"""Small invented worlds, and what a day does to them: invoices appear, change, are paid, credited, voided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from random import Random

from nexabooks.ledger.desired import Desired, Invoice, MoveKey, Partner
from tests.ledger.makers import a_payment, an_invoice, desired_of

TAXES = ((), ("hst_13",), ("hst_15",), ("gst_5", "qst_9975"), ("exempt",))
TAX_OFF = (0, 0, 0, 1, -1, 9)  # how far the source's tax is from Odoo's, in cents: rounding, or more than that
DAY = date(2026, 10, 1)


@dataclass
class World:
    """What the sources say, day by day. `versions`: every form that an invoice ever had."""

    rng: Random
    invoices: dict[MoveKey, Invoice] = field(default_factory=dict)
    partners: dict[str, Partner] = field(default_factory=dict)
    versions: dict[MoveKey, list[Invoice]] = field(default_factory=dict)
    refund_count: int = 0  # of those that no credit note named when they came

    def desired(self) -> Desired:
        ordered = sorted(self.invoices.values(), key=lambda i: (i.invoiced_on, i.key))
        return desired_of(*ordered, partners=tuple(self.partners.values()))

    def next_day(self) -> list[str]:
        """Let one day happen; says what did."""
        said = [self._name_later()] if self.rng.random() < 0.6 else []  # of a day before, so often booked bare
        said += [self._appear() for _ in range(self.rng.randint(1, 3))]
        things = (
            self._change,
            self._pay,
            self._pay,
            self._pay_back,
            self._pay_too_much,
            self._dispute,
            self._refund,
            self._refund,
            self._name_later,
            self._void,
            self._doubt,
            self._move_house,
            self._credit,
            self._credit,
        )
        said += [self.rng.choice(things)() for _ in range(self.rng.randint(0, 5))]
        return [line for line in said if line]

    def changes(self, count: int) -> list[str]:
        """Change so many documents, posted or not; says which."""
        return [line for line in (self._change() for _ in range(count)) if line]

    def calm_down(self) -> None:
        """Everything that was in doubt is confirmed."""
        for invoice in list(self.invoices.values()):
            if invoice.verdict == "unverified":
                self._put(replace(invoice, verdict="verified"))

    def _put(self, invoice: Invoice) -> None:
        self.invoices[invoice.key] = invoice
        self.versions.setdefault(invoice.key, []).append(invoice)

    def _any(self, *kinds: str) -> Invoice | None:
        there = [i for i in self.invoices.values() if i.kind in (kinds or ("invoice", "credit_note"))]
        return self.rng.choice(there) if there else None

    def _appear(self) -> str:
        number = len(self.invoices)
        customer_id = f"cust_{self.rng.randint(1, 3)}"
        self.partners.setdefault(customer_id, Partner(customer_id, f"Customer {customer_id[-1]}"))
        invoice = self._made(f"in_{number}", customer_id=customer_id)
        if self.rng.random() < 0.4:
            invoice = replace(invoice, payments=(a_payment(invoice, invoice.total_minor, f"pi_{number}"),))
        if self.rng.random() < 0.15:
            invoice = replace(invoice, verdict="unverified")
        self._put(invoice)
        return f"{invoice.key} appears: {invoice.total_minor}"

    def _made(self, id: str, **changes: object) -> Invoice:
        amounts = [self.rng.randint(1, 30_000) for _ in range(self.rng.randint(1, 3))]
        if self.rng.random() < 0.3:
            amounts.append(-self.rng.randint(0, sum(amounts) - 1))
        codes = self.rng.choice(TAXES)
        changes.setdefault("invoiced_on", DAY.replace(day=self.rng.randint(1, 28)))
        if codes == ("exempt",):
            return an_invoice(id, tuple(amounts), codes, tax_minor_by_code={"exempt": 0}, **changes)
        return self._with_tax_off(an_invoice(id, tuple(amounts), codes, **changes))

    def _with_tax_off(self, invoice: Invoice) -> Invoice:
        by_minor = self.rng.choice(TAX_OFF)
        taxes = {code: max(0, tax + by_minor) for code, tax in invoice.tax_minor_by_code.items()}
        tax_minor = sum(taxes.values())
        return replace(
            invoice,
            tax_minor_by_code=taxes,
            tax_minor=tax_minor,
            total_minor=invoice.subtotal_minor + tax_minor,
        )

    def _change(self) -> str:
        old = self._any()
        if not old:
            return ""
        new = self._made(
            old.source_invoice_id,
            kind=old.kind,
            customer_id=old.customer_id,
            invoiced_on=old.invoiced_on,
            verdict=old.verdict,
            corrects_source_invoice_id=old.corrects_source_invoice_id,
        )
        lowers = min(old.settles_corrected_minor, new.total_minor)
        self._put(replace(new, payments=old.payments, settles_corrected_minor=lowers))
        return f"{old.key} changes: {old.total_minor} to {new.total_minor}"

    def _pay(self) -> str:
        invoice = self._any("invoice")
        if not invoice:
            return ""
        number = len(invoice.payments)
        paid_minor = sum(p.amount_minor for p in invoice.payments)
        amount = self.rng.choice((invoice.total_minor - paid_minor, invoice.total_minor // 3, 100))
        if amount <= 0:
            return ""
        shared = self.rng.random() < 0.2  # one payment of the source for several invoices
        id = "pay_shared" if shared else f"pi_{invoice.source_invoice_id}_{number}"
        route = self.rng.choice(("stripe", "stripe", "elsewhere", "balance"))
        return self._money(invoice, amount, id, route=route)

    def _money(self, document: Invoice, amount: int, id: str, **changes: object) -> str:
        """One more payment of a document, unless it has one of that name."""
        payment = a_payment(document, amount, id, DAY.replace(day=self.rng.randint(1, 28)), **changes)
        if amount <= 0 or payment.key in {p.key for p in document.payments}:
            return ""
        self._put(replace(document, payments=(*document.payments, payment)))
        way = "paid back" if payment.direction == "outbound" else "paid"
        return f"{document.key} is {way} {amount} by {payment.route}, {id} settles {payment.settles_kind or 'nothing'}"

    def _pay_back(self) -> str:
        """Some of what a credit note does not take off its invoice goes back, or becomes credit."""
        note = self._any("credit_note")
        if not note:
            return ""
        left = note.total_minor - note.settles_corrected_minor - sum(p.amount_minor for p in note.payments)
        amount = left if self.rng.random() < 0.6 else left // 2
        route = self.rng.choice(("stripe", "balance", "elsewhere"))
        id = f"re_{note.source_invoice_id}_{len(note.payments)}"
        return self._money(note, amount, id, direction="outbound", route=route, settles_kind="credit_note")

    def _pay_too_much(self) -> str:
        """An invoice is paid once more, and what is too much becomes the customer's credit."""
        invoice = self._any("invoice")
        if not invoice or any(p.settles_kind == "payment" for p in invoice.payments):
            return ""
        came_in = sum(p.amount_minor for p in invoice.payments if p.settles_kind == "invoice")
        lowered = sum(
            i.settles_corrected_minor
            for i in self.invoices.values()
            if i.corrects_source_invoice_id == invoice.source_invoice_id
        )
        needed = max(0, invoice.total_minor - came_in - lowered)
        extra = self.rng.randint(1, 5_000)
        id = f"pi_{invoice.source_invoice_id}_more"
        said = self._money(invoice, needed + extra, id)
        words = {"direction": "outbound", "route": "balance", "settles_kind": "payment", "settles_payment_id": id}
        overpaid = f"{invoice.source_invoice_id}:overpaid"
        return said and f"{said}; {self._money(self.invoices[invoice.key], extra, overpaid, **words)}"

    def _dispute(self) -> str:
        """Money is withdrawn from us; sometimes it comes back."""
        invoice = self._any("invoice")
        if not invoice or not invoice.payments:
            return ""
        id = f"dp_{invoice.source_invoice_id}"
        amount = next((p.amount_minor for p in invoice.payments if p.payment_id == id), 0)
        if amount:
            return self._money(invoice, amount, f"{id}:reinstated", settles_kind="payment", settles_payment_id=id)
        amount = invoice.payments[0].amount_minor
        return self._money(invoice, amount, id, direction="outbound", settles_kind="")

    def _refund(self) -> str:
        """Money goes back, and no credit note says what for."""
        invoice = self._any("invoice")
        if not invoice or not invoice.payments:
            return ""
        amount = self.rng.randint(1, invoice.payments[0].amount_minor)
        self.refund_count += 1
        return self._money(invoice, amount, f"bare_{self.refund_count}", direction="outbound", settles_kind="")

    def _name_later(self) -> str:
        """A credit note over what went back before names the refund; the invoice has nothing of it any more."""
        bare = [(i, p) for i in self.invoices.values() for p in i.payments if p.payment_id.startswith("bare_")]
        bare = [(i, p) for i, p in bare if i.kind == "invoice"]
        if not bare:
            return ""
        invoice, refund = self.rng.choice(bare)
        id = f"cn_{len(self.invoices)}"
        self._put(replace(invoice, payments=tuple(p for p in invoice.payments if p != refund)))
        words = {"corrects_source_invoice_id": invoice.source_invoice_id, "invoiced_on": refund.paid_on}
        note = an_invoice(id, (refund.amount_minor,), (), kind="credit_note", customer_id=invoice.customer_id, **words)
        named = replace(refund, source_invoice_id=id, settles_kind="credit_note")
        self._put(replace(note, payments=(named,)))
        return f"{note.key} names {refund.payment_id}, {refund.amount_minor} of {invoice.source_invoice_id}"

    def _void(self) -> str:
        invoice = self._any("invoice")
        if not invoice or self.rng.random() < 0.5:
            return ""
        self._put(replace(invoice, verdict="void"))
        return f"{invoice.key} is voided"

    def _doubt(self) -> str:
        invoice = self._any()
        if not invoice or invoice.verdict == "void":
            return ""
        self._put(replace(invoice, verdict="verified" if invoice.verdict == "unverified" else "unverified"))
        return f"{invoice.key} is {self.invoices[invoice.key].verdict}"

    def _move_house(self) -> str:
        customer_id = self.rng.choice(sorted(self.partners))
        self.partners[customer_id] = replace(self.partners[customer_id], city=f"Town {self.rng.randint(1, 99)}")
        return f"{customer_id} moves"

    def _credit(self) -> str:
        invoice = self._any("invoice")
        if not invoice:
            return ""
        note = self._made(
            f"cn_{len(self.invoices)}",
            kind="credit_note",
            customer_id=invoice.customer_id,
            corrects_source_invoice_id=invoice.source_invoice_id,
        )
        lowers = self.rng.choice((0, note.total_minor // 2, note.total_minor))
        self._put(replace(note, settles_corrected_minor=lowers))
        return f"{note.key} corrects {invoice.source_invoice_id}: {note.total_minor}, of which {lowers} lower it"
