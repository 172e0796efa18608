"""What is still open: the residual of a line, and the totals and payment state of a document (facts: "Payment states")."""

from __future__ import annotations

from decimal import Decimal

from nexabooks.sandbox.odoo.amounts import ZERO, direction, lines_of
from nexabooks.sandbox.odoo.env import Env
from nexabooks.sandbox.odoo.store import Row


def refresh_residual(env: Env, line_id: int) -> None:
    """What of a line is still open, after the partial matchings on it."""
    lines = env["account.move.line"]
    row = lines.row(line_id)
    account = env.row("account.account", row["account_id"]) if row["account_id"] else None
    if account is None or not (
        account["reconcile"] or account["account_type"] in ("asset_cash", "liability_credit_card")
    ):
        return
    partials = env["account.partial.reconcile"].table
    open_balance, open_amount = row["balance"], row["amount_currency"]
    has_partials = False
    for side, sign, amount_name in (
        ("debit_move_id", -1, "debit_amount_currency"),
        ("credit_move_id", 1, "credit_amount_currency"),
    ):
        for id in partials.having(side, line_id):
            partial = partials.rows[id]
            has_partials = True
            open_balance += sign * partial["amount"]
            open_amount += sign * partial[amount_name]
    is_settled = open_balance == 0 and open_amount == 0 and env.row("account.move", row["move_id"])["state"] == "posted"
    changes = {
        "amount_residual": open_balance,
        "amount_residual_currency": open_amount,
        "reconciled": is_settled and (has_partials or row["balance"] == 0) and account["reconcile"],
    }
    lines.update_if_changed(row, changes)


def matched_moves(env: Env, move_id: int) -> list[int]:
    """The entries that the due lines of a document are matched with, each once."""
    partials, lines = env["account.partial.reconcile"].table, env["account.move.line"].table
    found: dict[int, None] = {}
    for row in lines_of(env, move_id):
        if row["display_type"] != "payment_term":
            continue
        for side, other in (("debit_move_id", "credit_move_id"), ("credit_move_id", "debit_move_id")):
            for id in partials.having(side, row["id"]):
                found[lines.rows[partials.rows[id][other]]["move_id"]] = None
    return list(found)


def refresh_totals(env: Env, move_id: int) -> None:
    """The totals, what is due, and the payment state of an entry."""
    moves = env["account.move"]
    move, rows = moves.row(move_id), lines_of(env, move_id)
    if move["move_type"] == "entry":
        # In the currencies of its debits: an exchange difference of a foreign line has a total of zero.
        total = sum((r["amount_currency"] for r in rows if r["balance"] > 0), ZERO)
        moves.update_if_changed(
            move, {"amount_untaxed": ZERO, "amount_tax": ZERO, "amount_total": total, "amount_residual": ZERO}
        )
        return
    sign = direction(move["move_type"])
    untaxed = sign * sum((r["amount_currency"] for r in rows if r["display_type"] == "product"), ZERO)
    tax = sign * sum((r["amount_currency"] for r in rows if r["display_type"] == "tax"), ZERO)
    residual = -sign * sum((r["amount_residual_currency"] for r in rows if r["display_type"] == "payment_term"), ZERO)
    changes = {"amount_untaxed": untaxed, "amount_tax": tax, "amount_total": untaxed + tax, "amount_residual": residual}
    changes["payment_state"] = _payment_state(env, move, residual)
    moves.update_if_changed(move, changes)


def _payment_state(env: Env, move: Row, residual: Decimal) -> str:
    """Community goes straight to `paid`; `reversed` is what a credit note alone settled (facts: "Payment states")."""
    if move["state"] == "cancel":
        return "not_paid"
    partners = [env.row("account.move", i) for i in matched_moves(env, move["id"])]
    if not partners:
        return "paid" if residual == 0 and move["state"] == "posted" else "not_paid"
    if residual != 0:
        return "partial"
    if any(p["origin_payment_id"] for p in partners):
        return "paid"
    kinds = {p["move_type"] for p in partners}
    turned = {
        "out_invoice": "out_refund",
        "out_receipt": "out_refund",
        "in_invoice": "in_refund",
        "in_receipt": "in_refund",
    }.get(move["move_type"], "entry")
    return (
        "reversed" if kinds in ({turned}, {turned, "entry"}) and (turned != "entry" or kinds == {"entry"}) else "paid"
    )
