"""account.move: what an entry is, what may be written to it and when. Its lines' figures are in invoicing.py, posting in posting.py."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nexabooks.sandbox.odoo import invoicing, posting, settlement
from nexabooks.sandbox.odoo.env import Env, UniqueIndex
from nexabooks.sandbox.odoo.fields import Field
from nexabooks.sandbox.odoo.line_input import Given, forced_groups
from nexabooks.sandbox.odoo.model import Model, one, remote
from nexabooks.sandbox.odoo.refusals import NotPretended, UserError, ValidationError
from nexabooks.sandbox.odoo.store import Row
from nexabooks.sandbox.odoo.taxes import tax_totals
from nexabooks.sandbox.odoo.technical import Chatter

MOVE_TYPES = ("entry", "out_invoice", "out_refund", "in_invoice", "in_refund", "out_receipt", "in_receipt")
SALES = ("out_invoice", "out_refund", "out_receipt")
PURCHASES = ("in_invoice", "in_refund", "in_receipt")
PAYMENT_STATES = ("not_paid", "in_payment", "paid", "partial", "reversed", "blocked", "invoicing_legacy")
DRAFT_NAMES = {
    "entry": "Draft Entry",
    "out_invoice": "Draft Invoice",
    "out_refund": "Draft Credit Note",
    "in_invoice": "Draft Bill",
    "in_refund": "Draft Vendor Credit Note",
    "out_receipt": "Draft Sales Receipt",
    "in_receipt": "Draft Purchase Receipt",
}
# What may not be written while a move is posted (facts: "After posting"; the list is Odoo's own).
READONLY_WHEN_POSTED = (
    "invoice_line_ids", "line_ids", "invoice_date", "date", "partner_id", "invoice_payment_term_id", "currency_id", "fiscal_position_id",
)  # fmt: skip
SHOWN_LINES = ("product", "line_section", "line_note")


def _company_signed(name: str) -> Any:
    """A total in the company's currency, from the lines' balances."""
    kinds = {
        "amount_untaxed_signed": ("product",),
        "amount_tax_signed": ("tax",),
        "amount_total_signed": ("product", "tax"),
    }[name]

    def compute(env: Env, row: Row) -> Decimal:
        lines = env["account.move.line"].table
        rows = [lines.rows[i] for i in lines.having("move_id", row["id"])]
        if row["move_type"] == "entry":
            return sum((r["balance"] for r in rows if r["balance"] > 0), Decimal(0))
        return -sum((r["balance"] for r in rows if r["display_type"] in kinds), Decimal(0))

    return compute


def _residual_signed(env: Env, row: Row) -> Decimal:
    lines = env["account.move.line"].table
    rows = (lines.rows[i] for i in lines.having("move_id", row["id"]))
    return sum((r["amount_residual"] for r in rows if r["display_type"] == "payment_term"), Decimal(0))


def _duplicated(env: Env, row: Row) -> list[int]:
    """Other documents with the same partner, kind, `ref` and date; nothing is refused because of them."""
    if not row["ref"] or row["move_type"] == "entry":
        return []
    table = env["account.move"].table
    same = ("partner_id", "move_type", "invoice_date")
    return [
        i
        for i in table.having("ref", row["ref"])
        if i != row["id"] and table.rows[i]["state"] != "cancel" and all(table.rows[i][n] == row[n] for n in same)
    ]


def _payments(env: Env, row: Row) -> list[int]:
    table = env["account.move"].table
    return [
        m["origin_payment_id"]
        for m in map(table.rows.get, settlement.matched_moves(env, row["id"]))
        if m and m["origin_payment_id"]
    ]


class Move(Chatter):
    name, label, order = "account.move", "Journal Entry", "date desc, name desc, invoice_date desc, id desc"
    unique_indexes = (
        UniqueIndex(
            "account_move_unique_name",
            ("name", "journal_id"),
            "name",
            holds=lambda r: r["state"] == "posted" and r["name"] not in (False, "/"),
            message="The operation cannot be completed: Another entry with the same name already exists.",
        ),
    )
    own_fields = (
        Field("name", "char", "Number", is_indexed=True, is_copied=False),
        Field("ref", "char", "Reference", is_indexed=True, is_copied=False),
        Field("date", "date", is_required=True, is_copied=False),
        Field("state", "selection", "Status", selection=("draft", "posted", "cancel"), default="draft", is_copied=False),
        Field("move_type", "selection", "Type", selection=MOVE_TYPES, default="entry"),
        Field("partner_id", "many2one", comodel="res.partner", is_indexed=True),
        Field("commercial_partner_id", "many2one", comodel="res.partner", compute=lambda env, r: _commercial(env, r)),
        Field("journal_id", "many2one", comodel="account.journal", is_required=True, is_indexed=True),
        Field("company_id", "many2one", comodel="res.company"),
        Field("company_currency_id", "many2one", comodel="res.currency", compute=lambda env, r: env.company["currency_id"]),
        Field("currency_id", "many2one", comodel="res.currency", is_required=True),
        Field("invoice_date", "date", "Invoice/Bill Date", is_copied=False),
        Field("invoice_date_due", "date", "Due Date", is_copied=False),
        Field("invoice_payment_term_id", "many2one", "Payment Terms", comodel="account.payment.term"),
        Field("invoice_currency_rate", "float", "Currency Rate", is_copied=False),
        Field("payment_reference", "char", is_copied=False),
        Field("invoice_origin", "char", "Origin"),
        Field("narration", "html", "Terms and Conditions"),
        Field("line_ids", "one2many", "Journal Items", comodel="account.move.line", inverse="move_id"),
        Field(
            "invoice_line_ids", "one2many", "Invoice lines", comodel="account.move.line", inverse="move_id",
            only=lambda r: r["display_type"] in SHOWN_LINES,
        ),
        Field("amount_untaxed", "monetary", is_readonly=True, is_copied=False),
        Field("amount_tax", "monetary", is_readonly=True, is_copied=False),
        Field("amount_total", "monetary", is_readonly=True, is_copied=False),
        Field("amount_residual", "monetary", "Amount Due", is_readonly=True, is_copied=False),
        *(Field(n, "monetary", compute=_company_signed(n)) for n in ("amount_untaxed_signed", "amount_tax_signed", "amount_total_signed")),
        Field("amount_residual_signed", "monetary", compute=_residual_signed),
        Field("payment_state", "selection", selection=PAYMENT_STATES, default="not_paid", is_readonly=True, is_copied=False),
        Field("tax_totals", "json", compute=lambda env, r: tax_totals(env, r) if r["move_type"] != "entry" else False),
        Field("posted_before", "boolean", is_copied=False),
        Field("reversed_entry_id", "many2one", comodel="account.move", is_indexed=True, is_copied=False),
        Field("reversal_move_ids", "one2many", comodel="account.move", inverse="reversed_entry_id"),
        Field("origin_payment_id", "many2one", comodel="account.payment", is_indexed=True, is_copied=False),
        Field("matched_payment_ids", "many2many", comodel="account.payment", compute=_payments),
        Field("duplicated_ref_ids", "many2many", comodel="account.move", compute=_duplicated),
        Field("sequence_prefix", "char", is_copied=False, is_readonly=True),
        Field("sequence_number", "integer", is_copied=False, is_readonly=True),
        Field("secured", "boolean", compute=lambda env, r: bool(r["inalterable_hash"])),
        Field("inalterable_hash", "char", is_copied=False, is_readonly=True),
    )  # fmt: skip

    def display_name(self, id: int) -> str:
        row = self.row(id)
        head = DRAFT_NAMES[row["move_type"]] if row["state"] == "draft" else ""
        name = f"{head} {row['name'] or ''}".strip()
        return f"{name} ({row['ref']})" if row["ref"] else name

    # Creating

    def _create(self, vals_list: list[dict[str, Any]]) -> list[int]:
        return [self._create_one(vals) for vals in vals_list]

    def _create_one(self, vals: dict[str, Any]) -> int:
        if vals.get("state") == "posted":
            raise UserError(
                "You cannot create a move already in the posted state. Please create a draft move and post it after."
            )
        vals = dict(vals)
        totals = vals.pop("tax_totals", None)
        row, commands = self.prepare(vals)
        id = self.insert(self._completed(row))
        given = Given(forced=forced_groups(totals))
        for name in ("invoice_line_ids", "line_ids"):
            self._line_commands(id, name, commands.pop(name, []), given)
        if commands:
            raise NotPretended(f"creating an account.move with {', '.join(commands)}")
        invoicing.sync(self.env, id, given)
        return id

    def _completed(self, row: Row) -> Row:
        """`row` with what Odoo fills in: journal, currency, dates, rate."""
        env = self.env
        kind = row.get("move_type") or env.context.get("default_move_type") or "entry"
        row = {"move_type": kind, "company_id": env.company["id"], **row}
        if not row.get("journal_id"):
            wanted = "sale" if kind in SALES else "purchase" if kind in PURCHASES else "general"
            row["journal_id"] = env["account.journal"].find([["type", "=", wanted]], "sequence, id", 1)[0]
        journal = env.row("account.journal", row["journal_id"])
        wrong = (kind in SALES and journal["type"] != "sale") or (kind in PURCHASES and journal["type"] != "purchase")
        if wrong:
            raise ValidationError(
                f"Cannot create an invoice of type {kind} with a journal having {journal['type']} as type."
            )
        if not row.get("currency_id"):
            row["currency_id"] = journal["currency_id"] or env.company["currency_id"]
        if kind != "entry" and row.get("partner_id") and not row.get("invoice_payment_term_id"):
            row["invoice_payment_term_id"] = env.row("res.partner", row["partner_id"])["property_payment_term_id"]
        if not row.get("date"):
            row["date"] = self._accounting_date(row)
        if kind != "entry":
            self._check_rate(row, row["currency_id"])
        if kind != "entry" and not row.get("invoice_currency_rate"):
            row["invoice_currency_rate"] = env["res.currency"].rate(
                row["currency_id"], row.get("invoice_date") or env.today.isoformat()
            )
        row["sequence_prefix"], row["sequence_number"] = posting.split_name(row.get("name"))
        return row

    def _check_rate(self, given: Row, currency_id: int) -> None:
        """An own rate is above zero; in the company's currency Odoo does not look."""
        has_own = "invoice_currency_rate" in given and currency_id != self.env.company["currency_id"]
        if has_own and (given["invoice_currency_rate"] or 0) <= 0:
            raise ValidationError("The currency rate must be strictly positive.")

    def _accounting_date(self, row: Row) -> str:
        invoiced = row.get("invoice_date") or self.env.today.isoformat()
        if row["move_type"] in PURCHASES and row.get("invoice_date"):
            return posting.accounting_date(self.env, self.defaults() | {"id": 0} | row, invoiced, [])
        return str(invoiced)

    # Writing

    def write_row(self, id: int, vals: dict[str, Any]) -> None:
        env, before = self.env, self.row(id)
        vals = dict(vals)
        if before["state"] == "posted" and vals.get("state", "posted") == "posted":
            locked = [n for n in vals if n in READONLY_WHEN_POSTED]
            if locked:
                raise UserError(
                    f"You cannot modify the following readonly fields on a posted move: {', '.join(locked)}"
                )
        if before["state"] == "posted" and ("name" in vals or vals.get("state", "posted") != "posted"):
            posting.check_locks(env, before)
        if before["inalterable_hash"] and set(vals) & {"name", "date", "journal_id", "company_id", "state"}:
            raise UserError(
                "This document is protected by a hash. Therefore, you cannot edit the following fields: "
                + ", ".join(vals)
            )
        totals = vals.pop("tax_totals", None)
        row, commands = self.prepare(
            {n: v for n, v in vals.items() if n in self.fields and n != "id"} | _unknown(self, vals)
        )
        given = Given(forced=forced_groups(totals), basis=invoicing.tax_basis(env, id))
        if "name" in row:
            env.names_given.clear()
            row["sequence_prefix"], row["sequence_number"] = posting.split_name(row["name"])
        if "invoice_date" in row and "date" not in row and before["move_type"] != "entry":
            row["date"] = self._accounting_date(before | row)
        if (
            ("invoice_date" in row or "currency_id" in row)
            and "invoice_currency_rate" not in row
            and before["move_type"] != "entry"
        ):
            after = before | row
            row["invoice_currency_rate"] = env["res.currency"].rate(
                after["currency_id"], after["invoice_date"] or env.today.isoformat()
            )
        if before["move_type"] != "entry":
            self._check_rate(row, row.get("currency_id") or before["currency_id"])
        rate = row.get("invoice_currency_rate", before["invoice_currency_rate"])
        given.is_rate_new = rate != before["invoice_currency_rate"]
        if row or not commands:
            self.update(id, row)
        for name in ("invoice_line_ids", "line_ids"):
            self._line_commands(id, name, commands.pop(name, []), given)
        if commands:
            raise NotPretended(f"writing {', '.join(commands)} of account.move")
        if before["state"] == "draft" or given.touched:
            invoicing.sync(env, id, given)

    def _line_commands(self, id: int, name: str, commands: list[Any], given: Given) -> None:
        """Carry out line commands without working the entry out after each of them."""
        lines = self.env["account.move.line"]
        for command in commands:
            given.touched = True
            kind = command[0]
            if kind == 0:
                given.add(self.env, id, command[2], shown=name == "invoice_line_ids")
            elif kind == 1:
                given.change(self.env, lines.must_exist([command[1]])[0], command[2])
            elif kind in (2, 3):
                lines._unlink(lines.must_exist([command[1]]))
            elif kind in (5, 6) and (kind == 5 or not command[2]):
                lines._unlink(self.value(self.row(id), name))
            elif kind != 4:
                raise NotPretended(f"command {kind} for account.move.{name}")

    def _unlink(self, ids: list[int]) -> None:
        env = self.env
        lines = env["account.move.line"]
        for id in ids:
            row = self.row(id)
            if row["state"] == "posted":
                raise UserError(
                    "You can't delete a posted journal item. Don’t play games with your accounting records; "
                    "reset the journal entry to draft before deleting it."
                )
            if row["posted_before"] and env.company["restrictive_audit_trail"]:
                raise UserError("You cannot remove parts of a restricted audit trail. Archive the record instead.")
            env["account.partial.reconcile"].break_up(lines.table.having("move_id", id))
            lines._unlink(lines.table.having("move_id", id))
        super()._unlink(ids)

    # Doors

    @remote("record")
    def action_post(self, ids: list[int]) -> bool:
        """Post drafts, all or none."""
        posting.post(self.env, self.must_exist(ids))
        return False

    @remote("record")
    def button_draft(self, ids: list[int]) -> None:
        """Back to draft; the number and the matching stay."""
        posting.to_draft(self.env, self.must_exist(ids))

    @remote("record")
    def button_cancel(self, ids: list[int]) -> None:
        """Cancel, straight from posted too; payments are set free."""
        posting.cancel(self.env, self.must_exist(ids))

    @remote("one")
    def js_assign_outstanding_line(self, ids: list[int], line_id: int) -> None:
        """Match one open line with the open lines of this invoice on the same account."""
        lines = self.env["account.move.line"]
        account = lines.row(lines.must_exist([line_id])[0])["account_id"]
        own = [i for i in lines.table.having("move_id", one(ids, self.name)) if lines.row(i)["account_id"] == account]
        lines.reconcile([line_id, *(i for i in own if not lines.row(i)["reconciled"])])


def _commercial(env: Env, row: Row) -> Any:
    return (
        env["res.partner"].value(env.row("res.partner", row["partner_id"]), "commercial_partner_id")
        if row["partner_id"]
        else False
    )


def _unknown(model: Model, vals: dict[str, Any]) -> dict[str, Any]:
    """The fields that the model does not have, kept so that they are refused by name."""
    return {n: v for n, v in vals.items() if n not in model.fields}


MODELS = (Move,)
