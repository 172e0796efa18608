"""account.payment.register: the wizard that pays invoices (facts: "Payments", the register wizard)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nexabooks.sandbox.odoo.amounts import CENT, rounded
from nexabooks.sandbox.odoo.fields import Field, number
from nexabooks.sandbox.odoo.model import Model, one, remote
from nexabooks.sandbox.odoo.payments import counterparts
from nexabooks.sandbox.odoo.refusals import NotPretended, UserError
from nexabooks.sandbox.odoo.store import Row


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
        counter = [r["id"] for r in counterparts(env, payments.row(payment_id))]
        env["account.partial.reconcile"].match([*line_ids, *counter])
        return payment_id

    def _memo(self, moves: tuple[int, ...]) -> str:
        names = [self.env.row("account.move", m) for m in moves]
        return ", ".join(str(m["payment_reference"] or m["ref"] or m["name"] or "") for m in names)


MODELS = (PaymentRegister,)
