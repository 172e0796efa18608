"""account.payment: its entry, its states, and the way back (facts: "Payments", "Payment states by edition", Community)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from nexabooks.sandbox.odoo import posting
from nexabooks.sandbox.odoo.amounts import CENT, ZERO, lines_of, rounded
from nexabooks.sandbox.odoo.env import Env
from nexabooks.sandbox.odoo.fields import Field
from nexabooks.sandbox.odoo.journals import outstanding_account
from nexabooks.sandbox.odoo.model import remote
from nexabooks.sandbox.odoo.refusals import NotPretended, UserError
from nexabooks.sandbox.odoo.store import Row
from nexabooks.sandbox.odoo.technical import Chatter


def _lines(env: Env, row: Row) -> list[Row]:
    return lines_of(env, row["move_id"]) if row["move_id"] else []


def counterparts(env: Env, row: Row) -> list[Row]:
    """The receivable or payable lines of the payment's entry."""
    kinds = ("asset_receivable", "liability_payable")
    return [r for r in _lines(env, row) if env.row("account.account", r["account_id"])["account_type"] in kinds]


def _liquidity(env: Env, row: Row) -> list[Row]:
    return [r for r in _lines(env, row) if r["account_id"] == row["outstanding_account_id"]]


def _reconciled_invoices(env: Env, row: Row) -> list[int]:
    partials, lines = env["account.partial.reconcile"].table, env["account.move.line"].table
    found: dict[int, None] = {}
    for line in counterparts(env, row):
        for side, other in (("debit_move_id", "credit_move_id"), ("credit_move_id", "debit_move_id")):
            for id in partials.having(side, line["id"]):
                move = env.row("account.move", lines.rows[partials.rows[id][other]]["move_id"])
                if move["move_type"] != "entry":
                    found[move["id"]] = None
    return list(found)


def _is_reconciled(env: Env, row: Row) -> bool:
    lines = counterparts(env, row)
    return bool(lines) and all(r["amount_residual"] == 0 for r in lines)


def _is_matched(env: Env, row: Row) -> bool:
    """True at once where the money goes to the journal's own bank account, which has nothing left to match."""
    own = env.row("account.journal", row["journal_id"])["default_account_id"]
    lines = _liquidity(env, row)
    return bool(lines) and (row["outstanding_account_id"] == own or all(r["amount_residual"] == 0 for r in lines))


class Payment(Chatter):
    name, label, order = "account.payment", "Payments", "date desc, name desc"
    own_fields = (
        Field(
            "name",
            "char",
            "Number",
            compute=lambda env, r: env.row("account.move", r["move_id"])["name"] if r["move_id"] else False,
        ),
        Field(
            "state",
            "selection",
            selection=("draft", "in_process", "paid", "canceled", "rejected"),
            default="draft",
            is_copied=False,
        ),
        Field("payment_type", "selection", selection=("outbound", "inbound"), default="inbound", is_required=True),
        Field("partner_type", "selection", selection=("customer", "supplier"), default="customer", is_required=True),
        Field("partner_id", "many2one", comodel="res.partner", is_indexed=True),
        Field("amount", "monetary"),
        Field("currency_id", "many2one", comodel="res.currency"),
        Field("date", "date", is_required=True, default=lambda env: env.today.isoformat()),
        Field("journal_id", "many2one", comodel="account.journal", is_required=True),
        Field("company_id", "many2one", comodel="res.company", default=lambda env: env.company["id"]),
        Field("memo", "char", is_indexed=True),
        Field("payment_reference", "char", is_copied=False),
        Field("payment_method_line_id", "many2one", comodel="account.payment.method.line"),
        Field("outstanding_account_id", "many2one", comodel="account.account"),
        Field("destination_account_id", "many2one", comodel="account.account"),
        Field("move_id", "many2one", comodel="account.move", is_copied=False, is_indexed=True),
        Field("invoice_ids", "many2many", comodel="account.move"),
        Field("reconciled_invoice_ids", "many2many", comodel="account.move", compute=_reconciled_invoices),
        Field("reconciled_invoices_count", "integer", compute=lambda env, r: len(_reconciled_invoices(env, r))),
        Field("is_reconciled", "boolean", compute=_is_reconciled),
        Field("is_matched", "boolean", compute=_is_matched),
    )

    def display_name(self, id: int) -> str:
        return self.value(self.row(id), "name") or "Draft Payment"

    def _create(self, vals_list: list[dict[str, Any]]) -> list[int]:
        return [self._create_one(dict(vals)) for vals in vals_list]

    def _create_one(self, vals: dict[str, Any]) -> int:
        write_off, own_lines = vals.pop("write_off_line_vals", None), vals.pop("line_ids", None)
        if write_off:
            raise NotPretended("write-off lines on a payment; the register wizard has them")
        row, _ = self.prepare(vals)
        if not row.get("journal_id"):
            row["journal_id"] = self.env["account.journal"].find(
                [["type", "in", ["bank", "cash", "credit"]]], "sequence, id", 1
            )[0]
        if row.get("amount", Decimal(0)) < 0:
            raise UserError("The payment amount cannot be negative.")
        id = self.insert(self._completed(row))
        if write_off is not None or own_lines is not None:
            self.book(id, own_lines)
        return id

    def _completed(self, row: Row) -> Row:
        env = self.env
        journal = env.row("account.journal", row["journal_id"])
        way = row.get("payment_type", "inbound")
        row.setdefault("currency_id", journal["currency_id"] or env.company["currency_id"])
        row.setdefault("payment_method_line_id", env["account.journal"].method_line(journal["id"], way))
        method = env.row("account.payment.method.line", row["payment_method_line_id"])
        row.setdefault("outstanding_account_id", method["payment_account_id"] or outstanding_account(env, way))
        if not row.get("destination_account_id"):
            is_customer = row.get("partner_type", "customer") == "customer"
            partner = env.row("res.partner", row["partner_id"]) if row.get("partner_id") else None
            receivable = (partner and partner["property_account_receivable_id"]) or env.ref("account.1_l10n_ca_112110")
            row["destination_account_id"] = receivable if is_customer else env.ref("account.1_l10n_ca_221110")
        return row

    def write_row(self, id: int, vals: dict[str, Any]) -> None:
        figures = {"amount", "date", "partner_id", "currency_id", "journal_id", "payment_type"}
        if self.row(id)["state"] != "draft" and set(vals) & figures:
            raise UserError(
                f"You cannot modify the following readonly fields on a posted move: {', '.join(sorted(set(vals) & figures))}"
            )
        if self.row(id)["move_id"] and set(vals) & figures:
            raise NotPretended("changing the figures of a payment whose entry is there already")
        super().write_row(id, vals)

    def _unlink(self, ids: list[int]) -> None:
        for id in ids:
            row = self.row(id)
            if row["move_id"]:
                self.env["account.move"]._unlink([row["move_id"]])
        super()._unlink(ids)

    def book(
        self, id: int, own_lines: list[Any] | None = None, write_off: tuple[Decimal, int, str] | None = None
    ) -> int:
        """Make the draft entry of a payment: money on the liquidity side, the partner's account on the other."""
        env, row = self.env, self.row(id)
        sign = 1 if row["payment_type"] == "inbound" else -1
        rate = env["res.currency"].rate(row["currency_id"], row["date"])
        label = row["memo"] or ("Customer Payment" if row["partner_type"] == "customer" else "Vendor Payment")

        def line(account: int, amount: Decimal, name: str = label) -> list[Any]:
            vals = {
                "account_id": account,
                "amount_currency": amount,
                "balance": rounded(amount / rate, CENT),
                "name": name,
            }
            return [
                0,
                0,
                vals
                | {"currency_id": row["currency_id"], "partner_id": row["partner_id"], "date_maturity": row["date"]},
            ]

        if own_lines is None:
            taken = write_off[0] if write_off else Decimal(0)
            own_lines = [line(row["outstanding_account_id"], sign * row["amount"])]
            if write_off:
                own_lines.append(line(write_off[1], sign * taken, write_off[2]))
            own_lines.append(line(row["destination_account_id"], -sign * (row["amount"] + taken)))
            drift = sum((c[2]["balance"] for c in own_lines), Decimal(0))
            own_lines[-1][2]["balance"] -= drift
        entry = {
            "move_type": "entry",
            "journal_id": row["journal_id"],
            "date": row["date"],
            "ref": row["memo"],
            "partner_id": row["partner_id"] or False,
            "currency_id": row["currency_id"],
            "origin_payment_id": id,
            "line_ids": own_lines,
        }
        move_id = env["account.move"]._create([entry])[0]
        self.update(id, {"move_id": move_id})
        return move_id

    @remote("record")
    def action_post(self, ids: list[int]) -> None:
        """Confirm payments: their entries are posted; a payment straight to a bank account is paid at once."""
        env = self.env
        for id in self.must_exist(ids):
            row = self.row(id)
            if row["state"] not in ("draft", "in_process"):
                continue
            if not row["move_id"]:
                self.book(id)
        moves = [
            self.row(i)["move_id"] for i in ids if env.row("account.move", self.row(i)["move_id"])["state"] == "draft"
        ]
        posting.post(env, moves)
        for id in ids:
            if self.row(id)["state"] in ("draft", "in_process"):
                # Straight to a bank account is paid; anything else waits for its match, also where nothing of the money's
                # account can be matched, and also what was matched in the same breath (facts: "State of the payment").
                account = env.row("account.account", self.row(id)["outstanding_account_id"])
                self.update(id, {"state": "paid" if account["account_type"] == "asset_cash" else "in_process"})

    def _is_settled(self, row: Row) -> bool:
        """Whether the money has arrived: it is in a bank account, or nothing of it waits any more."""
        env = self.env
        liquidity = _liquidity(env, row)
        waits = any(env.row("account.account", r["account_id"])["reconcile"] for r in liquidity)
        return bool(liquidity) and (not waits or sum((r["amount_residual"] for r in liquidity), ZERO) == 0)

    def matching_changed(self, move_ids: Iterable[int]) -> None:
        """The payments whose entries were matched, or set free, are paid when the money is there or all their invoices are."""
        env = self.env
        for move_id in move_ids:
            id = env.row("account.move", move_id)["origin_payment_id"]
            if not id or self.row(id)["state"] not in ("in_process", "paid"):
                continue
            row = self.row(id)
            invoices = [env.row("account.move", i) for i in _reconciled_invoices(env, row)]
            is_paid = self._is_settled(row) or (bool(invoices) and all(i["payment_state"] == "paid" for i in invoices))
            self.update_if_changed(row, {"state": "paid" if is_paid else "in_process"})

    @remote("record")
    def action_validate(self, ids: list[int]) -> None:
        """Say that the money has come."""
        for id in self.must_exist(ids):
            self.update(id, {"state": "paid"})

    @remote("record")
    def action_draft(self, ids: list[int]) -> None:
        """Back to draft; what the payment was matched with stays matched."""
        for id in self.must_exist(ids):
            move_id = self.row(id)["move_id"]
            if move_id:
                posting.to_draft(self.env, [move_id])
            self.update(id, {"state": "draft"})

    @remote("record")
    def action_cancel(self, ids: list[int]) -> None:
        """Cancel: the invoices are open again. A draft entry goes, a posted one stays as a cancelled one."""
        for id in self.must_exist(ids):
            move_id = self.row(id)["move_id"]
            is_draft = bool(move_id) and self.env.row("account.move", move_id)["state"] == "draft"
            self.update(id, {"state": "canceled"} | ({"move_id": False} if is_draft else {}))
            if is_draft:
                self.env["account.move"]._unlink([move_id])
            elif move_id:
                posting.cancel(self.env, [move_id])


MODELS = (Payment,)
