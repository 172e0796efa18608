"""What must be true of the books after every seed."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

from nexabooks.ledger import Plan, make_plan, read_present
from nexabooks.ledger.desired import Invoice, MoveKey
from nexabooks.ledger.desired_payments import Payment
from nexabooks.ledger.evidence import MARK
from nexabooks.sandbox.odoo.payments import counterparts
from tests.ledger.makers import ROUTES
from tests.simulation.trouble import Luck

FIXED = ("name", "date", "invoice_date", "invoice_date_due", "ref", "partner_id", "currency_id", "amount_total")


class Invariants:
    """Of a Simulation, which has what is looked at here."""

    def _assert_corrections_are_whole(self) -> None:
        """What was approved and cut off is done under that approval: none of its invoices is reversed and not posted anew.
        A reversal that an undo had begun is the undo's, also when the correction finished it: that one waits."""
        assert self.approval
        _, corrected = self.approval
        client, desired = self._client(Luck(Random(0), 0.0)), self._desired()
        plan = make_plan(desired, read_present(client, desired), mode="post", run_id="later")
        undone = {key for key, moves in plan.present.taken_back.items() if moves and not moves[-1].corrected_by}
        halves = {a.key for a in plan.of("create", "update", "post", "correct")} & corrected - undone
        assert not halves, f"approved to be corrected, and still to be done: {sorted(halves)}"

    def _all_entries(self) -> list[dict[str, Any]]:
        rows = self.odoo.books.env()["account.move"].table.rows.values()
        return [row for row in rows if row["move_type"] != "entry"]

    def _reversals(self) -> dict[int, list[dict[str, Any]]]:
        """entry of ours -> what reverses it."""
        found: dict[int, list[dict[str, Any]]] = {}
        for row in self._all_entries():
            if row["reversed_entry_id"]:
                found.setdefault(row["reversed_entry_id"], []).append(row)
        return found

    def _entries(self) -> list[dict[str, Any]]:
        """Those of ours that stand: neither a reversal nor reversed. A pair of these is equal and settled."""
        reversals = self._reversals()
        for id, some in reversals.items():
            row = next(r for r in self._all_entries() if r["id"] == id)
            assert len(some) == 1, f"entry {id} is reversed {len(some)} times"
            if some[0]["state"] == "posted":
                assert some[0]["amount_total"] == row["amount_total"], f"entry {id} and its reversal differ"
                assert not row["amount_residual"], f"entry {id} is reversed and open"
        done = {id for id, some in reversals.items() if some[0]["state"] == "posted"}
        return [r for r in self._all_entries() if not r["reversed_entry_id"] and r["id"] not in done]

    def _assert_posted_is_untouched(self) -> None:
        lines = self.odoo.books.env()["account.move.line"].table
        for row in self._all_entries():
            if row["state"] != "posted":
                assert row["id"] not in self.posted, f"entry {row['id']} is posted no more"
                continue
            held = [lines.rows[i] for i in lines.having("move_id", row["id"])]
            facts = (*(row[name] for name in FIXED), *((r["account_id"], r["balance"], r["tax_ids"]) for r in held))
            assert self.posted.setdefault(row["id"], facts) == facts, f"posted entry {row['id']} was changed"

    def _assert_one_entry_an_invoice(self, plan: Plan) -> None:
        entries: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in self._entries():
            entries.setdefault((row["x_fc_source_invoice_id"], row["x_fc_kind"]), []).append(row)
        excused = {a.key: a for a in plan.of("refuse", "report", "correct") if a.kind != "payment"}
        waiting = {key for trip in plan.trips for key in trip.holds}  # taken back, and nobody let it go
        sums: dict[str, Decimal] = {}
        expected: dict[str, Decimal] = {}
        for key, invoice in self.world.invoices.items():
            held = entries.pop((key.source_invoice_id, key.kind), [])
            assert len(held) <= 1, f"{key} has {len(held)} entries"
            if invoice.verdict != "verified":
                was = any(v.verdict == "verified" for v in self.world.versions[key])
                assert was or not held, f"{key} was never verified and has an entry"
                continue
            if key in waiting:
                assert all(row["state"] == "draft" for row in held), f"{key} waits for a person and is posted"
                continue
            assert held, f"{key} is verified and has no entry"
            if key in excused:
                self._assert_once_right(held[0], self.world.versions[key])
                continue
            assert held[0]["state"] == "posted", f"{key} is {held[0]['state']}"
            sums[invoice.currency_code] = sums.get(invoice.currency_code, Decimal(0)) + held[0]["amount_total"]
            owed = Decimal(invoice.total_minor) / 100
            expected[invoice.currency_code] = expected.get(invoice.currency_code, Decimal(0)) + owed
        assert not entries, f"entries of nobody: {sorted(entries)}"
        assert sums == expected, f"the books hold {sums}, the sources say {expected}"
        balance = self.odoo.totals()["balance"]
        assert balance == 0, f"the books are out of balance by {balance}"

    def _assert_once_right(self, row: dict[str, Any], versions: list[Invoice]) -> None:
        """What changed after posting was right when it was posted."""
        if row["state"] == "posted":
            totals = {Decimal(v.total_minor) / 100 for v in versions if v.verdict == "verified"}
            assert row["amount_total"] in totals, f"entry {row['id']} holds a total that no version had"

    def _assert_payments(self, plan: Plan) -> None:
        payments = self.odoo.books.env()["account.payment"]
        wanted = {(p.payment_id, p.source_invoice_id) for i in self.world.invoices.values() for p in i.payments}
        named = {
            p.payment_id: p.source_invoice_id
            for i in self.world.invoices.values()
            for p in i.payments
            if i.kind == "credit_note"
        }
        known: dict[tuple[str, str], int] = {}
        cancelled: set[tuple[str, str]] = set()
        for row in payments.table.rows.values():
            key = (row["x_fc_payment_id"], row["x_fc_source_invoice_id"])
            if key not in wanted and key[0] in named:  # booked bare, and named by a credit note later
                key = (key[0], named[key[0]])
                self.named_later_count += row["state"] != "canceled"
            if row["state"] == "canceled":
                cancelled.add(key)
                continue
            assert key not in known, f"payment {key} is there twice"
            known[key] = row["id"]
        assert set(known) <= wanted, f"payments of nobody: {sorted(set(known) - wanted)}"
        told = {(a.payment_id, a.source_invoice_id) for a in plan.of("report", "refuse") if a.kind == "payment"}
        # What waits for a payment that a person must decide about is told by the plan too, with that payment as its reason.
        told |= {
            (p.payment_id, p.source_invoice_id)
            for invoice in self.world.invoices.values()
            for p in invoice.payments
            if (p.settles_payment_id, p.source_invoice_id) in told
            and any((a.payment_id, a.source_invoice_id) == (p.payment_id, p.source_invoice_id) for a in plan.of("park"))
        }
        closed = {a.key for a in plan.of("report", "refuse", "correct") if a.kind != "payment"}
        closed |= {key for trip in plan.trips for key in trip.holds}
        for key, invoice in self.world.invoices.items():
            if invoice.verdict != "verified" or key in closed:
                continue
            for payment in invoice.payments:
                name = (payment.payment_id, payment.source_invoice_id)
                assert name in known or name in told, f"payment {name} is missing, and nobody is told"
                if name in known:
                    self._assert_payment(payment, payments.row(known[name]), is_told=name in told)
        self._assert_credit_notes(plan)

    def _assert_payment(self, payment: Payment, row: dict[str, Any], *, is_told: bool) -> None:
        """It goes its own way through its own journal, and is matched with something unless it may stand open."""
        env = self.odoo.books.env()
        journal = env.row("account.journal", row["journal_id"])["code"]
        assert is_told or (row["payment_type"], journal) == (payment.direction, ROUTES[payment.route].journal_code)
        lines = counterparts(env, row)
        assert len(lines) == 1, f"payment {payment.key} has {len(lines)} receivable lines"
        is_alone = not lines[0]["matching_number"]
        assert not is_alone or is_told or not payment.settles_kind, f"{payment.key} is matched with nothing, untold"

    def _assert_credit_notes(self, plan: Plan) -> None:
        """No invoice is lowered by more of a credit note than its source says."""
        env = self.odoo.books.env()
        lines, partials = env["account.move.line"].table, env["account.partial.reconcile"].table
        for row in self._entries():
            if row["move_type"] != "out_refund" or row["state"] != "posted":
                continue
            versions = self.world.versions[MoveKey("stripe", row["x_fc_source_invoice_id"], "credit_note")]
            most = max(version.settles_corrected_minor for version in versions)
            taken = Decimal(0)
            for line_id in lines.having("move_id", row["id"]):
                for partial in partials.having("credit_move_id", line_id):
                    other = lines.rows[partials.rows[partial]["debit_move_id"]]
                    if env.row("account.move", other["move_id"])["move_type"] == "out_invoice":
                        taken += partials.rows[partial]["amount"]
            assert taken * 100 <= most, (
                f"{row['x_fc_source_invoice_id']} lowers its invoice by {taken}, not by {most} cents"
            )

    def _assert_notes(self) -> None:
        """Every posted entry has its proof once; nothing that was meant is left unread."""
        rows = self.odoo.books.env()["mail.message"].table.rows.values()
        noted = Counter(row["res_id"] for row in rows if MARK in row["body"])
        posted = [r for r in self._all_entries() if r["state"] == "posted" and not r["reversed_entry_id"]]
        unlucky = {r["id"]: noted[r["id"]] for r in posted if noted[r["id"]] != 1}
        # What changed at its source before its proof was noted, or was reversed before, is not proved any more.
        standing = self._entries()
        keys = {key: invoice.content_hash for key, invoice in self.world.invoices.items()}
        for row in posted:
            key = MoveKey(row["x_fc_source_system"], row["x_fc_source_invoice_id"], row["x_fc_kind"])
            is_same = keys[key] == row["x_fc_content_hash"]
            # Two posters without a lease may settle each other's intents; then nobody knows what is owed.
            if row in standing and is_same and not self.had_two_posters:
                assert row["id"] not in unlucky, f"entry {row['id']} has {unlucky[row['id']]} notes"
        assert not self._unfinished("note"), f"owed: {[k for k, _ in self._unfinished('note')]}"

    def _assert_receipts(self) -> None:
        for plan in self.finished:
            for action in plan.actions:
                if action.is_writing:
                    name = f"{plan.run_id} {action.action_key}"
                    assert name in self.journal.receipts, f"{name} has no receipt"
        intents = {i.action_key for i in self.journal.intents.values()}
        done = [r for r in self.journal.receipts.values() if r.outcome == "done"]
        silent = [r.receipt_id for r in done if r.receipt_id.removeprefix(f"{r.run_id} ") not in intents]
        assert not silent, f"done without an intent: {silent}"
