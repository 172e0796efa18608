"""One seed: some days of one world, each closed under trouble; then calm, a healing close, and what must be true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

from nexabooks.clients.odoo import OdooWriter, open_odoo
from nexabooks.errors import NexabooksError
from nexabooks.ledger import MemoryJournal, Plan, apply_plan, apply_undo, make_plan, plan_undo, read_present
from nexabooks.ledger.brakes import History, Limits, with_brakes
from nexabooks.ledger.corrections import approved_steps
from nexabooks.ledger.cut_off import rest_of_corrections
from nexabooks.ledger.desired import Desired, Invoice, MoveKey
from nexabooks.ledger.desired_payments import Payment
from nexabooks.ledger.evidence import MARK
from nexabooks.ledger.setup import setup_apply
from nexabooks.sandbox.odoo.payments import counterparts
from nexabooks.sandbox.odoo.service import OdooService
from tests.ledger.conftest import settings_of
from tests.ledger.makers import FAMILY_ROWS, ROUTE_ROWS, ROUTES, now
from tests.simulation.trouble import Killed, Luck, MortalJournal, Turns, Wire, killed_at_line
from tests.simulation.worlds import World

HEALING_CLOSES = 2  # without trouble; the second is needed where the first found what another poster left half done
TODAY = date(2026, 11, 20)
FIXED = ("name", "date", "invoice_date", "invoice_date_due", "ref", "partner_id", "currency_id", "amount_total")


@cache
def _as_new() -> tuple[OdooService, dict[str, Any]]:
    """One server for all seeds, set up once."""
    service = OdooService()
    service.start()
    try:
        with open_odoo(settings_of(service, service.admin_key), "admin") as admin:
            setup_apply(admin, FAMILY_ROWS, ROUTE_ROWS)
    finally:
        service.stop()
    return service, service.snapshot()


@dataclass
class Simulation:
    """A seed on its way. `told` is its story."""

    seed: int
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.odoo, as_new = _as_new()
        self.odoo.restore(as_new)
        self.odoo.books.conflicts.clear()
        self.world = World(Random(self.rng.random()))
        self.journal = MemoryJournal()
        self.luck = Luck(Random(self.rng.random()), self.rng.choice((0.0, 0.02, 0.08, 0.25)), self.told)
        self.posted: dict[int, tuple[Any, ...]] = {}
        self.finished: list[Plan] = []
        self.approval: tuple[set[str], set[MoveKey]] | None = None  # fingerprints, and the invoices of its corrections
        self.cut_off_count = 0  # approved closes that found half a correction
        self.named_later_count = 0  # refunds in the books that were booked bare and belong to a credit note now
        self.closes = 0
        self.had_two_posters = False

    def run(self) -> None:
        """Raises AssertionError with the seed and its story when something is not true."""
        try:
            for day in range(self.rng.randint(1, 4)):
                self.told.append(f"day {day}")
                self.told += [f"  {line}" for line in self.world.next_day()]
                self._close_in_trouble()
                if self.rng.random() < 0.3:
                    self._in_trouble("an undo", self._take_back)
                if self.rng.random() < 0.5:
                    self._approved_in_trouble()
                self._assert_posted_is_untouched()
            self._heal()
        except AssertionError as error:
            story = "\n".join(self.told)
            raise AssertionError(
                f"seed {self.seed}: {error}\n{story}\nReplay it: python -m tests.simulation --seed {self.seed}"
            ) from error

    def _close_in_trouble(self) -> None:
        mode = self.rng.choice(("post", "post", "draft"))
        posters = 2 if self.rng.random() < 0.25 else 1
        self.had_two_posters |= posters == 2
        dies_at = self.rng.randint(1, 6_000) if posters == 1 and self.rng.random() < 0.3 else 0
        ends = Turns(Random(self.rng.random())).run(
            [lambda turn: self._close(mode, self.luck, turn, dies_at)] * posters
        )
        for end in ends:
            if end is not None and not isinstance(end, Killed | NexabooksError):
                raise end
            self.told.append(f"  a close in mode {mode} ended: {type(end).__name__ if end else 'well'} {end or ''}")

    def _approved_in_trouble(self) -> None:
        """An approved close, often of invoices that changed since they were posted; when it is cut off, the same approval is
        tried again, and at last without trouble."""
        self.told += [f"  {line}" for line in self.world.changes(self.rng.randint(0, 3))]
        for _ in range(self.rng.randint(1, 3)):
            act = self._approved if self.approval is None else self._go_on
            if self._in_trouble("an approved close", act, mortality=0.6):
                self.approval = None
                return
            if self.approval is None:
                return  # it died before it was approved
            if self.rng.random() < 0.3:
                self._close_in_trouble()
        self._go_on(Luck(Random(0), 0.0))
        self._assert_corrections_are_whole()
        self.approval = None

    def _in_trouble(self, what: str, act: Callable[[Luck], object], mortality: float = 0.3) -> bool:
        """One process alone, as the lease has it, under the same luck. Says whether it ended well."""
        try:
            with killed_at_line(self.rng.randint(1, 6_000)) if self.rng.random() < mortality else nullcontext():
                act(self.luck)
            end = ""
        except (Killed, NexabooksError) as error:
            end = f"{type(error).__name__} {error}"
        self.told.append(f"  {what} ended: {end or 'well'}")
        return not end

    def _desired(self) -> Desired:
        """What the sources say, and of a refund that a note named since, what the warehouse reads back of it in Odoo."""
        desired = self.world.desired()
        wanted = {(p.payment_id, p.source_invoice_id) for i in desired.invoices for p in i.payments}
        bare = {
            key[0]: key[1]
            for row in self.odoo.books.env()["account.payment"].table.rows.values()
            if row["payment_type"] == "outbound"
            and row["state"] != "canceled"
            and (key := (row["x_fc_payment_id"], row["x_fc_source_invoice_id"])) not in wanted
        }
        invoices = tuple(
            replace(i, payments=tuple(replace(p, booked_for=bare.get(p.payment_id, "")) for p in i.payments))
            if i.kind == "credit_note"
            else i
            for i in desired.invoices
        )
        return replace(desired, invoices=invoices)

    def _client(self, luck: Luck, turn: Callable[[], None] = lambda: None) -> OdooWriter:
        return OdooWriter(Wire(self.odoo, luck, turn), 1, attempts=1)

    def _take_back(self, luck: Luck) -> None:
        """A person takes one of the runs back."""
        run_id = f"run{self.rng.randint(1, self.closes)}"
        client, journal = self._client(luck), MortalJournal(self.journal, luck)
        receipts = [asdict(r) for r in self.journal.receipts.values() if r.run_id == run_id]
        plan = plan_undo(client, receipts, run_id=run_id, today=TODAY)
        self.told.append(f"  taking {run_id} back: {plan.counts()}")
        self.closes += 1
        apply_undo(plan, client, journal, undo_id=f"undo{self.closes}", now=now)

    def _approved(self, luck: Luck) -> Plan:
        """A person approves whatever a plan shows, corrections and what was taken back included; it is planned again and
        carried out."""
        client, desired = self._client(Luck(Random(0), 0.0)), self._desired()
        shown = make_plan(desired, read_present(client, desired), mode="post", run_id="shown")
        held = with_brakes(shown, Limits(), History())
        self.approval = ({*(a.fingerprint for a in held.actions), *held.braked}, {a.key for a in held.of("correct")})
        return self._go_on(luck)

    def _go_on(self, luck: Luck) -> Plan:
        """Carry out what was approved last, as it would be planned now, with what is left of corrections that were cut off."""
        assert self.approval
        approved, _ = self.approval
        desired = self._desired()
        self.closes += 1
        client = self._client(luck)
        plan = make_plan(desired, read_present(client, desired), mode="post", run_id=f"run{self.closes}")
        meant = [key for key, intent in self.journal.intents.items() if intent.action == "reverse"]
        rest = rest_of_corrections(plan, approved, meant)
        self.cut_off_count += bool(rest)
        plan = approved_steps(plan, approved | rest)
        self.told.append(f"  approved: {plan.counts()}{', finishing a correction' if rest else ''}")
        self._apply(plan, client, luck)
        return plan

    def _apply(self, plan: Plan, client: OdooWriter, luck: Luck) -> None:
        owed = {(i.source_system, i.source_invoice_id, i.kind) for a, i in self._unfinished("post", "note")}
        journal = MortalJournal(self.journal, luck)
        apply_plan(plan, client, journal, now=now, today=TODAY, owed_notes=[MoveKey(*key) for key in owed])
        self.finished.append(plan)

    def _unfinished(self, *actions: str) -> list[Any]:
        return [(key, intent) for key, intent in self.journal.unfinished.items() if intent.action in actions]

    def _close(self, mode: str, luck: Luck, turn: Callable[[], None], dies_at: int = 0) -> Plan:
        """One process: it reads, plans and applies."""
        self.closes += 1
        client = self._client(luck, turn)
        desired, run_id = self._desired(), f"run{self.closes}"
        with killed_at_line(dies_at) if dies_at else nullcontext():
            plan = make_plan(desired, read_present(client, desired), mode=mode, run_id=run_id)  # type: ignore[arg-type]
            plan = with_brakes(plan, Limits(), History())
            self._apply(plan, client, luck)
        return plan

    def _heal(self) -> None:
        self.world.calm_down()
        calm = Luck(Random(0), 0.0)
        for _ in range(HEALING_CLOSES):
            self._close("post", calm, lambda: None)
        released = self.rng.random() < 0.7  # a person lets go what was taken back, and corrects what changed
        if released:
            for _ in range(HEALING_CLOSES):
                self._approved(calm)
                self._close("post", calm, lambda: None)
        client = self._client(calm)
        desired = self._desired()
        plan = make_plan(desired, read_present(client, desired), mode="post", run_id="later")
        plan = with_brakes(plan, Limits(), History())
        if released:
            left = [str(a.key) for a in plan.of("correct")] + [t.trip_key for t in plan.trips]
            assert not left, f"approved, and still to be done: {left}"
        writing = [action for action in plan.actions if action.is_writing]
        assert not writing, f"a further run would do {[(a.verb, str(a.key), a.reason) for a in writing]}"
        self._assert_posted_is_untouched()
        self._assert_one_entry_an_invoice(plan)
        self._assert_payments(plan)
        self._assert_notes()
        self._assert_receipts()

    # What must be true

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
