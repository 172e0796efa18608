"""account.payment, and the wizard that registers payments (facts: "Payments", "Payment states by edition", Community)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nexabooks.sandbox.odoo import invoicing, posting
from nexabooks.sandbox.odoo.env import Env
from nexabooks.sandbox.odoo.fields import Field, number
from nexabooks.sandbox.odoo.journals import outstanding_account
from nexabooks.sandbox.odoo.model import Model, one, remote
from nexabooks.sandbox.odoo.refusals import NotPretended, UserError
from nexabooks.sandbox.odoo.store import Row
from nexabooks.sandbox.odoo.taxes import rounded
from nexabooks.sandbox.odoo.technical import Chatter

CENT = Decimal("0.01")


def _lines(env: Env, row: Row) -> list[Row]:
    table = env["account.move.line"].table
    return [table.rows[i] for i in table.having("move_id", row["move_id"])] if row["move_id"] else []


def _counterparts(env: Env, row: Row) -> list[Row]:
    """The receivable or payable lines of the payment's entry."""
    kinds = ("asset_receivable", "liability_payable")
    return [r for r in _lines(env, row) if env.row("account.account", r["account_id"])["account_type"] in kinds]


def _liquidity(env: Env, row: Row) -> list[Row]:
    return [r for r in _lines(env, row) if r["account_id"] == row["outstanding_account_id"]]


def _reconciled_invoices(env: Env, row: Row) -> list[int]:
    partials, lines = env["account.partial.reconcile"].table, env["account.move.line"].table
    found: dict[int, None] = {}
    for line in _counterparts(env, row):
        for side, other in (("debit_move_id", "credit_move_id"), ("credit_move_id", "debit_move_id")):
            for id in partials.having(side, line["id"]):
                move = env.row("account.move", lines.rows[partials.rows[id][other]]["move_id"])
                if move["move_type"] != "entry":
                    found[move["id"]] = None
    return list(found)


def _is_reconciled(env: Env, row: Row) -> bool:
    lines = _counterparts(env, row)
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
                self.update(id, {"state": "in_process"})
                self.refresh_state(id)

    def refresh_state(self, id: int) -> None:
        """in_process becomes paid when the money is in a bank account, or when all its own invoices are paid."""
        row = self.row(id)
        if row["state"] != "in_process":
            return
        env = self.env
        in_bank = env.row("account.account", row["outstanding_account_id"])["account_type"] == "asset_cash"
        liquidity = _liquidity(env, row)
        is_settled = bool(liquidity) and sum((r["amount_residual"] for r in liquidity), Decimal(0)) == 0
        invoices = [env.row("account.move", i) for i in row["invoice_ids"]]
        if in_bank or is_settled or (invoices and all(i["payment_state"] == "paid" for i in invoices)):
            self.update(id, {"state": "paid"})

    def invoice_changed(self, move_id: int) -> None:
        """An invoice's payment state changed: the payments made for it may be paid now."""
        if self.env.row("account.move", move_id)["payment_state"] == "paid":
            for other in invoicing.matched_moves(self.env, move_id):
                payment = self.env.row("account.move", other)["origin_payment_id"]
                if payment:
                    self.refresh_state(payment)

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
        """Cancel: the entry goes, the invoices are open again."""
        for id in self.must_exist(ids):
            move_id = self.row(id)["move_id"]
            self.update(id, {"state": "canceled", "move_id": False})
            if move_id:
                if self.env.row("account.move", move_id)["state"] == "posted":
                    posting.to_draft(self.env, [move_id])
                self.env["account.move"]._unlink([move_id])


class PaymentRegister(Model):
    """The wizard. What it found when it was made is what it pays, however old it is: a stale one makes an orphan."""

    name, label = "account.payment.register", "Pay"
    own_fields = (
        Field("line_ids", "many2many", comodel="account.move.line"),
        Field("payment_date", "date", default=lambda env: env.today.isoformat()),
        Field("amount", "monetary"),
        Field("source_amount", "monetary"),
        Field("currency_id", "many2one", comodel="res.currency"),
        Field("journal_id", "many2one", comodel="account.journal"),
        Field("payment_method_line_id", "many2one", comodel="account.payment.method.line"),
        Field("communication", "char"),
        Field("group_payment", "boolean"),
        Field("payment_type", "selection", selection=("outbound", "inbound")),
        Field("payment_difference", "monetary"),
        Field("payment_difference_handling", "selection", selection=("open", "reconcile"), default="open"),
        Field("writeoff_account_id", "many2one", comodel="account.account"),
        Field("writeoff_label", "char", default="Write-Off"),
        Field("can_edit_wizard", "boolean"),
        Field("found", "json"),
    )

    def display_name(self, id: int) -> str:
        return f"{self.name},{id}"

    def _create(self, vals_list: list[dict[str, Any]]) -> list[int]:
        return [self._create_one(dict(vals)) for vals in vals_list]

    def _lines(self, vals: dict[str, Any]) -> list[Row]:
        env, lines = self.env, self.env["account.move.line"]
        if "line_ids" in vals:
            ids = list(lines.env["account.payment.register"].linked(self.fields["line_ids"], (), vals.pop("line_ids")))
        elif env.context.get("active_model") == "account.move":
            moves = env["account.move"].must_exist(env.context.get("active_ids") or [])
            ids = [i for m in moves for i in lines.table.having("move_id", m)]
        elif env.context.get("active_model") == "account.move.line":
            ids = lines.must_exist(env.context.get("active_ids") or [])
        else:
            raise UserError(
                "The register payment wizard should only be called on account.move or account.move.line records."
            )
        kinds = ("asset_receivable", "liability_payable")
        rows = [lines.row(i) for i in ids]
        due = [
            r
            for r in rows
            if r["account_id"]
            and env.row("account.account", r["account_id"])["account_type"] in kinds
            and not r["reconciled"]
        ]
        due = [r for r in due if r["amount_residual_currency"]]
        if not due:
            raise UserError(
                "There's nothing left to pay for the selected journal items, so no payment registration is necessary. "
                "You've got your finances under control like a boss!"
            )
        return due

    def _create_one(self, vals: dict[str, Any]) -> int:
        env = self.env
        due = self._lines(vals)
        row, _ = self.prepare(vals)
        ways = {r["balance"] > 0 for r in due}
        if len(ways) > 1:
            raise UserError("You can't register payments for both inbound and outbound moves at the same time.")
        way = "inbound" if ways.pop() else "outbound"
        if not row.get("journal_id"):
            row["journal_id"] = env["account.journal"].find([["type", "in", ["bank", "cash"]]], "sequence, id", 1)[0]
        journal = env.row("account.journal", row["journal_id"])
        row.setdefault("payment_method_line_id", env["account.journal"].method_line(journal["id"], way))
        document = due[0]["currency_id"]
        row.setdefault(
            "currency_id",
            document
            if len({r["currency_id"] for r in due}) == 1 and not journal["currency_id"]
            else journal["currency_id"] or env.company["currency_id"],
        )
        row.setdefault("payment_date", env.today.isoformat())
        found = [[r["id"], self._open(r, row["currency_id"], row["payment_date"])] for r in due]
        total = sum((amount for _, amount in found), Decimal(0))
        if row.get("amount") and len(due) > 1 and not row.get("group_payment"):
            raise NotPretended("an amount for several invoices in one wizard")
        row |= {
            "line_ids": tuple(r["id"] for r in due),
            "payment_type": way,
            "found": found,
            "source_amount": total,
            "can_edit_wizard": len({r["partner_id"] for r in due}) == 1
            and (len(due) == 1 or bool(row.get("group_payment"))),
        }
        row.setdefault("amount", total)
        row["payment_difference"] = total - row["amount"]
        return self.insert(row)

    def _open(self, line: Row, currency_id: int, day: str) -> Decimal:
        """What is open on a line, in the payment's currency, as of the day of the payment."""
        env = self.env
        if line["currency_id"] == currency_id:
            return abs(Decimal(line["amount_residual_currency"]))
        rates = env["res.currency"]
        return rounded(
            abs(line["amount_residual_currency"]) / rates.rate(line["currency_id"], day) * rates.rate(currency_id, day),
            CENT,
        )

    @remote("one")
    def action_create_payments(self, ids: list[int]) -> Row:
        """Pay. Several invoices give one payment each unless they are grouped by partner."""
        row = self.row(self.must_exist([one(ids, self.name)])[0])
        lines = self.env["account.move.line"]
        if row["group_payment"] or len(row["found"]) == 1:
            batches: dict[Any, list[int]] = {}
            for line_id, _ in row["found"]:
                batches.setdefault((lines.row(line_id)["partner_id"], lines.row(line_id)["account_id"]), []).append(
                    line_id
                )
            whole = dict(row["found"])
            plans = [
                (ids_, row["amount"] if len(batches) == 1 else sum((whole[i] for i in ids_), Decimal(0)))
                for ids_ in batches.values()
            ]
        else:
            plans = [([line_id], amount) for line_id, amount in row["found"]]
        made = [self._pay(row, line_ids, number(amount)) for line_ids, amount in plans]
        answer: Row = {
            "name": "Payments",
            "type": "ir.actions.act_window",
            "res_model": "account.payment",
            "context": {"create": False},
        }
        if len(made) == 1:
            return answer | {"view_mode": "form", "res_id": made[0]}
        return answer | {"view_mode": "list,form", "domain": [["id", "in", made]]}

    def _pay(self, row: Row, line_ids: list[int], amount: Decimal) -> int:
        env, lines, payments = self.env, self.env["account.move.line"], self.env["account.payment"]
        first = lines.row(line_ids[0])
        moves = tuple(dict.fromkeys(lines.row(i)["move_id"] for i in line_ids))
        account_type = env.row("account.account", first["account_id"])["account_type"]
        memo = (
            row["communication"] if row["communication"] and len(row["found"]) == len(line_ids) else self._memo(moves)
        )
        payment_id = payments.insert(
            payments._completed(
                {
                    "payment_type": row["payment_type"],
                    "partner_type": "customer" if account_type == "asset_receivable" else "supplier",
                    "partner_id": first["partner_id"],
                    "amount": amount,
                    "currency_id": row["currency_id"],
                    "date": row["payment_date"],
                    "journal_id": row["journal_id"],
                    "memo": memo,
                    "payment_method_line_id": row["payment_method_line_id"],
                    "destination_account_id": first["account_id"],
                    "invoice_ids": moves,
                }
            )
        )
        write_off = None
        if row["payment_difference_handling"] == "reconcile" and row["payment_difference"]:
            if not row["writeoff_account_id"]:
                raise UserError("Please define a write-off account.")
            write_off = (row["payment_difference"], row["writeoff_account_id"], row["writeoff_label"] or "Write-Off")
        payments.book(payment_id, write_off=write_off)
        payments.action_post([payment_id])
        counter = [r["id"] for r in _counterparts(env, payments.row(payment_id))]
        env["account.partial.reconcile"].match([*line_ids, *counter])
        payments.refresh_state(payment_id)
        return payment_id

    def _memo(self, moves: tuple[int, ...]) -> str:
        names = [self.env.row("account.move", m) for m in moves]
        return ", ".join(str(m["payment_reference"] or m["ref"] or m["name"] or "") for m in names)


MODELS = (Payment, PaymentRegister)
