"""Matching debits with credits: partial and full reconciliation, and the exchange differences that come out of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nexabooks.sandbox.odoo import posting, settlement
from nexabooks.sandbox.odoo.amounts import CENT, currency_step, rounded
from nexabooks.sandbox.odoo.env import Env
from nexabooks.sandbox.odoo.fields import Field
from nexabooks.sandbox.odoo.model import Model
from nexabooks.sandbox.odoo.refusals import NotPretended, UserError
from nexabooks.sandbox.odoo.store import Row


class FullReconcile(Model):
    name, label = "account.full.reconcile", "Full Reconcile"
    own_fields = (
        Field("partial_reconcile_ids", "one2many", comodel="account.partial.reconcile", inverse="full_reconcile_id"),
        Field("reconciled_line_ids", "one2many", comodel="account.move.line", inverse="full_reconcile_id"),
    )

    def display_name(self, id: int) -> str:
        return str(id)


class PartialReconcile(Model):
    name, label = "account.partial.reconcile", "Partial Reconcile"
    own_fields = (
        Field("debit_move_id", "many2one", comodel="account.move.line", is_required=True, is_indexed=True),
        Field("credit_move_id", "many2one", comodel="account.move.line", is_required=True, is_indexed=True),
        Field("full_reconcile_id", "many2one", comodel="account.full.reconcile", is_indexed=True),
        Field("exchange_move_id", "many2one", comodel="account.move"),
        Field("amount", "monetary"),
        Field("debit_amount_currency", "monetary"),
        Field("credit_amount_currency", "monetary"),
        Field(
            "debit_currency_id",
            "many2one",
            comodel="res.currency",
            compute=lambda env, r: _line(env, r["debit_move_id"])["currency_id"],
        ),
        Field(
            "credit_currency_id",
            "many2one",
            comodel="res.currency",
            compute=lambda env, r: _line(env, r["credit_move_id"])["currency_id"],
        ),
        Field("company_id", "many2one", comodel="res.company", compute=lambda env, r: env.company["id"]),
        Field(
            "max_date",
            "date",
            compute=lambda env, r: max(_day(env, r["debit_move_id"]), _day(env, r["credit_move_id"])),
        ),
    )

    def display_name(self, id: int) -> str:
        return f"{self.name},{id}"

    def _create(self, vals_list: list[dict[str, Any]]) -> list[int]:
        ids = super()._create(vals_list)
        for id in ids:
            row = self.row(id)
            self._after([row["debit_move_id"], row["credit_move_id"]])
        return ids

    def _unlink(self, ids: list[int]) -> None:
        touched, exchanges = [], []
        for id in ids:
            row = self.row(id)
            if row["exchange_move_id"]:
                exchanges.append(row["exchange_move_id"])
            touched += [row["debit_move_id"], row["credit_move_id"]]
            self._dissolve(row["full_reconcile_id"])
            self.table.delete(id)
        self._after(touched)
        for id in exchanges:
            self._take_back(id)

    def _take_back(self, exchange_id: int) -> None:
        """Reverse an exchange difference: what it was booked for is undone. Its day is the first on which the exchange
        journal takes an entry of that day now."""
        env, move = self.env, self.env.row("account.move", exchange_id)
        self.break_up(env["account.move.line"].table.having("move_id", exchange_id))
        locks = posting.violated_locks(env, move, move["date"], has_tax=False)
        made = env["account.move.reversal"].take_back(move, posting.accounting_date(env, move, move["date"], locks))
        posting.post(env, [made])

    def _dissolve(self, full_id: Any) -> None:
        if full_id:
            lines = self.env["account.move.line"]
            for line_id in lines.table.having("full_reconcile_id", full_id):
                lines.update(line_id, {"full_reconcile_id": False})
            for partial in self.table.having("full_reconcile_id", full_id):
                self.update(partial, {"full_reconcile_id": False})
            self.env["account.full.reconcile"].table.delete(full_id)

    def break_up(self, line_ids: list[int]) -> None:
        """Undo every matching of these lines."""
        ids = {p for i in line_ids for side in ("debit_move_id", "credit_move_id") for p in self.table.having(side, i)}
        self._unlink(sorted(ids))

    # Matching

    def match_open(self, line_ids: list[int]) -> None:
        """As `match`, but a settled line is passed over only when it belongs to a partial matching that is still open among
        these lines; any other settled line is refused."""
        rows = [self.env.row("account.move.line", i) for i in line_ids]
        still_open = {r["matching_number"] for r in rows if not r["reconciled"] and r["matching_number"]}
        if any(r["reconciled"] and r["matching_number"] not in still_open for r in rows):
            raise UserError("You are trying to reconcile some entries that are already reconciled.")
        self.match(line_ids)

    def match(self, line_ids: list[int], *, with_exchange: bool = True) -> None:
        """Match the open lines among `line_ids` with one another, the earliest due first; settled ones are passed over."""
        env, lines = self.env, self.env["account.move.line"]
        rows = [lines.row(i) for i in dict.fromkeys(line_ids)]
        accounts = {r["account_id"] for r in rows}
        if len(accounts) > 1:
            names = ", ".join(env["account.account"].display_name(a) for a in sorted(accounts))
            raise UserError(f"Entries are not from the same account: {names}")
        for account in (env.row("account.account", a) for a in accounts if a):
            if not account["reconcile"] and account["account_type"] not in ("asset_cash", "liability_credit_card"):
                raise UserError(
                    f"Account {account['code']} {account['name']} does not allow reconciliation. First change the configuration of this "
                    "account to allow it."
                )
        if any(env.row("account.move", r["move_id"])["state"] == "cancel" for r in rows):
            raise UserError("You cannot reconcile cancelled entries.")
        ends: dict[bool, list[int]] = {True: [], False: []}
        for row in sorted(rows, key=lambda r: (r["date_maturity"] or _day(env, r["id"]), r["currency_id"], r["id"])):
            if row["amount_residual"] or row["amount_residual_currency"]:
                ends[row["balance"] > 0 or (row["balance"] == 0 and row["amount_currency"] > 0)].append(row["id"])
        made = self._pair(ends[True], ends[False], with_exchange)
        if made:
            self._close(made)

    def _pair(self, debits: list[int], credits: list[int], with_exchange: bool) -> list[int]:
        made, d, c = [], 0, 0
        while d < len(debits) and c < len(credits):
            done = self._match_two(debits[d], credits[c], with_exchange)
            if done.partial_id:
                made.append(done.partial_id)
            d += done.is_debit_settled
            c += done.is_credit_settled
        return made

    def _match_two(self, debit_id: int, credit_id: int, with_exchange: bool) -> Done:
        env, lines = self.env, self.env["account.move.line"]
        debit, credit = lines.row(debit_id), lines.row(credit_id)
        deal = settle(env, debit, credit)
        row = {
            "debit_move_id": debit_id,
            "credit_move_id": credit_id,
            "amount": deal.amount,
            "debit_amount_currency": deal.debit_currency,
            "credit_amount_currency": deal.credit_currency,
        }
        partial_id = self.insert(row)
        self._after([debit_id, credit_id])
        if with_exchange and (deal.debit_exchange or deal.credit_exchange):
            self._exchange(partial_id, debit, deal.debit_exchange, credit, deal.credit_exchange)
        settled = [not _is_open(lines.row(i), with_exchange) for i in (debit_id, credit_id)]
        if not any(settled):
            # Rounding left a trifle on both sides; going on would never end.
            settled = [True, True]
        return Done(partial_id, settled[0], settled[1])

    def _exchange(self, partial_id: int, debit: Row, debit_left: Decimal, credit: Row, credit_left: Decimal) -> None:
        """Book what the rates left over of one or both lines as one entry of the exchange journal, and match it."""
        env, company, moves = self.env, self.env.company, self.env["account.move"]
        day = max(_day(env, debit["id"]), _day(env, credit["id"]))
        both = [(line, left) for line, left in ((debit, -debit_left), (credit, credit_left)) if left]
        move_vals = {
            "move_type": "entry",
            "journal_id": company["currency_exchange_journal_id"],
            "date": day,
            "line_ids": [[0, 0, vals] for line, left in both for vals in self._exchange_lines(line, left)],
        }
        exchange_id = moves._create([move_vals])[0]
        moves.update(exchange_id, {"date": posting.accounting_date(env, moves.row(exchange_id), day, [])})
        posting.post(env, [exchange_id])
        self.update(partial_id, {"exchange_move_id": exchange_id})
        counters = env["account.move.line"].table.having("move_id", exchange_id)[::2]
        for (line, left), counter in zip(both, counters, strict=True):
            ends = (
                {"debit_move_id": line["id"], "credit_move_id": counter}
                if left < 0
                else {"debit_move_id": counter, "credit_move_id": line["id"]}
            )
            own = abs(left) if line["currency_id"] == company["currency_id"] else Decimal(0)
            self.insert({**ends, "amount": abs(left), "debit_amount_currency": own, "credit_amount_currency": own})
            self._after([line["id"], counter])

    def _exchange_lines(self, line: Row, left: Decimal) -> list[Row]:
        """What stands against a line, and the gain or loss that it is."""
        company = self.env.company
        account = company["expense_currency_exchange_account_id" if left < 0 else "income_currency_exchange_account_id"]
        is_own = line["currency_id"] == company["currency_id"]
        common = {
            "partner_id": line["partner_id"],
            "currency_id": line["currency_id"],
            "name": "Currency exchange rate difference",
        }
        return [
            {**common, "account_id": id, "balance": side, "amount_currency": side if is_own else 0}
            for id, side in ((line["account_id"], left), (account, -left))
        ]

    def match_marked(self, line_ids: list[int]) -> None:
        """Match the lines that share an import mark "I…" with these, once all of them are posted."""
        lines = self.env["account.move.line"]
        for mark in dict.fromkeys(lines.row(i)["matching_number"] for i in line_ids):
            if not mark or not str(mark).startswith("I"):
                continue
            marked = lines.table.having("matching_number", mark)
            if len(marked) > 1 and all(
                self.env.row("account.move", lines.row(i)["move_id"])["state"] == "posted" for i in marked
            ):
                for id in marked:
                    lines.update(id, {"matching_number": False})
                    settlement.refresh_residual(self.env, id)
                self.match(marked, with_exchange=False)

    def _after(self, line_ids: list[int]) -> None:
        """Residuals, matching numbers, totals and payment states after partials came or went."""
        lines = self.env["account.move.line"]
        for id in dict.fromkeys(line_ids):
            settlement.refresh_residual(self.env, id)
        seen: set[int] = set()
        for id in line_ids:
            if id in seen or lines.row(id)["full_reconcile_id"]:
                continue
            group, partials = self._web(id)
            seen |= group
            mark = f"P{min(partials)}" if partials else False
            for member in group:
                if lines.row(member)["matching_number"] != mark and not lines.row(member)["full_reconcile_id"]:
                    lines.update(member, {"matching_number": mark})
        touched = list(dict.fromkeys(lines.row(i)["move_id"] for i in line_ids))
        for move_id in touched:
            settlement.refresh_totals(self.env, move_id)
        self.env["account.payment"].matching_changed(touched)

    def _web(self, line_id: int) -> tuple[set[int], set[int]]:
        """All lines that partials tie to this one, directly or not, and those partials."""
        group, partials, waiting = {line_id}, set(), [line_id]
        while waiting:
            id = waiting.pop()
            for side, other in (("debit_move_id", "credit_move_id"), ("credit_move_id", "debit_move_id")):
                for partial in self.table.having(side, id):
                    partials.add(partial)
                    tied = self.table.rows[partial][other]
                    if tied not in group:
                        group.add(tied)
                        waiting.append(tied)
        return group, partials

    def _close(self, partial_ids: list[int]) -> None:
        """Give a full reconciliation to every web of lines in which nothing is open any more."""
        lines, done = self.env["account.move.line"], set()
        for id in partial_ids:
            first = self.row(id)["debit_move_id"]
            if first in done:
                continue
            group, partials = self._web(first)
            done |= group
            if all(not lines.row(i)["amount_residual"] and not lines.row(i)["amount_residual_currency"] for i in group):
                full = self.env["account.full.reconcile"].insert({})
                for partial in partials:
                    self.update(partial, {"full_reconcile_id": full})
                for line_id in group:
                    lines.update(line_id, {"full_reconcile_id": full, "matching_number": str(full)})


@dataclass(frozen=True, slots=True)
class Done:
    """What matching two lines came to."""

    partial_id: int
    is_debit_settled: bool
    is_credit_settled: bool


@dataclass(frozen=True, slots=True)
class Deal:
    """How much of two lines is matched: in the company's currency, in each line's own, and what the rates leave over."""

    amount: Decimal
    debit_currency: Decimal
    credit_currency: Decimal
    debit_exchange: Decimal = Decimal(0)
    credit_exchange: Decimal = Decimal(0)


def settle(env: Env, debit: Row, credit: Row) -> Deal:
    """How a debit line and a credit line are matched as far as both reach."""
    own = env.company["currency_id"]
    debit_open, credit_open = debit["amount_residual"], -credit["amount_residual"]
    if debit["currency_id"] == own and credit["currency_id"] == own:
        amount = min(debit_open, credit_open)
        return Deal(amount, amount, amount)
    if not debit["amount_residual_currency"] and not credit["amount_residual_currency"]:
        return Deal(min(debit_open, credit_open), Decimal(0), Decimal(0))  # both are what rates left over
    foreign = debit["currency_id"] if debit["currency_id"] != own else credit["currency_id"]
    if credit["currency_id"] not in (own, foreign):
        raise NotPretended("matching lines of two foreign currencies")
    step = currency_step(env, foreign)
    rates = [_rate_between(env, debit, credit, foreign), _rate_between(env, credit, debit, foreign)]
    reach = [_open_in(line, foreign, step, rate) for line, rate in zip((debit, credit), rates, strict=True)]
    matched = min(reach)
    sides, ranges = [], []
    for rate, left in zip(rates, (debit_open, credit_open), strict=True):
        low, middle, high = (rounded((matched + shift) / rate, CENT) for shift in (-step / 2, Decimal(0), step / 2))
        sides.append(min(middle, left))
        ranges.append((low, high))
    are_close = ranges[1][0] <= sides[0] <= ranges[1][1] and ranges[0][0] <= sides[1] <= ranges[0][1]
    if are_close:
        # What rounding alone can explain is no exchange difference.
        sides = [min(debit_open, credit_open)] * 2
    amount = min(sides)
    exchanges = []
    for place, left in enumerate((debit_open, credit_open)):
        side = left if matched == reach[place] else sides[place]
        exchanges.append(side - amount)
    amounts = [matched if line["currency_id"] == foreign else amount for line in (debit, credit)]
    return Deal(amount, amounts[0], amounts[1], exchanges[0], exchanges[1])


def _open_in(line: Row, foreign: int, step: Decimal, rate: Decimal) -> Decimal:
    if line["currency_id"] == foreign:
        return abs(Decimal(line["amount_residual_currency"]))
    return rounded(abs(line["amount_residual"]) * rate, step)


def _rate_between(env: Env, line: Row, other: Row, foreign: int) -> Decimal:
    """Units of the foreign currency for one of the company's: as the line was booked, else as Odoo's payment wizard says,
    else as the payment it meets, else as of its day."""
    if line["currency_id"] == foreign and line["balance"]:
        return abs(Decimal(line["amount_currency"] / line["balance"]))
    if forced := env.context.get("forced_rate_from_register_payment"):
        return Decimal(str(forced))
    move, met = env.row("account.move", line["move_id"]), env.row("account.move", other["move_id"])
    if (
        not move["origin_payment_id"]
        and met["origin_payment_id"]
        and other["currency_id"] == foreign
        and other["balance"]
    ):
        return abs(Decimal(other["amount_currency"] / other["balance"]))
    return env["res.currency"].rate(foreign, move["invoice_date"] or move["date"])


def _is_open(line: Row, with_exchange: bool) -> bool:
    if not with_exchange and line["amount_residual_currency"] == 0:
        return False
    return bool(line["amount_residual"] or line["amount_residual_currency"])


def _line(env: Env, id: int) -> Row:
    return env.row("account.move.line", id)


def _day(env: Env, line_id: int) -> str:
    return str(env.row("account.move", _line(env, line_id)["move_id"])["date"])


MODELS = (FullReconcile, PartialReconcile)
