"""Payments: one `account.payment` a payment and invoice, in the journal NCSTR on the day the source says, matched with
its own invoice. Made by `load` under `nexabooks.payment_…`, so that two posters make one payment and never an orphan
(facts: odoo "Concurrency": four clients paying by the wizard made four payments).
"""

from __future__ import annotations

from nexabooks.ledger.batches import BATCH_SIZE, drive
from nexabooks.ledger.desired import MoveKey, Payment, PaymentKey
from nexabooks.ledger.keys import payment_key
from nexabooks.ledger.matching import match_pair, open_lines
from nexabooks.ledger.plan import Action
from nexabooks.ledger.present import PresentMove, PresentPayment, read_moves, read_payments
from nexabooks.ledger.run import Run
from nexabooks.money import format_minor, to_major

FIELDS = (
    "id",
    "payment_type",
    "partner_type",
    "partner_id/.id",
    "amount",
    "currency_id/.id",
    "date",
    "journal_id/.id",
    "memo",
    "x_fc_payment_id",
    "x_fc_source_system",
    "x_fc_source_invoice_id",
)


def write_payments(run: Run) -> None:
    """Make, post and match the plan's payments of invoices that are posted, and write the receipts."""
    known = {payment.key: payment for invoice in run.plan.desired.invoices for payment in invoice.payments}
    actions: dict[PaymentKey, Action] = {}
    for action in run.plan.of("pay"):
        if MoveKey(action.source_system, action.source_invoice_id, "invoice") in run.stopped:
            said = "its invoice was not posted; see the invoice's own receipt"
            run.settle(action, "refused", said, odoo_model="account.payment", odoo_id=action.odoo_id)
        else:
            actions[PaymentKey(action.source_system, action.payment_id, action.source_invoice_id)] = action
    payments = [known[key] for key in actions]
    for start in range(0, len(payments), BATCH_SIZE):
        _PaymentBatch(run, actions, payments[start : start + BATCH_SIZE]).write()
        run.end_batch("payments", min(start + BATCH_SIZE, len(payments)), len(payments))


class _PaymentBatch:
    """Some payments on their way: made, posted, matched, read back."""

    def __init__(self, run: Run, actions: dict[PaymentKey, Action], payments: list[Payment]) -> None:
        self.run, self.actions, self.payments = run, actions, payments
        self.troubles: dict[PaymentKey, tuple[str, str]] = {}
        self.invoices = self._read_invoices()

    def write(self) -> None:
        posted = [p for p in self.payments if self._is_invoice_posted(p)]
        made = drive(posted, self._load, self._not_there)
        self._note(made.refused, made.unclear)
        drafts = drive(made.settled, self._post, self._still_draft)
        self._note(drafts.refused, drafts.unclear)
        self._validate(drafts.settled)
        self._match(drafts.settled)
        self._settle_all()

    def _read(self, payments: list[Payment]) -> dict[PaymentKey, PresentPayment]:
        found = read_payments(self.run.client, [["x_fc_payment_id", "in", [p.payment_id for p in payments]]])
        wanted = {p.key for p in payments}
        return {key: held for key, held in found.items() if key in wanted}

    def _read_invoices(self) -> dict[MoveKey, PresentMove]:
        ids = [p.source_invoice_id for p in self.payments]
        found = read_moves(self.run.client, [["x_fc_source_invoice_id", "in", ids], ["x_fc_kind", "=", "invoice"]])
        return {key: moves[0] for key, moves in found.items()}

    def _invoice(self, payment: Payment) -> PresentMove | None:
        return self.invoices.get(MoveKey(payment.source_system, payment.source_invoice_id, "invoice"))

    def _is_invoice_posted(self, payment: Payment) -> bool:
        """Odoo would also pay a draft invoice (facts: odoo "Amounts that differ"); we do not."""
        move = self._invoice(payment)
        if move and move.state == "posted":
            return True
        self.troubles[payment.key] = ("refused", "its invoice is not posted")
        return False

    def _load(self, batch: list[Payment]) -> None:
        self.run.intend(self.actions[p.key] for p in batch)
        self.run.client.load("account.payment", FIELDS, [self._row(p) for p in batch])

    def _row(self, payment: Payment) -> list[str]:
        books, move = self.run.plan.present.books, self._invoice(payment)
        journal_id = books.payment_journal.journal_id if books.payment_journal else ""
        return [
            payment_key(*payment.key),
            "inbound",
            "customer",
            str(move.partner_id if move else ""),
            str(to_major(payment.amount_minor, payment.currency_code)),
            str(books.currencies[payment.currency_code].currency_id),
            payment.paid_on.isoformat(),
            str(journal_id),
            payment.reference or payment.payment_id,
            payment.payment_id,
            payment.source_system,
            payment.source_invoice_id,
        ]

    def _not_there(self, batch: list[Payment]) -> list[Payment]:
        held = self._read(batch)
        return [p for p in batch if p.key not in held]

    def _post(self, batch: list[Payment]) -> None:
        held = self._read(batch)
        self.run.client.write_call("account.payment", "action_post", ids=[held[p.key].payment_id for p in batch])

    def _still_draft(self, batch: list[Payment]) -> list[Payment]:
        held = self._read(batch)
        return [p for p in batch if p.key in held and held[p.key].state == "draft"]

    def _validate(self, payments: list[Payment]) -> None:
        """A payment reads `in_process` when its journal does not book straight to the bank; validating ends that."""

        def still_waiting(batch: list[Payment]) -> list[Payment]:
            held = self._read(batch)
            return [p for p in batch if p.key in held and held[p.key].state == "in_process"]

        def send(batch: list[Payment]) -> None:
            held = self._read(batch)
            self.run.client.write_call(
                "account.payment", "action_validate", ids=[held[p.key].payment_id for p in batch]
            )

        drive(payments, send, still_waiting)

    def _match(self, payments: list[Payment]) -> None:
        held = self._read(payments)
        pairs = []
        for payment in payments:
            move, entry = self._invoice(payment), held.get(payment.key)
            if move and entry and entry.entry_id and move.move_id not in entry.settles:
                pairs.append((payment, move.move_id, entry.entry_id))
        if not pairs:
            return
        lines = open_lines(self.run, sorted({i for _, move_id, entry_id in pairs for i in (move_id, entry_id)}))
        for payment, move_id, entry_id in pairs:
            said = match_pair(self.run, move_id, entry_id, lines)
            if said:
                self.troubles[payment.key] = ("refused", f"the payment stands, unmatched: {said}")

    def _note(self, refused: list[tuple[Payment, str]], unclear: list[tuple[Payment, str]]) -> None:
        self.troubles.update({p.key: ("refused", said) for p, said in refused})
        self.troubles.update({p.key: ("unclear", said) for p, said in unclear})

    def _settle_all(self) -> None:
        """Read everything back once more, and say what is."""
        held, self.invoices = self._read(self.payments), self._read_invoices()
        for payment in self.payments:
            entry, move, action = held.get(payment.key), self._invoice(payment), self.actions[payment.key]
            is_matched = bool(entry and move and move.move_id in entry.settles)
            if is_matched and move:
                left = f", {format_minor(move.residual_minor, move.currency_code)} left" if move.residual_minor else ""
                outcome, says = "done", f"{move.name} is {move.payment_state.replace('_', ' ')}{left}"
            else:
                outcome, says = self.troubles.get(
                    payment.key, ("unclear", "the payment is not matched with its invoice")
                )
            self.run.settle(
                action,
                outcome,  # type: ignore[arg-type]
                says,
                odoo_model="account.payment",
                odoo_id=entry.payment_id if entry else None,
                odoo_total_minor=entry.amount_minor if entry else None,
            )
