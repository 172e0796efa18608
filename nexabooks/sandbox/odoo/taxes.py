"""Taxes: their records, and the arithmetic of one document's taxes, which knows no record.

Facts: "Taxes", "Rounding" of facts/odoo.md. `round_globally` sums the unrounded tax of the lines and rounds once a tax;
`round_per_line` rounds each line's tax first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nexabooks.sandbox.odoo.amounts import HUNDRED, direction, lines_of, rounded
from nexabooks.sandbox.odoo.env import Env, UniqueIndex
from nexabooks.sandbox.odoo.fields import Field
from nexabooks.sandbox.odoo.model import Model
from nexabooks.sandbox.odoo.refusals import NotPretended
from nexabooks.sandbox.odoo.store import Row


@dataclass(frozen=True, slots=True)
class Percent:
    """One tax on a line: which, and how many per cent."""

    tax_id: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Base:
    """One line before tax: its unrounded amount in the document's currency, and its taxes."""

    raw: Decimal
    taxes: tuple[Percent, ...]


def line_totals(base: Base, step: Decimal, method: str) -> tuple[Decimal, Decimal]:
    """A line's subtotal and total including tax."""
    taxes = [base.raw * t.percent / HUNDRED for t in base.taxes]
    if method == "round_per_line":
        subtotal = rounded(base.raw, step)
        return subtotal, subtotal + sum((rounded(t, step) for t in taxes), Decimal(0))
    return rounded(base.raw, step), rounded(base.raw + sum(taxes, Decimal(0)), step)


def document_taxes(bases: Sequence[Base], step: Decimal, method: str) -> dict[int, Decimal]:
    """The tax of a document by tax id, in the order in which the taxes appear; taxes of zero per cent are not there."""
    sums: dict[int, Decimal] = {}
    for base in bases:
        for tax in base.taxes:
            amount = base.raw * tax.percent / HUNDRED
            sums[tax.tax_id] = sums.get(tax.tax_id, Decimal(0)) + (
                rounded(amount, step) if method == "round_per_line" else amount
            )
    percents = {t.tax_id: t.percent for b in bases for t in b.taxes}
    return {tax_id: rounded(amount, step) for tax_id, amount in sums.items() if percents[tax_id]}


class TaxGroup(Model):
    name, label, order = "account.tax.group", "Tax Group", "sequence, id"
    own_fields = (
        Field("name", "char", is_required=True),
        Field("sequence", "integer", default=10),
        Field("company_id", "many2one", comodel="res.company", default=1),
        Field("country_id", "many2one", comodel="res.country"),
    )


class Tax(Model):
    """`account_id` stands for the tax line of Odoo's repartition: the account that the tax is booked on."""

    name, label, order = "account.tax", "Tax", "sequence, id"
    unique_indexes = (
        UniqueIndex(
            "account_tax_name_uniq",
            ("name", "type_tax_use", "company_id", "country_id"),
            "name",
            message="Tax names must be unique!",
        ),
    )
    own_fields = (
        Field("name", "char", "Tax Name", is_required=True, is_indexed=True),
        Field("description", "html"),
        Field("invoice_label", "char", "Label on Invoices"),
        Field("type_tax_use", "selection", "Tax Type", selection=("sale", "purchase", "none"), default="sale"),
        Field("amount_type", "selection", selection=("group", "fixed", "percent", "division"), default="percent"),
        Field("amount", "float"),
        Field("active", "boolean", default=True),
        Field("sequence", "integer", default=1),
        Field("company_id", "many2one", comodel="res.company", default=1),
        Field("country_id", "many2one", comodel="res.country", default=lambda env: env.ref("base.ca")),
        Field(
            "tax_group_id",
            "many2one",
            comodel="account.tax.group",
            default=lambda env: env.ref("account.1_tax_group_fix"),
        ),
        Field("children_tax_ids", "many2many", comodel="account.tax"),
        Field("price_include_override", "selection", selection=("tax_included", "tax_excluded")),
        Field("price_include", "boolean", compute=lambda env, r: r["price_include_override"] == "tax_included"),
        Field("include_base_amount", "boolean"),
        Field("account_id", "many2one", comodel="account.account"),
    )

    def insert(self, given: Row) -> int:
        if given.get("amount_type", "percent") not in ("percent", "group"):
            raise NotPretended(f"taxes of the kind {given['amount_type']!r}")
        if given.get("include_base_amount"):
            raise NotPretended("taxes in the base of other taxes")
        return super().insert(given)

    def flat(self, tax_ids: Iterable[int]) -> tuple[Percent, ...]:
        """The taxes that `tax_ids` come to: a group stands for its members. In Odoo's order (sequence, id)."""
        found: list[Row] = []
        for id in tax_ids:
            row = self.row(id)
            found += [self.row(i) for i in row["children_tax_ids"]] if row["amount_type"] == "group" else [row]
        if any(r["price_include_override"] == "tax_included" for r in found):
            raise NotPretended("a line whose tax is included in its price")
        found.sort(key=lambda r: (r["sequence"], r["id"]))
        return tuple(Percent(r["id"], r["amount"]) for r in found)


def tax_totals(env: Env, move: Row) -> dict[str, Any]:
    """The summary that a document shows, by tax group. The amounts are positive on invoices and credit notes alike."""
    rows = lines_of(env, move["id"])
    sign = direction(move["move_type"])
    groups: dict[int, dict[str, Any]] = {}
    for row in rows:
        if row["display_type"] != "tax":
            continue
        tax = env.row("account.tax", row["tax_line_id"])
        group = groups.setdefault(
            tax["tax_group_id"],
            {
                "id": tax["tax_group_id"],
                "involved_tax_ids": [],
                "tax_amount_currency": 0.0,
                "tax_amount": 0.0,
                "base_amount_currency": 0.0,
                "base_amount": 0.0,
                "group_name": env.row("account.tax.group", tax["tax_group_id"])["name"],
                "group_label": False,
            },
        )
        group["involved_tax_ids"].append(tax["id"])
        group["tax_amount_currency"] += float(sign * row["amount_currency"])
        group["tax_amount"] += float(sign * row["balance"])
        taxed = [
            r
            for r in rows
            if r["display_type"] == "product"
            and any(t.tax_id == tax["id"] for t in env["account.tax"].flat(r["tax_ids"]))
        ]
        group["base_amount_currency"] = float(sum((sign * r["amount_currency"] for r in taxed), Decimal(0)))
        group["base_amount"] = float(sum((sign * r["balance"] for r in taxed), Decimal(0)))
    return {
        "currency_id": move["currency_id"],
        "base_amount_currency": float(move["amount_untaxed"]),
        "tax_amount_currency": float(move["amount_tax"]),
        "total_amount_currency": float(move["amount_total"]),
        "subtotals": [
            {
                "name": "Untaxed Amount",
                "base_amount_currency": float(move["amount_untaxed"]),
                "tax_amount_currency": float(move["amount_tax"]),
                "tax_groups": list(groups.values()),
            }
        ],
    }


MODELS = (TaxGroup, Tax)
