"""Payments: one `account.payment` a payment and invoice, in the journal NCSTR on the day the source says, matched with
its own invoice. Made by `load` under `nexabooks.payment_…`, so that two posters make one payment and never an orphan
(facts: odoo "Concurrency": four clients paying by the wizard made four payments).
"""

from __future__ import annotations

from nexabooks.ledger.batches import Driven, drive
from nexabooks.ledger.desired import MoveKey, Payment, PaymentKey
from nexabooks.ledger.keys import payment_key
from nexabooks.ledger.matching import Pair, match_left_open, match_pairs
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
    todo: dict[PaymentKey, Action] = {}
    for action in run.plan.of("pay"):
        if MoveKey(action.source_system, action.source_invoice_id, "invoice") in run.stopped:
            said = "its invoice was not posted; see the invoice's own receipt"
            run.settle(action, "refused", said, odoo_model="account.payment", odoo_id=action.odoo_id)
        else:
            todo[PaymentKey(action.source_system, action.payment_id, action.source_invoice_id)] = action
    for keys in run.batches("payments", list(todo)):
        _PaymentBatch(run, {key: todo[key] for key in keys}).write()


class _PaymentBatch:
    """Some payments on their way: made, posted, matched, read back. `held`: as Odoo was last seen to hold them."""

    def __init__(self, run: Run, actions: dict[PaymentKey, Action]) -> None:
        self.run, self.actions = run, actions
        self.payments = [run.payment(key) for key in actions]
        self.troubles: dict[PaymentKey, tuple[str, str]] = {}
        self.held: dict[PaymentKey, PresentPayment] = {}
        self.ids: dict[PaymentKey, int] = {}
        self.invoices = self._read_invoices()

    def write(self) -> None:
        made = drive([p for p in self.payments if self._is_invoice_posted(p)], self._load, self._not_there)
        self._note(made)
        drafts = [p for p in made.settled if p.key not in self.held or self.held[p.key].state == "draft"]
        posted = drive(drafts, self._post, self._still_draft, look_first=False)
        self._note(posted)
        self._look()
        self._validate()
        self._match([p for p in made.settled if p.key not in self.troubles])
        self._settle_all()

    def _look(self, payments: list[Payment] | None = None) -> dict[PaymentKey, PresentPayment]:
        """These payments, or all of the batch, as they are now."""
        payments = self.payments if payments is None else payments
        found = read_payments(self.run.client, [["x_fc_payment_id", "in", [p.payment_id for p in payments]]])
        for key in (p.key for p in payments):
            self.held.pop(key, None)
            if key in found:
                self.held[key] = found[key]
                self.ids[key] = found[key].payment_id
        return self.held

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
        ids = self.run.client.load("account.payment", FIELDS, [self._row(p) for p in batch])
        self.ids.update(zip((p.key for p in batch), ids, strict=True))

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
        held = self._look(batch)
        return [p for p in batch if p.key not in held]

    def _post(self, batch: list[Payment]) -> None:
        """Also of a payment that was found again: its intent is written here, for nothing was loaded."""
        self.run.intend(self.actions[p.key] for p in batch if p.key in self.held)
        self.run.client.write_call("account.payment", "action_post", ids=[self.ids[p.key] for p in batch])

    def _still_draft(self, batch: list[Payment]) -> list[Payment]:
        held = self._look(batch)
        return [p for p in batch if p.key in held and held[p.key].state == "draft"]

    def _validate(self) -> None:
        """A payment reads `in_process` when its journal does not book straight to the bank; validating ends that."""

        def waiting(payments: list[Payment]) -> list[Payment]:
            return [p for p in payments if p.key in self.held and self.held[p.key].state == "in_process"]

        def send(batch: list[Payment]) -> None:
            self.run.client.write_call("account.payment", "action_validate", ids=[self.ids[p.key] for p in batch])

        def still_waiting(batch: list[Payment]) -> list[Payment]:
            self._look(batch)
            return waiting(batch)

        drive(waiting(self.payments), send, still_waiting, look_first=False)

    def _match(self, payments: list[Payment]) -> None:
        """Match each with its own invoice, and look: what a load left open is matched one by one."""
        pairs = self._unmatched(payments)
        self.run.intend(self.actions[key] for key in pairs if self.actions[key].odoo_id)
        said = match_pairs(self.run, list(pairs.values()))
        self._look()
        left_open = [pair for key, pair in self._unmatched(payments).items() if not said.get(pair)]
        if left_open:
            said.update(match_left_open(self.run, left_open))
            self._look()
        for key, pair in pairs.items():
            if said[pair]:
                self.troubles[key] = ("refused", f"the payment stands, unmatched: {said[pair]}")

    def _unmatched(self, payments: list[Payment]) -> dict[PaymentKey, Pair]:
        """(payment's entry, invoice) of each payment that has an entry and is not matched with its invoice yet."""
        pairs = {}
        for payment in payments:
            move, entry = self._invoice(payment), self.held.get(payment.key)
            if move and entry and entry.entry_id and move.move_id not in entry.settles:
                pairs[payment.key] = (entry.entry_id, move.move_id)
        return pairs

    def _note(self, driven: Driven[Payment]) -> None:
        self.troubles.update({p.key: ("refused", said) for p, said in driven.refused})
        self.troubles.update({p.key: ("unclear", said) for p, said in driven.unclear})

    def _settle_all(self) -> None:
        """Read the invoices back once more, and say what is."""
        self.invoices = self._read_invoices()
        for payment in self.payments:
            entry, move, action = self.held.get(payment.key), self._invoice(payment), self.actions[payment.key]
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
