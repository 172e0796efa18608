"""account.move.line: the lines of entries. Whatever changes a line goes through its entry, which is then worked out again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nexabooks.sandbox.odoo import line_input
from nexabooks.sandbox.odoo.env import Env
from nexabooks.sandbox.odoo.fields import Field
from nexabooks.sandbox.odoo.model import Model, remote
from nexabooks.sandbox.odoo.refusals import NotPretended, UserError
from nexabooks.sandbox.odoo.store import Row

LINE_KINDS = (
    "product", "tax", "payment_term", "line_section", "line_note", "rounding", "cogs", "discount", "epd", "non_deductible_product_total",
)  # fmt: skip


def _of_move(name: str) -> Any:
    return lambda env, r: env.row("account.move", r["move_id"])[name]


class MoveLine(Model):
    name, label, order = "account.move.line", "Journal Item", "date desc, move_name desc, id"
    own_fields = (
        Field("move_id", "many2one", "Journal Entry", comodel="account.move", is_required=True, is_indexed=True),
        Field("name", "char", "Label"),
        Field("sequence", "integer", default=10),
        Field("display_type", "selection", selection=LINE_KINDS, default="product"),
        Field("account_id", "many2one", comodel="account.account", is_indexed=True),
        Field("partner_id", "many2one", comodel="res.partner", is_indexed=True),
        Field("currency_id", "many2one", comodel="res.currency"),
        Field("quantity", "float"),
        Field("price_unit", "float"),
        Field("discount", "float"),
        Field("price_subtotal", "monetary", is_readonly=True),
        Field("price_total", "monetary", is_readonly=True),
        Field("tax_ids", "many2many", comodel="account.tax"),
        Field("tax_line_id", "many2one", comodel="account.tax"),
        Field("tax_group_id", "many2one", comodel="account.tax.group", compute=lambda env, r: _group(env, r)),
        Field("tax_base_amount", "monetary"),
        Field("balance", "monetary"),
        Field("amount_currency", "monetary"),
        Field("debit", "monetary", compute=lambda env, r: max(r["balance"], Decimal(0))),
        Field("credit", "monetary", compute=lambda env, r: max(-r["balance"], Decimal(0))),
        Field("amount_residual", "monetary", is_readonly=True),
        Field("amount_residual_currency", "monetary", is_readonly=True),
        Field("reconciled", "boolean", is_readonly=True),
        Field("full_reconcile_id", "many2one", comodel="account.full.reconcile", is_copied=False, is_indexed=True),
        Field("matching_number", "char", is_copied=False, is_indexed=True),
        Field("matched_debit_ids", "one2many", comodel="account.partial.reconcile", inverse="credit_move_id"),
        Field("matched_credit_ids", "one2many", comodel="account.partial.reconcile", inverse="debit_move_id"),
        Field(
            "reconciled_lines_ids",
            "many2many",
            comodel="account.move.line",
            compute=lambda env, r: _matched_with(env, r["id"]),
        ),
        Field("date_maturity", "date", "Due Date"),
        Field("date", "date", compute=_of_move("date")),
        Field("move_name", "char", compute=_of_move("name")),
        Field("move_type", "selection", compute=_of_move("move_type")),
        Field("parent_state", "selection", compute=_of_move("state")),
        Field("ref", "char", compute=_of_move("ref")),
        Field("journal_id", "many2one", comodel="account.journal", compute=_of_move("journal_id")),
        Field("company_id", "many2one", comodel="res.company", compute=_of_move("company_id")),
        Field("payment_id", "many2one", comodel="account.payment", compute=_of_move("origin_payment_id")),
        Field(
            "account_type",
            "selection",
            compute=lambda env, r: r["account_id"] and env.row("account.account", r["account_id"])["account_type"],
        ),
    )

    def display_name(self, id: int) -> str:
        row = self.row(id)
        return f"{self.env['account.move'].display_name(row['move_id'])} {row['name'] or ''}".strip()

    def _create(self, vals_list: list[dict[str, Any]]) -> list[int]:
        ids = []
        for vals in vals_list:
            if not vals.get("move_id"):
                raise NotPretended("journal items without a journal entry")
            before = set(self.table.having("move_id", vals["move_id"]))
            line = {n: v for n, v in vals.items() if n != "move_id"}
            self.env["account.move"]._write([vals["move_id"]], {"line_ids": [[0, 0, line]]})
            ids.append(min(set(self.table.having("move_id", vals["move_id"])) - before))
        return ids

    def write_row(self, id: int, vals: dict[str, Any]) -> None:
        """Change one line. Writing `reconciled_lines_ids` matches the line with those lines, each record by itself; the
        same lines again is no change."""
        if "reconciled_lines_ids" in vals:
            vals = dict(vals)
            f = self.fields["reconciled_lines_ids"]
            partners = self.linked(f, _matched_with(self.env, id), vals.pop("reconciled_lines_ids"))
            if set(partners) != set(_matched_with(self.env, id)):
                self.env["account.partial.reconcile"].match_open([id, *partners])
            if not vals:
                return
        if not set(vals) - {"matching_number", "name"} or all(n.startswith("x_") for n in vals):
            row, _ = self.prepare(vals)
            if "matching_number" in row:
                line_input.check_matching_mark(self.env, self.row(id), row["matching_number"])
            self.update(id, row)
            return
        move = self.env.row("account.move", self.row(id)["move_id"])
        if move["state"] == "posted":
            raise UserError(f"You cannot modify the following readonly fields on a posted move: {', '.join(vals)}")
        self.env["account.move"]._write([move["id"]], {"line_ids": [[1, id, vals]]})

    @remote("record", "unlink")
    def unlink(self, ids: list[int]) -> bool:
        """Delete lines of drafts; the entries are worked out again."""
        for id in self.must_exist(ids):
            move = self.env.row("account.move", self.row(id)["move_id"])
            if move["state"] == "posted":
                raise UserError("You cannot delete an item linked to a posted entry.")
            self.env["account.move"]._write([move["id"]], {"line_ids": [[2, id]]})
        return True

    @remote("record")
    def reconcile(self, ids: list[int]) -> None:
        """Match the open ones of these lines with one another."""
        self.env["account.partial.reconcile"].match_open(self.must_exist(ids))

    @remote("record")
    def remove_move_reconcile(self, ids: list[int]) -> None:
        """Undo the matching of these lines, behind a lock date too."""
        self.env["account.partial.reconcile"].break_up(self.must_exist(ids))


def _matched_with(env: Env, line_id: int) -> tuple[int, ...]:
    """The lines that a line is matched with: first the debits, then the credits."""
    partials = env["account.partial.reconcile"].table
    debits = [partials.rows[i]["debit_move_id"] for i in partials.having("credit_move_id", line_id)]
    return (*debits, *(partials.rows[i]["credit_move_id"] for i in partials.having("debit_move_id", line_id)))


def _group(env: Env, row: Row) -> Any:
    return env.row("account.tax", row["tax_line_id"])["tax_group_id"] if row["tax_line_id"] else False


MODELS = (MoveLine,)
