"""Taking a run back: unmatch, cancel payments, reverse entries, delete drafts; each looked at before and read back after.

There is no key in Odoo's database that keeps a reversal single, so this runs under the ledger's lease, and looks for a
reversal of the same entry before it makes one: a run that was cut off is finished by the next, never doubled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

from nexabooks.clients.odoo import OdooWriter
from nexabooks.clients.odoo_versions import HAS_RATES
from nexabooks.ledger.batches import Driven, drive, repeat
from nexabooks.ledger.journal import Intent, Journal, Outcome, Receipt
from nexabooks.ledger.odoo_values import minor_of
from nexabooks.ledger.present import RATE_FIELD, READ_SIZE
from nexabooks.ledger.reversal_reasons import undo_reason
from nexabooks.ledger.undo import UndoPlan, UndoStep, UndoVerb
from nexabooks.ledger.undo_looking import matched_lines, read_many, reversals_of

TAX_AMOUNTS = ("amount_currency", "balance")  # of a tax line, in its own currency and in the company's


def apply_undo(
    plan: UndoPlan, client: OdooWriter, journal: Journal, *, undo_id: str, now: Callable[[], datetime]
) -> list[Receipt]:
    """Carry `plan` out under the run id `undo_id`; one receipt a step, `undo_…` by its verb.

    One step that Odoo refuses never stops the others. Raises KeyRefused and Unreachable as applying does; planning and
    applying again goes on from there.
    """
    undo = TakingBack(plan.steps, undo_reason(plan.run_id), client, journal, undo_id, now)
    undo.unmatch()
    undo.cancel()
    undo.reverse()
    undo.delete()
    return undo.receipts


@dataclass
class TakingBack:
    """Steps of taking back on their way: those of an undo, or of the corrections of an approved plan. `reason`: the words
    that Odoo shows on a reversal; `prefix`: before the verb, in the names of intents and receipts."""

    steps: Sequence[UndoStep]
    reason: str
    client: OdooWriter
    journal: Journal
    run_id: str
    now: Callable[[], datetime]
    prefix: str = "undo_"
    receipts: list[Receipt] = field(default_factory=list)
    written: int = 0

    def _of(self, verb: UndoVerb) -> list[UndoStep]:
        return [step for step in self.steps if step.verb == verb]

    def unmatch(self) -> None:
        """All matches of the entries that go back: Odoo would keep them on a draft, and refuses them on a reversal."""

        def send(batch: list[UndoStep]) -> None:
            self._intend(batch)
            lines = [line for ids in matched_lines(self.client, _entries(batch)).values() for line in ids]
            self.client.write_call("account.move.line", "remove_move_reconcile", ids=lines)

        def still_to_do(batch: list[UndoStep]) -> list[UndoStep]:
            matched = matched_lines(self.client, _entries(batch))
            return [s for s in batch if s.entry_id in matched]

        exchange = self._of("exchange")
        if exchange:
            self._intend(exchange)
        self._settle_all(drive(self._of("unmatch"), send, still_to_do))
        if exchange:
            self._settle_exchange(exchange)

    def _settle_exchange(self, steps: list[UndoStep]) -> None:
        """Whether Odoo took the exchange differences back with their matches: reversed, or deleted when they were drafts."""
        held = read_many(self.client, "account.move", _entries(steps), ["state"])
        reversals = reversals_of(self.client, held)
        for step in steps:
            by = [r for r in reversals.get(step.odoo_id, []) if r["state"] == "posted"]
            if by:
                self._settle(step, "done", f"{step.name}, reversed by {by[0]['name']} on {by[0]['date']}")
            elif step.odoo_id not in held:
                self._settle(step, "done", f"{step.name} is no longer in Odoo")
            else:
                self._settle(step, "unclear", f"{step.name} still stands: see whether its match was taken apart")
        self._write_down()

    def cancel(self) -> None:
        """Payments: their entries are cancelled with them."""

        def send(batch: list[UndoStep]) -> None:
            self._intend(batch)
            self.client.write_call("account.payment", "action_cancel", ids=[s.odoo_id for s in batch])

        def still_to_do(batch: list[UndoStep]) -> list[UndoStep]:
            held = read_many(self.client, "account.payment", [s.odoo_id for s in batch], ["state"])
            return [s for s in batch if s.odoo_id in held and held[s.odoo_id]["state"] not in ("canceled", "rejected")]

        self._settle_all(drive(self._of("cancel"), send, still_to_do))

    def reverse(self) -> None:
        """Reversals by Odoo's own wizard, one call for those of one journal and day, then posted. Odoo matches a posted
        reversal with what it reverses by itself, and posts that of a plain journal entry at once."""
        groups: dict[tuple[int, date], list[UndoStep]] = defaultdict(list)
        for step in self._of("reverse"):
            groups[step.journal_id or 0, step.dated_on or date.min].append(step)
        for (journal_id, dated_on), steps in sorted(groups.items()):
            made = drive(steps, partial(self._make, journal_id, dated_on), self._without_reversal)
            self._settle_troubles(made)
            self._force_rates(made.settled)
            self._force_taxes(made.settled)
            posted = drive(self._that_agree(made.settled), self._post, self._with_draft_reversal)
            self._settle_troubles(posted)
            self._settle_reversed(posted.settled)

    def _make(self, journal_id: int, dated_on: date, batch: list[UndoStep]) -> None:
        self._intend(batch)
        vals = {
            "reason": self.reason,
            "date": dated_on.isoformat(),
            "journal_id": journal_id,
            "move_ids": [[6, 0, _entries(batch)]],
        }
        wizard = self.client.write_call("account.move.reversal", "create", vals_list=[vals])
        self.client.write_call("account.move.reversal", "refund_moves", ids=wizard)

    def _without_reversal(self, batch: list[UndoStep]) -> list[UndoStep]:
        held = reversals_of(self.client, _entries(batch))
        return [s for s in batch if s.entry_id not in held]

    def _force_rates(self, steps: list[UndoStep]) -> None:
        """Odoo converts a reversal by its rate of the day; it takes back what was booked only at the rate of its entry."""
        if self.client.major_version < HAS_RATES:
            self._keep_invoice_dates(steps)
            return
        held = read_many(self.client, "account.move", _entries(steps), [RATE_FIELD])
        rates = {
            id: row[RATE_FIELD] for id, row in held.items() if row[RATE_FIELD] not in (0, 1)
        }  # 1: the company's own
        found = [r for some in reversals_of(self.client, rates).values() for r in some if r["state"] == "draft"]
        drafts = read_many(self.client, "account.move", [r["id"] for r in found], [RATE_FIELD])
        for reversal in found:
            rate = rates[reversal["reversed_entry_id"][0]]
            if drafts[reversal["id"]][RATE_FIELD] != rate:
                vals = {RATE_FIELD: rate}
                repeat(partial(self.client.write_call, "account.move", "write", ids=[reversal["id"]], vals=vals))

    def _keep_invoice_dates(self, steps: list[UndoStep]) -> None:
        """Where no entry bears a rate, a reversal on another day has the invoice date of its entry, by which Odoo converts;
        what it is booked on stays."""
        held = read_many(self.client, "account.move", _entries(steps), ["invoice_date"])
        found = [r for some in reversals_of(self.client, held).values() for r in some if r["state"] == "draft"]
        drafts = read_many(self.client, "account.move", [r["id"] for r in found], ["invoice_date"])
        for reversal in found:
            day = held[reversal["reversed_entry_id"][0]]["invoice_date"]
            if day and drafts[reversal["id"]]["invoice_date"] != day:
                vals = {"invoice_date": day, "date": reversal["date"]}
                repeat(partial(self.client.write_call, "account.move", "write", ids=[reversal["id"]], vals=vals))

    def _force_taxes(self, steps: list[UndoStep]) -> None:
        """Odoo works the taxes of a reversal out again; where the entry's own tax was forced, or rounds otherwise in the
        company's currency, so is the reversal's."""
        reversals = reversals_of(self.client, _entries(steps))
        drafts = {id: found[0]["id"] for id, found in reversals.items() if [r["state"] for r in found] == ["draft"]}
        taxes = self._tax_lines([*drafts, *drafts.values()])
        for entry_id, draft_id in drafts.items():
            pairs = zip(taxes[entry_id], taxes[draft_id], strict=False)
            commands = [
                [1, mine["id"], {name: -theirs[name] for name in TAX_AMOUNTS}]
                for theirs, mine in pairs
                if theirs["tax_line_id"] == mine["tax_line_id"] and any(theirs[n] != -mine[n] for n in TAX_AMOUNTS)
            ]
            if commands:
                vals = {"line_ids": commands}
                repeat(partial(self.client.write_call, "account.move", "write", ids=[draft_id], vals=vals))

    def _tax_lines(self, entry_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
        """entry -> its tax lines, by tax."""
        found: dict[int, list[dict[str, Any]]] = {id: [] for id in entry_ids}
        for start in range(0, len(entry_ids), READ_SIZE):
            domain = [["move_id", "in", entry_ids[start : start + READ_SIZE]], ["display_type", "=", "tax"]]
            for line in self.client.all_of("account.move.line", domain, ["move_id", "tax_line_id", *TAX_AMOUNTS]):
                found[line["move_id"][0]].append(line)
        return {id: sorted(lines, key=lambda line: (line["tax_line_id"], line["id"])) for id, lines in found.items()}

    def _that_agree(self, steps: list[UndoStep]) -> list[UndoStep]:
        """Those whose reversal has exactly the amount of what it reverses; the others stay drafts for a person."""
        held = reversals_of(self.client, _entries(steps))
        sound = []
        for step in steps:
            found = held.get(step.entry_id or 0, [])
            if len(found) == 1 and minor_of(found[0]["amount_total"], step.currency_code) == step.total_minor:
                sound.append(step)
            else:
                names = ", ".join(f"{r['name'] or 'draft'} (id {r['id']}) over {r['amount_total']}" for r in found)
                self._settle(
                    step, "refused", f"its reversal is not one of the same amount: {names or 'none'}; look at it"
                )
        return sound

    def _post(self, batch: list[UndoStep]) -> None:
        """Also of a reversal that was begun before: its intent is written here, for nothing was made."""
        self._intend(batch)
        drafts = reversals_of(self.client, _entries(batch))
        self.client.write_call("account.move", "action_post", ids=[r["id"] for found in drafts.values() for r in found])

    def _with_draft_reversal(self, batch: list[UndoStep]) -> list[UndoStep]:
        held = reversals_of(self.client, _entries(batch))
        return [s for s in batch if any(r["state"] == "draft" for r in held.get(s.entry_id or 0, []))]

    def _settle_reversed(self, steps: list[UndoStep]) -> None:
        reversals = reversals_of(self.client, _entries(steps))
        moves = read_many(self.client, "account.move", _entries(steps), ["move_type", "amount_residual"])
        for step in steps:
            by = reversals[step.entry_id or 0][0]
            move = moves[step.entry_id or 0]
            says = f"{step.name} reversed by {by['name']} on {by['date']}"
            if by["date"] != str(step.dated_on):
                says += f" and not on {step.dated_on}: a lock date was set meanwhile"
            is_closed = move["move_type"] == "entry" or not move["amount_residual"]
            self._settle(
                step, "done" if is_closed else "unclear", says if is_closed else f"{says}, and the two are not matched"
            )
        self._write_down()

    def delete(self) -> None:
        """Drafts, of entries and payments; their external ids go with them, so that a later run may make them again."""
        for model in ("account.payment", "account.move"):

            def send(batch: list[UndoStep], model: str = model) -> None:
                self._intend(batch)
                self.client.write_call(model, "unlink", ids=[s.odoo_id for s in batch])

            def still_to_do(batch: list[UndoStep], model: str = model) -> list[UndoStep]:
                held = read_many(self.client, model, [s.odoo_id for s in batch], ["state"])
                return [s for s in batch if s.odoo_id in held]

            self._settle_all(drive([s for s in self._of("delete") if s.odoo_model == model], send, still_to_do))

    def _settle_all(self, driven: Driven[UndoStep]) -> None:
        for step in driven.done:
            self._settle(step, "done", step.says)
        for step in driven.already:
            self._settle(step, "already", step.says)
        self._settle_troubles(driven)

    def _settle_troubles(self, driven: Driven[UndoStep]) -> None:
        for step, said in driven.refused:
            self._settle(step, "refused", said)
        for step, said in driven.unclear:
            self._settle(step, "unclear", said)
        self._write_down()

    def _intend(self, batch: list[UndoStep]) -> None:
        at = self.now()
        self.journal.intent(
            [
                Intent(
                    self.run_id, self._key(s), f"{self.prefix}{s.verb}", s.source_system, s.source_invoice_id, s.kind,
                    s.says, s.total_minor, s.currency_code, at,
                )
                for s in batch
            ]
        )  # fmt: skip

    def _key(self, step: UndoStep) -> str:
        return f"{self.prefix}{step.step_key}"

    def _settle(self, step: UndoStep, outcome: Outcome, says: str) -> None:
        self.receipts.append(
            Receipt(
                receipt_id=f"{self.run_id} {self._key(step)}",
                run_id=self.run_id,
                action=f"{self.prefix}{step.verb}",
                source_system=step.source_system,
                source_invoice_id=step.source_invoice_id,
                kind=step.kind,
                odoo_model=step.odoo_model,
                odoo_id=step.odoo_id,
                outcome=outcome,
                says=says,
                total_minor=step.total_minor,
                odoo_total_minor=None,
                currency_code=step.currency_code,
                at=self.now(),
            )
        )

    def _write_down(self) -> None:
        self.journal.receipt(self.receipts[self.written :])
        self.written = len(self.receipts)


def _entries(steps: list[UndoStep]) -> list[int]:
    return [s.entry_id for s in steps if s.entry_id]
