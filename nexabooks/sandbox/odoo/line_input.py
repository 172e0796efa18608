"""Lines as they are given: what a create or write says about them, and what Odoo fills in where it says nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from nexabooks.sandbox.odoo.amounts import CENT, ZERO, currency_step, document_rate, rounded
from nexabooks.sandbox.odoo.env import Env
from nexabooks.sandbox.odoo.fields import number
from nexabooks.sandbox.odoo.refusals import NotPretended, UserError
from nexabooks.sandbox.odoo.store import Row

FIGURES = ("balance", "debit", "credit", "amount_currency")


@dataclass(slots=True)
class Given:
    """What one create or write gave beside plain header values.

    `forced`: tax by tax group. `basis`: what the taxes were worked out from before the change (None at create).
    `edited_taxes`: tax lines whose amount was written. `is_rate_new`: the rate was changed. `own_terms`: payment-term lines that the caller gave.
    """

    forced: dict[int, Decimal] | None = None
    basis: Any = None
    touched: bool = False
    is_rate_new: bool = False
    edited_taxes: set[int] = field(default_factory=set)
    own_terms: list[int] = field(default_factory=list)

    def add(self, env: Env, move_id: int, vals: dict[str, Any], *, shown: bool) -> None:
        """A new line. Tax lines given for an invoice are passed over: they are worked out (facts: "Limits and lifetime")."""
        lines, move = env["account.move.line"], env.row("account.move", move_id)
        is_entry = move["move_type"] == "entry"
        kind = "product" if shown and not vals.get("display_type") else vals.get("display_type") or "product"
        if kind == "tax" and not is_entry:
            return
        row, commands = lines.prepare({n: v for n, v in vals.items() if n not in FIGURES})
        if commands:
            raise NotPretended(f"lines with {', '.join(commands)}")
        row |= {"move_id": move_id, "display_type": kind, "partner_id": row.get("partner_id") or move["partner_id"]}
        row["currency_id"] = row.get("currency_id") or move["currency_id"]
        if row.get("matching_number"):
            check_matching_mark(env, row, row["matching_number"])
        if is_entry or kind == "payment_term":
            row |= _figures(env, row["currency_id"], move, vals, is_new=True)
        elif kind == "product":
            row = {"quantity": Decimal(1), **row}
            if not row.get("account_id"):
                row["account_id"] = _usual_account(env, move)
            if "tax_ids" not in row:
                row["tax_ids"] = _usual_taxes(env, move)
        if is_entry and row.get("tax_ids"):
            raise NotPretended("taxes on the lines of a journal entry")
        if is_entry and not row.get("account_id"):
            raise UserError("The operation cannot be completed: Missing required account on accountable line.")
        id = lines.insert(row)
        if kind == "payment_term" and not is_entry:
            self.own_terms.append(id)

    def change(self, env: Env, line_id: int, vals: dict[str, Any]) -> None:
        """A changed line."""
        lines = env["account.move.line"]
        before = lines.row(line_id)
        move = env.row("account.move", before["move_id"])
        row, commands = lines.prepare({n: v for n, v in vals.items() if n not in (*FIGURES, "tax_ids")})
        if commands:
            raise NotPretended(f"writing {', '.join(commands)} of a line")
        if "tax_ids" in vals:
            row["tax_ids"] = lines.linked(lines.fields["tax_ids"], before["tax_ids"], vals["tax_ids"])
        if any(n in vals for n in FIGURES):
            if before["display_type"] == "product" and move["move_type"] != "entry":
                raise NotPretended("writing the balance of an invoice's product line")
            row |= _figures(env, row.get("currency_id") or before["currency_id"], move, vals, is_new=False)
            if before["display_type"] == "tax":
                self.edited_taxes.add(line_id)
        lines.update(line_id, row)


def forced_groups(totals: Any) -> dict[int, Decimal] | None:
    """The tax by tax group that `tax_totals` asks for. Its other figures are not looked at."""
    if not totals:
        return None
    groups = [g for s in totals.get("subtotals", ()) for g in s.get("tax_groups", ())]
    return {
        int(g["id"]): number(g["tax_amount_currency"]).quantize(Decimal("1e-6"))
        for g in groups
        if "tax_amount_currency" in g
    }


def _figures(env: Env, currency_id: int, move: Row, vals: dict[str, Any], *, is_new: bool) -> Row:
    """Balance and amount in currency from whichever of the two, or of debit and credit, was given."""
    own = env.company["currency_id"]
    rate = document_rate(env, move, currency_id)
    step = currency_step(env, currency_id)
    balance: Decimal | None = None
    if "balance" in vals:
        balance = number(vals["balance"])
    elif "debit" in vals or "credit" in vals:
        balance = number(vals.get("debit")) - number(vals.get("credit"))
    amount = number(vals["amount_currency"]) if "amount_currency" in vals else None
    if balance is None and amount is None:
        balance = ZERO if is_new else None
    if currency_id == own:
        balance = amount = rounded(balance if balance is not None else amount or ZERO, CENT)
    elif balance is None:
        balance = rounded((amount or ZERO) / rate, CENT)
    elif amount is None:
        amount = rounded(balance * rate, step)
    return {"balance": rounded(balance or ZERO, CENT), "amount_currency": rounded(amount or ZERO, step)}


def _usual_account(env: Env, move: Row) -> Any:
    """The account of a line that names none: the journal's, unless the partner has habits, which are not pretended."""
    lines = env["account.move.line"].table
    partner = move["partner_id"]
    if partner and any(
        lines.rows[i]["display_type"] == "product" and lines.rows[i]["move_id"] != move["id"]
        for i in lines.having("partner_id", partner)
    ):
        raise NotPretended("choosing a partner's habitual account; send account_id with every line")
    return env.row("account.journal", move["journal_id"])["default_account_id"]


def _usual_taxes(env: Env, move: Row) -> tuple[int, ...]:
    """The taxes of a line that names none: the company's default in Ontario, none for a Canadian without a province."""
    partner = env.row("res.partner", move["partner_id"]) if move["partner_id"] else None
    side = "account_purchase_tax_id" if move["move_type"].startswith("in_") else "account_sale_tax_id"
    default = env.company[side]
    if partner is None or not partner["country_id"] or partner["state_id"] == env.ref("base.state_ca_on"):
        return (default,) if default else ()
    if partner["country_id"] == env.ref("base.ca") and not partner["state_id"]:
        return ()
    raise NotPretended("mapping the default tax by fiscal position; send tax_ids with every line")


def check_matching_mark(env: Env, row: Row, mark: Any) -> None:
    """Only marks of the import kind, "I…", may be written (facts: "Matching many pairs at once")."""
    if mark and not str(mark).startswith("I"):
        raise NotPretended(f"the matching number {mark!r}; only marks that begin with I are written from outside")
