"""Accounts, journals, payment methods and payment terms: what the entries stand on."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from nexabooks.sandbox.odoo.env import Env, UniqueIndex
from nexabooks.sandbox.odoo.fields import Field
from nexabooks.sandbox.odoo.model import Model
from nexabooks.sandbox.odoo.refusals import NotPretended, UserError, ValidationError
from nexabooks.sandbox.odoo.store import Row

ACCOUNT_TYPES = (
    "asset_receivable", "asset_cash", "asset_current", "asset_non_current", "asset_prepayments", "asset_fixed",
    "liability_payable", "liability_credit_card", "liability_current", "liability_non_current", "equity", "equity_unaffected",
    "income", "income_other", "expense", "expense_other", "expense_depreciation", "expense_direct_cost", "off_balance",
)  # fmt: skip
JOURNAL_TYPES = ("sale", "purchase", "cash", "bank", "credit", "general")


class Account(Model):
    name, label, order = "account.account", "Account", "code, id"
    own_fields = (
        Field("code", "char", is_required=True, is_indexed=True),
        Field("name", "char", "Account Name", is_required=True),
        Field("account_type", "selection", "Type", selection=ACCOUNT_TYPES, is_required=True),
        Field("reconcile", "boolean", "Allow Reconciliation"),
        Field("active", "boolean", default=True),
        Field("currency_id", "many2one", comodel="res.currency"),
        Field("company_ids", "many2many", comodel="res.company", default=(1,)),
        Field("tax_ids", "many2many", comodel="account.tax"),
    )

    def defaults(self) -> Row:
        return super().defaults() | {"company_ids": (self.env.company["id"],)}

    def insert(self, given: Row) -> int:
        if given.get("account_type") in ("asset_receivable", "liability_payable"):
            given = {"reconcile": True, **given}
        self._check_code(given.get("code"), None)
        return super().insert(given)

    def update(self, id: int, changes: Row) -> None:
        if "code" in changes:
            self._check_code(changes["code"], id)
        super().update(id, changes)

    def find(self, domain: list[Any], order: str = "id", limit: int | None = None) -> list[int]:
        """A code is searched by a query of its own, which hides archived accounts whatever the domain says of `active`."""
        by_code = any(isinstance(d, (list, tuple)) and d and d[0] == "code" for d in domain or [])
        if by_code and self.env.context.get("active_test", True):
            domain = [["active", "=", True], *domain]
        return super().find(domain, order, limit)

    def _check_code(self, code: Any, own_id: int | None) -> None:
        if not code:
            return
        if not re.fullmatch(r"[A-Za-z0-9.]+", code):
            raise ValidationError("The account code can only contain alphanumeric characters and dots.")
        if any(i != own_id for i in self.table.having("code", code)):
            raise ValidationError(
                f"Account codes must be unique. You can't create accounts with these duplicate codes: {code}"
            )

    def display_name(self, id: int) -> str:
        row = self.row(id)
        return f"{row['code']} {row['name']}"

    def _unlink(self, ids: list[int]) -> None:
        lines = self.env["account.move.line"].table
        if any(lines.having("account_id", i) for i in ids):
            raise UserError("You cannot perform this action on an account that contains journal items.")
        super()._unlink(ids)


def _is_of(direction: str, row: Row) -> bool:
    return row["payment_type"] == direction


class Journal(Model):
    name, label, order = "account.journal", "Journal", "sequence, type, code"
    unique_indexes = (
        UniqueIndex(
            "account_journal_code_company_uniq",
            ("company_id", "code"),
            "code",
            message="The operation cannot be completed: Journal codes must be unique per company.",
        ),
    )
    own_fields = (
        Field("name", "char", "Journal Name", is_required=True),
        Field("code", "char", "Sequence Prefix", is_required=True, is_indexed=True),
        Field("type", "selection", selection=JOURNAL_TYPES, is_required=True),
        Field("active", "boolean", default=True),
        Field("sequence", "integer", default=10),
        Field("company_id", "many2one", comodel="res.company", default=lambda env: env.company["id"]),
        Field("currency_id", "many2one", comodel="res.currency"),
        Field("default_account_id", "many2one", comodel="account.account"),
        Field("refund_sequence", "boolean"),
        Field("payment_sequence", "boolean"),
        Field("restrict_mode_hash_table", "boolean", "Secure Posted Entries with Hash"),
        Field("sequence_override_regex", "text"),
        *(
            Field(
                f"{direction}_payment_method_line_ids",
                "one2many",
                comodel="account.payment.method.line",
                inverse="journal_id",
                only=partial(_is_of, direction),
            )
            for direction in ("inbound", "outbound")
        ),
    )

    def insert(self, given: Row) -> int:
        kind = given.get("type")
        given = {
            "refund_sequence": kind in ("sale", "purchase"),
            "payment_sequence": kind in ("bank", "cash", "credit"),
            **given,
        }
        if kind in ("bank", "cash", "credit") and not given.get("default_account_id"):
            given["default_account_id"] = self._new_liquidity_account(given)
        id = super().insert(given)
        if kind in ("bank", "cash", "credit"):
            lines = self.env["account.payment.method.line"]
            for direction in ("in", "out"):
                lines.insert(
                    {
                        "name": "Manual Payment",
                        "payment_type": f"{direction}bound",
                        "journal_id": id,
                        f"journal_{direction}_id": id,
                    }
                )
        return id

    def update(self, id: int, changes: Row) -> None:
        if changes.get("active") is False:
            moves = self.env["account.move"].table.rows.values()
            if any(m["journal_id"] == id and m["state"] == "draft" for m in moves):
                raise ValidationError("You can not archive a journal containing draft journal entries.")
        super().update(id, changes)

    def _new_liquidity_account(self, given: Row) -> int:
        """The journal's own account in the general ledger, under the next free code after the bank accounts."""
        accounts = self.env["account.account"]
        code = 111310 if given["type"] != "cash" else 111510
        while accounts.table.having("code", str(code)):
            code += 1
        return accounts.insert(
            {
                "code": str(code),
                "name": given["name"],
                "account_type": "asset_cash",
                "currency_id": given.get("currency_id", False),
            }
        )

    def display_name(self, id: int) -> str:
        row = self.row(id)
        currency = row["currency_id"]
        if currency and currency != self.env.company["currency_id"]:
            return f"{row['name']} ({self.env['res.currency'].display_name(currency)})"
        return str(row["name"])

    def method_line(self, journal_id: int, direction: str) -> int:
        """The first payment method line of a journal, for `inbound` or `outbound`."""
        table = self.env["account.payment.method.line"].table
        found = [i for i in table.having("journal_id", journal_id) if table.rows[i]["payment_type"] == direction]
        if not found:
            raise UserError("Please define a payment method line on your payment.")
        return found[0]


class PaymentMethodLine(Model):
    name, label = "account.payment.method.line", "Payment Methods"
    own_fields = (
        Field("name", "char"),
        Field("journal_id", "many2one", comodel="account.journal", is_indexed=True),
        Field("payment_type", "selection", selection=("inbound", "outbound")),
        Field("payment_account_id", "many2one", comodel="account.account"),
        Field("code", "char", compute=lambda env, r: "manual"),
    )

    def _create(self, vals_list: list[dict[str, Any]]) -> list[int]:
        raise NotPretended("creating payment method lines by hand")


class PaymentTerm(Model):
    """Payment terms; each part is (percent, how the days are counted, days, day of the month)."""

    name, label, order = "account.payment.term", "Payment Terms", "sequence, id"
    own_fields = (
        Field("name", "char", is_required=True),
        Field("active", "boolean", default=True),
        Field("sequence", "integer", default=10),
        Field("parts", "json"),
    )

    def _create(self, vals_list: list[dict[str, Any]]) -> list[int]:
        raise NotPretended("creating payment terms")

    def due_days(self, id: int, start: date) -> list[tuple[Decimal, date]]:
        """The share (per cent) and due day of each part, for a document of `start`."""
        return [(Decimal(percent), due_day(start, how, days, on)) for percent, how, days, on in self.row(id)["parts"]]


def due_day(start: date, how: str, days: int, on: int = 0) -> date:
    """`start` moved by a payment term's rule: days, end of month, end of next month, or a day of a month after days."""
    if how == "days_after":
        return start + timedelta(days=days)
    if how == "days_after_end_of_month":
        return _end_of_month(start) + timedelta(days=days)
    if how == "days_after_end_of_next_month":
        return _end_of_month(_end_of_month(start) + timedelta(days=1)) + timedelta(days=days)
    moved = start + timedelta(days=days)
    if moved.day > on:
        moved = _end_of_month(moved) + timedelta(days=1)
    return moved.replace(day=min(on, _end_of_month(moved).day))


def _end_of_month(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def outstanding_account(env: Env, direction: str) -> int:
    """111313 Outstanding Receipts or 111314 Outstanding Payments: where money waits when the method line names no account."""
    name = f"account.1_account_journal_payment_{'debit' if direction == 'inbound' else 'credit'}_account_id"
    found = env.ref(name)
    if found is None:
        raise LookupError(f"the chart lacks {name}")
    return found


MODELS = (Account, Journal, PaymentMethodLine, PaymentTerm)
