"""Payments: one `account.payment` a movement of money and document, in the journal of its route on the day the source
says, matched with what it settles. Made by `load` under `nexabooks.payment_…`, so that two posters make one payment and
never an orphan (facts: odoo "Concurrency": four clients paying by the wizard made four payments).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from nexabooks.ledger.actions import Action
from nexabooks.ledger.batches import Driven, drive
from nexabooks.ledger.desired import MoveKey
from nexabooks.ledger.desired_payments import OUTSTANDING, Payment, PaymentKey
from nexabooks.ledger.journal import Outcome
from nexabooks.ledger.keys import payment_key
from nexabooks.ledger.matching import NOTHING_LEFT, Pair, match_left_open, match_pairs, open_lines
from nexabooks.ledger.present import PresentMove, PresentPayment, read_moves, read_payments, revision_text
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
    "x_fc_revision",
)
STEPS = {
    "credit_note": "payments of credit notes",
    "invoice": "payments",
    "": "payments that stand open",
    "payment": "payments that settle payments",
}


def write_payments(run: Run, *settles_kinds: str) -> None:
    """Make, post and match the plan's payments of these kinds, in this order, and write the receipts. Only of documents
    that are posted."""
    for kind in settles_kinds:
        for batch in run.batches(STEPS[kind], partial(_is_payment, kind)):
            going = []
            for action in batch:
                if action.document_key in run.stopped:
                    said = (
                        f"its {action.document_key.kind.replace('_', ' ')} was not posted; see that one's own receipt"
                    )
                    run.settle(action, "refused", said, odoo_model="account.payment", odoo_id=action.odoo_id)
                else:
                    going.append(action)
            if going:
                _PaymentBatch(run, kind, going).write()


def _is_payment(settles_kind: str, action: Action) -> bool:
    return action.kind == "payment" and action.is_writing and action.settles_kind == settles_kind


class _PaymentBatch:
    """Some payments that settle the same kind of record, on their way: made, posted, matched, read back. `held`, `others`:
    they and the payments that they settle, as Odoo was last seen to hold them."""

    def __init__(self, run: Run, settles_kind: str, actions: Sequence[Action]) -> None:
        self.run, self.settles_kind = run, settles_kind
        self.payments = [run.payment(action) for action in actions]
        self.actions = {payment.key: action for payment, action in zip(self.payments, actions, strict=True)}
        self.troubles: dict[PaymentKey, tuple[Outcome, str]] = {}
        self.held: dict[PaymentKey, PresentPayment] = {}
        self.ids: dict[PaymentKey, int] = {}
        self._read_settled()

    def write(self) -> None:
        self._look_at_matches()
        made = drive([p for p in self.payments if self._may_be_made(p)], self._load, self._not_there)
        self._note(made)
        drafts = [
            p
            for p in made.settled
            if not self._is_only_matched(p) and (p.key not in self.held or self.held[p.key].state == "draft")
        ]
        posted = drive(drafts, self._post, self._still_draft, look_first=False)
        self._note(posted)
        self._look()
        if self.settles_kind:
            self._match([p for p in made.settled if p.key not in self.troubles])
        self._validate()
        self._settle_all()

    def _look(self, payments: list[Payment] | None = None) -> dict[PaymentKey, PresentPayment]:
        """These payments, or all of the batch, as they are now."""
        payments = self.payments if payments is None else payments
        domain = [["x_fc_payment_id", "in", [p.payment_id for p in payments]]]
        found = read_payments(self.run.client, domain, without=self.run.plan.present.gone_payment_ids)
        for payment in payments:
            key, there = payment.key, found.get(payment.key) or found.get(payment.booked_key)
            self.held.pop(key, None)
            if there:
                self.held[key] = there
                self.ids[key] = there.payment_id
        return self.held

    def _is_only_matched(self, payment: Payment) -> bool:
        return self.actions[payment.key].verb == "match"

    def _look_at_matches(self) -> None:
        """What is only to be matched, for it was booked before its credit note named it, must stand as it was planned:
        it is never made anew."""
        matches = [p for p in self.payments if self._is_only_matched(p)]
        if not matches:
            return
        self._look(matches)
        entries = {key: self.held[key].entry_id or 0 for key in (p.key for p in matches) if key in self.held}
        lines = open_lines(self.run, [(entry, entry) for entry in entries.values()])
        for payment in matches:
            held = self.held.get(payment.key)
            if not held or held.is_taken_back or held.payment_id != self.actions[payment.key].odoo_id:
                self.troubles[payment.key] = ("refused", "the payment that was to be matched is no longer in the books")
                continue
            left = abs(sum((line.left for line in lines.get(entries[payment.key], [])), Decimal(0)))
            is_whole = left == to_major(payment.amount_minor, payment.currency_code)
            if not is_whole and not self._is_matched(payment):
                said = f"{left} {payment.currency_code} of its payment are left: match this credit note by hand"
                self.troubles[payment.key] = ("refused", said)

    def _read_settled(self) -> None:
        """The documents of these payments, and the payments that they settle, as they are now."""
        ids = [p.source_invoice_id for p in self.payments]
        domain = [["x_fc_source_invoice_id", "in", ids]]
        found = read_moves(self.run.client, domain, without=self.run.taken_back_ids)
        self.documents = {key: moves[0] for key, moves in found.items()}
        self.others: dict[PaymentKey, PresentPayment] = {}
        if self.settles_kind == "payment":
            names = [p.settles_payment_id for p in self.payments]
            gone = self.run.plan.present.gone_payment_ids
            self.others = read_payments(self.run.client, [["x_fc_payment_id", "in", names]], without=gone)

    def _document(self, payment: Payment) -> PresentMove | None:
        return self.documents.get(MoveKey(payment.source_system, payment.source_invoice_id, payment.document_kind))

    def _may_be_made(self, payment: Payment) -> bool:
        """Odoo would also pay a draft invoice (facts: odoo "Amounts that differ"); we do not."""
        move, other = self._document(payment), self.others.get(payment.settled_payment_key)
        if not move or move.state != "posted":
            self.troubles[payment.key] = ("refused", f"its {payment.document_kind.replace('_', ' ')} is not posted")
        elif self.settles_kind == "payment" and (not other or other.is_taken_back):
            said = f"the payment that it settles, {payment.settles_payment_id}, is not in the books"
            self.troubles[payment.key] = ("refused", f"{said}; see that one's own receipt")
        return payment.key not in self.troubles

    def _load(self, batch: list[Payment]) -> None:
        self.run.intend(self.actions[p.key] for p in batch)
        ids = self.run.client.load("account.payment", FIELDS, [self._row(p) for p in batch])
        self.ids.update(zip((p.key for p in batch), ids, strict=True))

    def _row(self, payment: Payment) -> list[str]:
        books, move = self.run.plan.present.books, self._document(payment)
        journal = books.payment_journals[self.run.plan.desired.routes[payment.route].journal_code]
        return [
            payment_key(*payment.key, self._revision(payment)),
            payment.direction,
            "customer",
            str(move.partner_id if move else ""),
            str(to_major(payment.amount_minor, payment.currency_code)),
            str(books.currencies[payment.currency_code].currency_id),
            payment.paid_on.isoformat(),
            str(journal.journal_id),
            payment.reference or payment.payment_id,
            payment.payment_id,
            payment.source_system,
            payment.source_invoice_id,
            revision_text(self._revision(payment)),
        ]

    def _revision(self, payment: Payment) -> int:
        """That of its document: a payment that was taken back with it is made again with it."""
        return self.run.revision_of(MoveKey(payment.source_system, payment.source_invoice_id, payment.document_kind))

    def _not_there(self, batch: list[Payment]) -> list[Payment]:
        held = self._look(batch)
        return [p for p in batch if p.key not in held and not self._is_only_matched(p)]

    def _post(self, batch: list[Payment]) -> None:
        """Also of a payment that was found again: its intent is written here, for nothing was loaded."""
        self.run.intend(self.actions[p.key] for p in batch if p.key in self.held)
        self.run.client.write_call("account.payment", "action_post", ids=[self.ids[p.key] for p in batch])

    def _still_draft(self, batch: list[Payment]) -> list[Payment]:
        held = self._look(batch)
        return [p for p in batch if p.key in held and held[p.key].state == "draft"]

    def _validate(self) -> None:
        """A payment may read `in_process` when it was matched in part, or not at all. Where its money waits on Odoo's
        outstanding accounts the bank statement ends that; elsewhere the money is there, and validating says so."""
        routes = self.run.plan.desired.routes

        def waiting(payments: list[Payment]) -> list[Payment]:
            return [
                p
                for p in payments
                if p.key in self.held
                and self.held[p.key].state == "in_process"
                and routes[p.route].account_code != OUTSTANDING
            ]

        def send(batch: list[Payment]) -> None:
            self.run.client.write_call("account.payment", "action_validate", ids=[self.ids[p.key] for p in batch])

        def still_waiting(batch: list[Payment]) -> list[Payment]:
            self._look(batch)
            return waiting(batch)

        drive(waiting(self.payments), send, still_waiting, look_first=False)

    def _match(self, payments: list[Payment]) -> None:
        """Match each with what it settles, and look: what a load left open is matched one by one."""
        pairs = self._unmatched(payments)
        self.run.intend(self.actions[key] for key in pairs if self.actions[key].odoo_id)
        rates = {pairs[p.key]: p.matching_rate for p in payments if p.key in pairs and p.matching_rate}
        said = match_pairs(self.run, list(pairs.values()), rates)
        self._look()
        self._read_settled()
        left_open = [pair for key, pair in self._unmatched(payments).items() if not said.get(pair)]
        if left_open:
            said.update(match_left_open(self.run, left_open, rates))
            self._look()
            self._read_settled()
        for key, pair in pairs.items():
            if said[pair] and not (said[pair] == NOTHING_LEFT and self._is_met_by_another(key)):
                self.troubles[key] = ("refused", f"the payment stands, unmatched: {said[pair]}")

    def _unmatched(self, payments: list[Payment]) -> dict[PaymentKey, Pair]:
        """(payment's entry, what it settles) of each payment that has an entry and is not matched yet."""
        pairs = {}
        for payment in payments:
            held, settled = self.held.get(payment.key), self._settled_entry(payment)
            if held and held.entry_id and settled and not self._is_matched(payment):
                pairs[payment.key] = (held.entry_id, settled)
        return pairs

    def _settled_entry(self, payment: Payment) -> int | None:
        if self.settles_kind == "payment":
            other = self.others.get(payment.settled_payment_key)
            return other.entry_id if other else None
        move = self._document(payment)
        return move.move_id if move else None

    def _is_matched(self, payment: Payment) -> bool:
        held, move = self.held.get(payment.key), self._document(payment)
        if not held or held.state == "draft":
            return False
        if self.settles_kind == "payment":
            return held.is_spent
        return not self.settles_kind or bool(move and move.move_id in held.settles)

    def _is_met_by_another(self, key: PaymentKey) -> bool:
        """Whether a later payment of the same invoice settles this one: what was paid too much."""
        action = self.actions[key]
        payments = self.run.invoices[action.document_key].payments
        return any(p.settles_payment_id and p.settled_payment_key == key for p in payments)

    def _note(self, driven: Driven[Payment]) -> None:
        self.troubles.update({p.key: (outcome, said) for p, outcome, said in driven.troubles})

    def _settle_all(self) -> None:
        """Say of each what is."""
        for payment in self.payments:
            held = self.held.get(payment.key)
            outcome, says = self._outcome(payment, held)
            self.run.settle(
                self.actions[payment.key],
                outcome,
                says,
                odoo_model="account.payment",
                odoo_id=held.payment_id if held else None,
                odoo_total_minor=held.amount_minor if held else None,
            )

    def _outcome(self, payment: Payment, held: PresentPayment | None) -> tuple[Outcome, str]:
        move = self._document(payment)
        if self._is_matched(payment) and move:
            if not self.settles_kind:
                return "done", "it stands open at the customer"
            if self.settles_kind == "payment":
                return "done", f"matched with {payment.settles_payment_id}"
            left = f", {format_minor(move.residual_minor, move.currency_code)} left" if move.residual_minor else ""
            return "done", f"{move.name} is {move.payment_state.replace('_', ' ')}{left}"
        if payment.key in self.troubles:
            return self.troubles[payment.key]
        if held and held.state != "draft" and self._is_met_by_another(payment.key):
            return "done", "its invoice had nothing left: what was paid too much is settled by another payment"
        return "unclear", "the payment is not matched with what it settles"
