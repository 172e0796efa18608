"""The way back of one run, planned: its drafts deleted, its payments, in and out, cancelled, its entries reversed, matches undone first.

What the run did comes from its receipts, how it stands now from Odoo. Planning only reads, and the same state gives the
same plan and hash; once carried out, the plan is empty. What cannot go back is a `leave` that says why. An entry that
lies behind a lock date stays where it is, and its reversal is dated into the open period (facts: odoo "Lock dates":
Odoo refuses to cancel there).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Literal, get_args

from nexabooks.clients.odoo import OdooReader, id_of, text_of
from nexabooks.ledger.books import LOCK_DATES, Journal, read_sale_journal
from nexabooks.ledger.desired import content_hash
from nexabooks.ledger.odoo_values import day_of, minor_of
from nexabooks.ledger.own_numbers import NumbersJournal, read_numbers_journal
from nexabooks.ledger.reversal_reasons import is_ours
from nexabooks.ledger.undo_effect import AccountEffect, effects_of, exchange_entries, in_all, in_words
from nexabooks.ledger.undo_looking import matched_lines, read_many, reversals_of
from nexabooks.money import format_minor

# exchange: an exchange difference, which Odoo takes back by itself when its match goes; it is shown and looked at after.
UndoVerb = Literal["unmatch", "exchange", "cancel", "reverse", "delete", "leave"]
PAYMENT_LOCKS = ("fiscalyear_lock_date", "hard_lock_date")  # the sales and the tax lock do not touch a bank journal

MOVE_FIELDS = ("name", "state", "payment_state", "date", "journal_id", "currency_id", "amount_total", "x_fc_run_id")
PAYMENT_FIELDS = ("state", "date", "amount", "currency_id", "move_id", "journal_id", "memo", "payment_type")


@dataclass(frozen=True, slots=True)
class UndoStep:
    """One thing to take back, or to leave as it is. `entry_id`: the journal entry behind it (a payment has one of its
    own); `dated_on`: the day of the reversal, None for every other verb; `books`: what an exchange difference that is
    taken back books, account by account."""

    verb: UndoVerb
    source_system: str
    source_invoice_id: str
    kind: str
    odoo_model: str
    odoo_id: int
    entry_id: int | None
    name: str
    says: str
    total_minor: int = 0
    currency_code: str = ""
    journal_id: int | None = None
    dated_on: date | None = None
    books: tuple[AccountEffect, ...] = ()

    @property
    def step_key(self) -> str:
        """The name of this step, the same whenever the same run is taken back."""
        return f"{self.verb} {self.odoo_model} {self.odoo_id}"


@dataclass(frozen=True)
class UndoPlan:
    """How to take `run_id` back. `effect` is its effect on the balances, with what Odoo books by itself: the opposite of what
    stands in the books."""

    run_id: str
    steps: tuple[UndoStep, ...]
    effect: tuple[AccountEffect, ...]
    currency_code: str

    @cached_property
    def hash(self) -> str:
        """What an approval is bound to."""
        return content_hash(["undo", self.run_id, [{**asdict(s), "dated_on": str(s.dated_on)} for s in self.steps]])

    @property
    def is_empty(self) -> bool:
        """Nothing would be written."""
        return all(step.verb == "leave" for step in self.steps)

    def of(self, verb: UndoVerb) -> list[UndoStep]:
        """The steps of this verb, in the order in which they are taken."""
        return [step for step in self.steps if step.verb == verb]

    def counts(self) -> dict[str, int]:
        """How many steps of each verb there are; a verb without any is left out."""
        return dict(sorted(Counter(step.verb for step in self.steps).items()))

    def to_dict(self) -> dict[str, Any]:
        """For keeping and showing. `mode` tells it from a plan of the ledger; it has no `actions`."""
        return {
            "run_id": self.run_id,
            "hash": self.hash,
            "mode": "undo",
            "counts": self.counts(),
            "actions": [],
            "steps": [{**asdict(s), "dated_on": s.dated_on and s.dated_on.isoformat()} for s in self.steps],
            "effect": [asdict(e) for e in self.effect],
        }


def plan_undo(client: OdooReader, receipts: Iterable[Mapping[str, Any]], *, run_id: str, today: date) -> UndoPlan:
    """How to take the run `run_id` back. `receipts`: those of the run, from the ops store; `today`: the accounting day
    on which reversals of locked entries are booked. Reads Odoo only; raises as the client does."""
    done = [r for r in receipts if r["odoo_id"] and r["outcome"] != "already"]
    books = Periods(client, today)
    steps = [*_payment_steps(client, books, [r for r in done if r["action"] == "pay"])]
    steps += _move_steps(client, books, run_id, [r for r in done if r["odoo_model"] == "account.move"])
    for receipt in done:
        if receipt["odoo_model"] == "res.partner" and receipt["outcome"] == "done":
            steps.append(_step("leave", receipt, receipt["says"], "customers stay: they carry no balance"))
        if receipt["action"] == "reverse":
            steps.append(_step("leave", receipt, receipt["says"], "a correction stays: its source says otherwise now"))
    steps = [*_unmatch_steps(client, books, steps, done), *steps]
    order = {verb: n for n, verb in enumerate(get_args(UndoVerb))}
    steps.sort(key=lambda s: (order[s.verb], s.odoo_model != "account.payment", s.odoo_id))
    return UndoPlan(run_id, tuple(steps), _effect(client, steps, books.currency_code), books.currency_code)


class Periods:
    """The company's lock dates and currency, and the day on which what is locked is taken back."""

    def __init__(self, client: OdooReader, today: date) -> None:
        company = client.read("res.company", [client.company_id], [*LOCK_DATES, "currency_id"])[0]
        self.currency_code = text_of(company["currency_id"][1])
        self.locks = {name: day for name in LOCK_DATES if (day := day_of(company[name]))}
        self.today = today
        self._client = client

    def reversal_journal(self, journal_id: int | None) -> int | None:
        """Where an entry of this journal is reversed: there, but no reversal takes one of the source's numbers."""
        kept, other = self._sale_journals
        return other.journal_id if kept and other and journal_id == kept.journal_id else journal_id

    @cached_property
    def _sale_journals(self) -> tuple[NumbersJournal | None, Journal | None]:
        return read_numbers_journal(self._client), read_sale_journal(self._client)

    def lock_over(self, day: date, names: Sequence[str]) -> str:
        """The lock date that `day` lies behind, in words; '' when it is open."""
        found = [(self.locks[name], name) for name in names if name in self.locks and day <= self.locks[name]]
        return f"{max(found)[1].replace('_', ' ')} {max(found)[0]}" if found else ""

    def reversal(self, day: date, names: Sequence[str]) -> tuple[date, str]:
        """(the day of the reversal of an entry of `day`, what to say about it)."""
        lock = self.lock_over(day, names)
        if not lock:
            return day, f"reversed on its own day, {day}"
        open_on = self.today
        while self.lock_over(open_on, names):
            open_on = date.fromordinal(max(d for n, d in self.locks.items() if n in names).toordinal() + 1)
        return open_on, f"booked on {day}, which is locked ({lock}): reversed in the open period, on {open_on}"


def _step(verb: UndoVerb, receipt: Mapping[str, Any], name: str, says: str, **more: Any) -> UndoStep:
    return UndoStep(
        verb,
        receipt["source_system"],
        receipt["source_invoice_id"],
        receipt["kind"],
        receipt["odoo_model"],
        more.pop("odoo_id", receipt["odoo_id"]),
        more.pop("entry_id", None),
        name,
        says,
        **more,
    )


def _payment_steps(client: OdooReader, books: Periods, receipts: list[Mapping[str, Any]]) -> list[UndoStep]:
    held = read_many(client, "account.payment", [r["odoo_id"] for r in receipts], PAYMENT_FIELDS)
    entries = {id: entry_id for id, row in held.items() if (entry_id := id_of(row["move_id"]))}
    reversals = reversals_of(client, entries.values())
    steps = []
    for receipt in receipts:
        row = held.get(receipt["odoo_id"])
        if row is None:
            steps.append(_step("leave", receipt, "payment", "it is no longer in Odoo"))
            continue
        code = row["currency_id"][1]
        about = {"total_minor": minor_of(row["amount"], code), "currency_code": code}
        name = f"payment {text_of(row['memo'])}".strip()
        entry_id = entries.get(row["id"])
        day = date.fromisoformat(row["date"])
        way = "paid back" if row["payment_type"] == "outbound" else "paid"
        if row["state"] == "draft":
            steps.append(_step("delete", receipt, name, "a draft payment", **about))
        elif row["state"] in ("canceled", "rejected"):
            steps.append(_step("leave", receipt, name, f"it is {row['state']} already", **about))
        elif entry_id in reversals:
            steps.append(_step("leave", receipt, name, f"it was reversed by {reversals[entry_id][0]['name']}", **about))
        elif entry_id and books.lock_over(day, PAYMENT_LOCKS):
            dated_on, says = books.reversal(day, PAYMENT_LOCKS)
            journal_id = id_of(row["journal_id"])
            where = {"entry_id": entry_id, "journal_id": journal_id, "dated_on": dated_on}
            steps.append(_step("reverse", receipt, name, says, **about, **where))
        else:
            steps.append(
                _step(
                    "cancel",
                    receipt,
                    name,
                    f"{way} on {day}; what it settled is open again",
                    **about,
                    entry_id=entry_id,
                )
            )
    return steps


def _move_steps(client: OdooReader, books: Periods, run_id: str, receipts: list[Mapping[str, Any]]) -> list[UndoStep]:
    """One step an entry that the run made or posted. Drafts are found by the run's name on them too: a run that was
    killed left no receipt."""
    by_id: dict[int, dict[str, Mapping[str, Any]]] = {}
    for receipt in receipts:
        if receipt["action"] in ("create", "update", "post"):
            by_id.setdefault(receipt["odoo_id"], {})[receipt["action"]] = receipt
    fields = ("id", "x_fc_source_system", "x_fc_source_invoice_id", "x_fc_kind")
    domain = [["company_id", "=", client.company_id], ["x_fc_run_id", "=", run_id], ["state", "=", "draft"]]
    for row in client.all_of("account.move", domain, fields):
        names = dict(
            zip(("source_system", "source_invoice_id", "kind"), (text_of(row[f]) for f in fields[1:]), strict=True)
        )
        by_id.setdefault(row["id"], {"create": {**names, "odoo_model": "account.move", "odoo_id": row["id"]}})
    held = read_many(client, "account.move", list(by_id), MOVE_FIELDS)
    reversals = reversals_of(client, [id for id, row in held.items() if row["state"] == "posted"])
    return [_move_step(books, run_id, done, held.get(id), reversals.get(id, [])) for id, done in sorted(by_id.items())]


def _move_step(
    books: Periods,
    run_id: str,
    done: dict[str, Mapping[str, Any]],
    row: dict[str, Any] | None,
    reversals: list[dict[str, Any]],
) -> UndoStep:
    receipt = done.get("post") or done.get("create") or done["update"]
    if row is None:
        return _step("leave", receipt, "draft", "it is no longer in Odoo")
    code = row["currency_id"][1]
    about: dict[str, Any] = {
        "total_minor": minor_of(row["amount_total"], code),
        "currency_code": code,
        "entry_id": row["id"],
    }
    name = text_of(row["name"]) or "draft"
    if row["state"] == "cancel":
        return _step("leave", receipt, name, "it was cancelled in Odoo", **about)
    if row["state"] == "draft":
        if "create" not in done:
            return _step(
                "leave", receipt, name, "a draft that was there before the run; the next run renews it", **about
            )
        return _step("delete", receipt, name, "a draft of this run", **about)
    if "post" not in done or done["post"]["outcome"] not in ("done", "unclear"):
        return _step("leave", receipt, name, "another run posted it: take that one back", **about)
    posted = [r for r in reversals if r["state"] == "posted"]
    others = [r for r in reversals if not is_ours(r)]
    if row["payment_state"] == "reversed" or (posted and not others):
        by = ", ".join(r["name"] for r in posted) or "a credit note"
        return _step("leave", receipt, name, f"it was reversed by {by}", **about)
    if others:
        names = ", ".join(text_of(r["name"]) or "a draft" for r in others)
        return _step(
            "leave", receipt, name, f"a person began to reverse it in Odoo ({names}): finish it there", **about
        )
    dated_on, says = books.reversal(date.fromisoformat(row["date"]), LOCK_DATES)
    journal_id = books.reversal_journal(id_of(row["journal_id"]))
    return _step("reverse", receipt, name, says, **about, journal_id=journal_id, dated_on=dated_on)


def _unmatch_steps(
    client: OdooReader, books: Periods, steps: list[UndoStep], receipts: list[Mapping[str, Any]]
) -> list[UndoStep]:
    """Every entry that goes back, or was matched by the run, and still has a matched receivable line; with the exchange
    differences that go with its matches."""
    going = {s.entry_id: s for s in steps if s.verb in ("cancel", "reverse") and s.entry_id}
    matches = _matched_by(client, [r for r in receipts if r["action"] == "match" and r["outcome"] == "done"])
    reversals = reversals_of(client, matches.keys() - going.keys())
    for entry_id, receipt in matches.items():
        if entry_id not in going and entry_id not in reversals:  # else it is matched with what reversed it
            name = "credit note" if receipt["odoo_model"] == "account.move" else "refund"
            going[entry_id] = _step("unmatch", receipt, name, "", entry_id=entry_id)
    matched = matched_lines(client, list(going))
    found = [
        replace(
            going[entry_id],
            verb="unmatch",
            odoo_model="account.move",
            odoo_id=entry_id,
            says="what it was matched with is open again",
            total_minor=0,
            currency_code="",
            journal_id=None,
            dated_on=None,
        )
        for entry_id in sorted(matched)
    ]
    entry_of = {line_id: entry_id for entry_id, lines in sorted(matched.items()) for line_id in lines}
    return [*found, *_exchange_steps(client, books, going, entry_of)]


def _matched_by(client: OdooReader, receipts: list[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    """entry -> the receipt of its match. Of a payment that was only matched the entry is its own; it is the run's that made it."""
    of_payments = {r["odoo_id"]: r for r in receipts if r["odoo_model"] == "account.payment"}
    held = read_many(client, "account.payment", list(of_payments), ["move_id"])
    found = {r["odoo_id"]: r for r in receipts if r["odoo_model"] == "account.move"}
    return found | {entry: of_payments[id] for id, row in held.items() if (entry := id_of(row["move_id"]))}


def _exchange_steps(
    client: OdooReader, books: Periods, going: Mapping[int, UndoStep], entry_of: Mapping[int, int]
) -> list[UndoStep]:
    """One step an exchange difference of a match that goes. `entry_of`: the matched lines, each with its entry."""
    line_of = exchange_entries(client, list(entry_of))
    held = read_many(client, "account.move", sorted(line_of), ["name"])
    effects = effects_of(client, sorted(held), books.currency_code)
    steps = []
    for id, row in sorted(held.items()):
        about = going[entry_of[line_of[id]]]
        effect = effects.get(id, ())
        says = f"Odoo reverses it by itself with the match: {in_words(effect, books.currency_code)}"
        steps.append(
            UndoStep(
                "exchange",
                about.source_system,
                about.source_invoice_id,
                about.kind,
                "account.move",
                id,
                id,
                f"exchange difference {text_of(row['name']) or 'draft'} of {about.name}",
                says if effect else "a draft: Odoo deletes it by itself with the match",
                # Its total in Odoo is zero: it moves the company's currency alone.
                sum(e.balance_minor for e in effect if e.balance_minor > 0),
                books.currency_code,
                books=effect,
            )
        )
    return steps


def _effect(client: OdooReader, steps: list[UndoStep], currency_code: str) -> tuple[AccountEffect, ...]:
    ids = [s.entry_id for s in steps if s.verb in ("cancel", "reverse") and s.entry_id]
    return in_all([*effects_of(client, ids, currency_code).values(), *(s.books for s in steps)])


def sentence(step: UndoStep) -> str:
    """The step in words, with its amount."""
    amount = f", {format_minor(step.total_minor, step.currency_code)}" if step.currency_code else ""
    return f"{step.verb} {step.name}{amount}: {step.says}"
