"""The figures of an entry: what Odoo works out from the lines that were given, each time a draft is created or changed.

Product lines get their subtotal, one tax line stands for each tax, payment-term lines take what is due, and the totals
follow. A tax that was forced (by `tax_totals`, or by writing the tax line) stays until a quantity, price, discount or
tax of a product line changes (facts: "Forcing the source's tax").
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from nexabooks.sandbox.odoo.amounts import (
    CENT,
    HUNDRED,
    ZERO,
    currency_step,
    direction,
    document_rate,
    lines_of,
    rounded,
)
from nexabooks.sandbox.odoo.env import Env
from nexabooks.sandbox.odoo.line_input import Given
from nexabooks.sandbox.odoo.refusals import NotPretended, UserError
from nexabooks.sandbox.odoo.settlement import refresh_residual, refresh_totals
from nexabooks.sandbox.odoo.store import Row
from nexabooks.sandbox.odoo.taxes import Base, document_taxes, line_totals


def _raw(row: Row) -> Decimal:
    quantity = row["quantity"].quantize(CENT, rounding=ROUND_HALF_UP)
    return Decimal(quantity * row["price_unit"] * (1 - row["discount"] / HUNDRED))


def tax_basis(env: Env, move_id: int) -> Any:
    """What the taxes of a document are worked out from; while it stays the same, forced taxes stay."""
    lines = [(r["id"], _raw(r), r["tax_ids"]) for r in lines_of(env, move_id) if r["display_type"] == "product"]
    return env.row("account.move", move_id)["currency_id"], lines


def sync(env: Env, move_id: int, given: Given) -> None:
    """Work an entry out again after a change."""
    move = env.row("account.move", move_id)
    if move["move_type"] == "entry":
        _sync_entry(env, move)
    else:
        _sync_products(env, move)
        _sync_taxes(env, move, given)
        _sync_terms(env, move, given)
    for row in lines_of(env, move_id):
        refresh_residual(env, row["id"])
    refresh_totals(env, move_id)


def _sync_entry(env: Env, move: Row) -> None:
    rows = lines_of(env, move["id"])
    if sum((r["balance"] for r in rows), ZERO) != 0:
        raise UserError("The entry is not balanced.")


def _sync_products(env: Env, move: Row) -> None:
    lines, taxes = env["account.move.line"], env["account.tax"]
    method = env.company["tax_calculation_rounding_method"]
    sign, step, rate = (
        direction(move["move_type"]),
        currency_step(env, move["currency_id"]),
        document_rate(env, move, move["currency_id"]),
    )
    worked: list[list[Any]] = []
    for row in lines_of(env, move["id"]):
        if row["display_type"] != "product":
            continue
        raw = _raw(row)
        subtotal, total = line_totals(Base(raw, taxes.flat(row["tax_ids"])), step, method)
        worked.append([row, raw, subtotal, total, subtotal, rounded(raw / rate, CENT)])
    if worked and method == "round_globally":
        # The document's base is rounded once; what the rounded lines miss goes on the largest of them.
        largest = max(worked, key=lambda w: w[3])
        whole = sum((w[1] for w in worked), ZERO)
        largest[4] += rounded(whole, step) - sum((w[4] for w in worked), ZERO)
        largest[5] += rounded(whole / rate, CENT) - sum((w[5] for w in worked), ZERO)
    for row, _raw_amount, subtotal, total, amount, balance in worked:
        changes = {
            "quantity": row["quantity"].quantize(CENT, rounding=ROUND_HALF_UP),
            "currency_id": move["currency_id"],
            "partner_id": move["partner_id"],
            "price_subtotal": subtotal,
            "price_total": total,
            "amount_currency": sign * amount,
            "balance": sign * balance,
        }
        lines.update_if_changed(row, changes)


def _sync_taxes(env: Env, move: Row, given: Given) -> None:
    lines = env["account.move.line"]
    rows = lines_of(env, move["id"])
    present = {r["tax_line_id"]: r for r in rows if r["display_type"] == "tax"}
    rate = document_rate(env, move, move["currency_id"])
    sign = direction(move["move_type"])
    if given.basis is not None and given.forced is None and given.basis == tax_basis(env, move["id"]):
        for row in present.values():
            if row["id"] in given.edited_taxes:
                continue
            again = {"balance": rounded(row["amount_currency"] / rate, CENT)} if given.is_rate_new else {}
            lines.update_if_changed(row, {**again, "partner_id": move["partner_id"]})
        return
    products = [r for r in rows if r["display_type"] == "product"]
    bases = [Base(_raw(r), env["account.tax"].flat(r["tax_ids"])) for r in products]
    step, method = currency_step(env, move["currency_id"]), env.company["tax_calculation_rounding_method"]
    amounts = document_taxes(bases, step, method)
    balances = amounts if rate == 1 else document_taxes([Base(b.raw / rate, b.taxes) for b in bases], CENT, method)
    forced = _forced_amounts(env, amounts, given.forced or {}, step)
    for tax_id, amount in forced.items():
        balance = balances[tax_id] if amount == amounts[tax_id] else rounded(amount / rate, CENT)
        tax = env.row("account.tax", tax_id)
        changes: Row = {
            "amount_currency": sign * amount,
            "balance": sign * balance,
            "currency_id": move["currency_id"],
            "partner_id": move["partner_id"],
        }
        if tax_id in present:
            lines.update_if_changed(present[tax_id], changes)
        else:
            account = tax["account_id"] or next(r["account_id"] for r in products if tax_id in r["tax_ids"])
            new = {
                "move_id": move["id"],
                "display_type": "tax",
                "tax_line_id": tax_id,
                "name": tax["name"],
                "account_id": account,
            }
            lines.insert(new | changes)
    for tax_id, row in present.items():
        if tax_id not in forced:
            lines.table.delete(row["id"])


def _forced_amounts(
    env: Env, amounts: dict[int, Decimal], forced: dict[int, Decimal], step: Decimal
) -> dict[int, Decimal]:
    """The amounts with the forced tax groups put in; a group that the document does not have is passed over silently."""
    result = dict(amounts)
    for group_id, wanted in forced.items():
        members = [t for t in amounts if env.row("account.tax", t)["tax_group_id"] == group_id]
        if members:
            first = members[0]
            result[first] += rounded(wanted, step) - sum((amounts[t] for t in members), ZERO)
    return result


def _sync_terms(env: Env, move: Row, given: Given) -> None:
    lines = env["account.move.line"]
    rows = lines_of(env, move["id"])
    owed = [r for r in rows if r["display_type"] in ("product", "tax")]
    present = [r for r in rows if r["display_type"] == "payment_term"]
    amount, balance = (-sum((r[n] for r in owed), ZERO) for n in ("amount_currency", "balance"))
    if given.own_terms:
        if sum((r["balance"] for r in present), ZERO) != balance:
            raise NotPretended("payment-term lines whose balance is not the document's total")
        for row in present:
            lines.update_if_changed(
                row, {"amount_currency": amount, "partner_id": move["partner_id"]} if len(present) == 1 else {}
            )
        last = max((r["date_maturity"] or "" for r in present), default="")
        env["account.move"].update(move["id"], {"invoice_date_due": last or move["invoice_date_due"]})
        return
    parts = _parts(env, move, amount, balance) if owed else []
    for place, (part, part_balance, due) in enumerate(parts):
        changes = {
            "amount_currency": part,
            "balance": part_balance,
            "date_maturity": due,
            "currency_id": move["currency_id"],
            "partner_id": move["partner_id"],
        }
        if place < len(present):
            lines.update_if_changed(present[place], changes)
        else:
            lines.insert(
                {
                    "move_id": move["id"],
                    "display_type": "payment_term",
                    "account_id": _due_account(env, move),
                    **changes,
                }
            )
    for row in present[len(parts) :]:
        lines.table.delete(row["id"])
    if parts and move["invoice_date_due"] != parts[-1][2]:
        env["account.move"].update(move["id"], {"invoice_date_due": parts[-1][2]})


def _parts(env: Env, move: Row, amount: Decimal, balance: Decimal) -> list[tuple[Decimal, Decimal, str]]:
    """How much falls due when. Without payment term and due date the day is today (facts: "Dates")."""
    if not move["invoice_payment_term_id"]:
        return [(amount, balance, move["invoice_date_due"] or env.today.isoformat())]
    start = date.fromisoformat(move["invoice_date"]) if move["invoice_date"] else env.today
    shares = env["account.payment.term"].due_days(move["invoice_payment_term_id"], start)
    step = currency_step(env, move["currency_id"])
    parts: list[tuple[Decimal, Decimal, str]] = []
    for place, (percent, due) in enumerate(shares):
        is_last = place == len(shares) - 1
        part = amount - sum((p[0] for p in parts), ZERO) if is_last else rounded(amount * percent / HUNDRED, step)
        part_balance = (
            balance - sum((p[1] for p in parts), ZERO) if is_last else rounded(balance * percent / HUNDRED, CENT)
        )
        parts.append((part, part_balance, due.isoformat()))
    return parts


def _due_account(env: Env, move: Row) -> Any:
    if move["move_type"].startswith("in_"):
        return env.ref("account.1_l10n_ca_221110")
    own = env.row("res.partner", move["partner_id"])["property_account_receivable_id"] if move["partner_id"] else False
    return own or env.ref("account.1_l10n_ca_112110")
