"""What is read back from Odoo: only what nexabooks owns, and the taxes and accounts it leans on.

Read whole every time: Odoo's `write_date` does not move for everything that changes a record (a payment changes its
invoice's `payment_state`, a reversal its residual), and what nexabooks owns is small beside a ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nexabooks.streams import Stream

OURS = "x_fc_source_invoice_id"


@dataclass(frozen=True, slots=True)
class Question:
    """How one stream is asked: the model, the fields and the domain; `{company}` in it is the company's id.

    `needs`: (model, field) of ours without which there is nothing to read.
    """

    model: str
    fields: tuple[str, ...]
    domain: tuple[Any, ...]
    needs: tuple[str, str] | None = None


COMPANY = ("company_id", "=", "{company}")

QUESTIONS: dict[str, Question] = {
    "moves": Question(
        "account.move",
        (
            "id",
            "name",
            "state",
            "move_type",
            "payment_state",
            "invoice_date",
            "date",
            "invoice_date_due",
            "ref",
            "partner_id",
            "currency_id",
            "journal_id",
            "amount_untaxed",
            "amount_tax",
            "amount_total",
            "amount_residual",
            "reversed_entry_id",
            "write_date",
            "x_fc_source_system",
            "x_fc_source_invoice_id",
            "x_fc_kind",
            "x_fc_nexacloud_invoice_id",
            "x_fc_stripe_invoice_id",
            "x_fc_stripe_customer_id",
            "x_fc_run_id",
        ),
        (COMPANY, (OURS, "!=", False)),
        needs=("account.move", OURS),
    ),
    "lines": Question(
        "account.move.line",
        (
            "id",
            "move_id",
            "name",
            "display_type",
            "account_id",
            "partner_id",
            "currency_id",
            "quantity",
            "price_unit",
            "price_subtotal",
            "price_total",
            "balance",
            "amount_currency",
            "tax_ids",
            "tax_line_id",
            "matching_number",
            "date",
        ),
        (COMPANY, (f"move_id.{OURS}", "!=", False)),
        needs=("account.move", OURS),
    ),
    "partners": Question(
        "res.partner",
        (
            "id",
            "name",
            "email",
            "street",
            "city",
            "zip",
            "state_id",
            "country_id",
            "vat",
            "active",
            "write_date",
            "x_fc_customer_id",
        ),
        (("x_fc_customer_id", "!=", False), ("active", "in", (True, False))),
        needs=("res.partner", "x_fc_customer_id"),
    ),
    "payments": Question(
        "account.payment",
        (
            "id",
            "name",
            "state",
            "payment_type",
            "amount",
            "date",
            "currency_id",
            "partner_id",
            "journal_id",
            "memo",
            "move_id",
            "reconciled_invoice_ids",
            "is_reconciled",
            "write_date",
            "x_fc_payment_id",
            "x_fc_source_system",
            "x_fc_source_invoice_id",
        ),
        (COMPANY, ("x_fc_payment_id", "!=", False)),
        needs=("account.payment", "x_fc_payment_id"),
    ),
    # A reversal carries none of our ids: it is ours because of what it reverses.
    "reversals": Question(
        "account.move",
        ("id", "name", "state", "date", "ref", "currency_id", "amount_total", "reversed_entry_id"),
        (COMPANY, (f"reversed_entry_id.{OURS}", "!=", False)),
        needs=("account.move", OURS),
    ),
    "reconciles": Question(
        "account.partial.reconcile",
        (
            "id",
            "debit_move_id",
            "credit_move_id",
            "amount",
            "debit_amount_currency",
            "credit_amount_currency",
            "max_date",
        ),
        (
            COMPANY,
            "|",
            (f"debit_move_id.move_id.{OURS}", "!=", False),
            (f"credit_move_id.move_id.{OURS}", "!=", False),
        ),
        needs=("account.move", OURS),
    ),
    "taxes": Question(
        "account.tax",
        ("id", "name", "amount", "amount_type", "type_tax_use", "tax_group_id", "active"),
        (COMPANY, ("type_tax_use", "=", "sale"), ("active", "in", (True, False))),
    ),
    # Accounts belong to several companies from Odoo 18 on; the code read is the one of our company, False in another.
    "accounts": Question(
        "account.account",
        ("id", "code", "name", "account_type"),
        (("account_type", "in", ("income", "income_other")), ("active", "in", (True, False))),
    ),
}

STREAMS = (
    Stream("moves", ("id",), may_not_lose="an entry that stands in the books"),
    Stream("lines", ("id",), may_not_lose="which account and which tax an amount went to"),
    Stream("partners", ("id",), may_not_lose="whose books an entry is in"),
    Stream("payments", ("id",), may_not_lose="money that came in"),
    Stream("reversals", ("id",), may_not_lose="that an entry was taken back"),
    Stream("reconciles", ("id",), may_not_lose="which money settles which invoice"),
    Stream("taxes", ("id",), may_not_lose="what a tax on a line means"),
    Stream("accounts", ("id",), may_not_lose="what an account on a line means"),
)
