"""The figures of an entry: what Odoo works out from the lines that were given, each time a draft is created or changed.

Product lines get their subtotal, one tax line stands for each tax, payment-term lines take what is due, and the totals
follow. A tax that was forced (by `tax_totals`, or by writing the tax line) stays until a quantity, price, discount or
tax of a product line changes (facts: "Forcing the source's tax").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from nexabooks.sandbox.odoo.env import Env
from nexabooks.sandbox.odoo.fields import number
from nexabooks.sandbox.odoo.refusals import NotPretended, UserError
from nexabooks.sandbox.odoo.store import Row
from nexabooks.sandbox.odoo.taxes import HUNDRED, Base, currency_step, document_taxes, line_totals, rounded

CENT = Decimal("0.01")
ZERO = Decimal(0)
FIGURES = ("balance", "debit", "credit", "amount_currency")
TAX_BEARING = ("quantity", "price_unit", "discount", "tax_ids")


def direction(move_type: str) -> int:
    """The sign of a product line's balance: sales and vendor credits stand on the credit side."""
    return -1 if move_type in ("out_invoice", "in_refund", "out_receipt") else 1


@dataclass(slots=True)
class Given:
    """What one create or write gave beside plain header values.

    `forced`: tax by tax group. `basis`: what the taxes were worked out from before the change (None at create).
    `edited_taxes`: tax lines whose amount was written. `own_terms`: payment-term lines that the caller gave.
    """

    forced: dict[int, Decimal] | None = None
    basis: Any = None
    touched: bool = False
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
    rate = _rate(env, move, currency_id)
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


def _rate(env: Env, move: Row, currency_id: int) -> Decimal:
    if currency_id == env.company["currency_id"]:
        return Decimal(1)
    if move["move_type"] != "entry" and move["invoice_currency_rate"]:
        return Decimal(move["invoice_currency_rate"])
    return env["res.currency"].rate(currency_id, move["date"])


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


def _rows(env: Env, move_id: int) -> list[Row]:
    lines = env["account.move.line"].table
    return [lines.rows[i] for i in lines.having("move_id", move_id)]


def _raw(row: Row) -> Decimal:
    quantity = row["quantity"].quantize(CENT, rounding=ROUND_HALF_UP)
    return Decimal(quantity * row["price_unit"] * (1 - row["discount"] / HUNDRED))


def tax_basis(env: Env, move_id: int) -> Any:
    """What the taxes of a document are worked out from; while it stays the same, forced taxes stay."""
    lines = [(r["id"], _raw(r), r["tax_ids"]) for r in _rows(env, move_id) if r["display_type"] == "product"]
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
    for row in _rows(env, move_id):
        refresh_residual(env, row["id"])
    refresh_totals(env, move_id)


def _sync_entry(env: Env, move: Row) -> None:
    rows = _rows(env, move["id"])
    if sum((r["balance"] for r in rows), ZERO) != 0:
        raise UserError("The entry is not balanced.")


def _sync_products(env: Env, move: Row) -> None:
    lines, taxes = env["account.move.line"], env["account.tax"]
    method = env.company["tax_calculation_rounding_method"]
    sign, step, rate = (
        direction(move["move_type"]),
        currency_step(env, move["currency_id"]),
        _rate(env, move, move["currency_id"]),
    )
    worked: list[list[Any]] = []
    for row in _rows(env, move["id"]):
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
        _update_if_changed(lines, row, changes)


def _update_if_changed(model: Any, row: Row, changes: Row) -> None:
    if any(row.get(n) != v for n, v in changes.items()):
        model.update(row["id"], changes)


def _sync_taxes(env: Env, move: Row, given: Given) -> None:
    lines = env["account.move.line"]
    rows = _rows(env, move["id"])
    present = {r["tax_line_id"]: r for r in rows if r["display_type"] == "tax"}
    rate = _rate(env, move, move["currency_id"])
    sign = direction(move["move_type"])
    if given.basis is not None and given.forced is None and given.basis == tax_basis(env, move["id"]):
        for row in present.values():
            if row["id"] in given.edited_taxes:
                continue
            _update_if_changed(
                lines, row, {"balance": rounded(row["amount_currency"] / rate, CENT), "partner_id": move["partner_id"]}
            )
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
            _update_if_changed(lines, present[tax_id], changes)
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
    rows = _rows(env, move["id"])
    owed = [r for r in rows if r["display_type"] in ("product", "tax")]
    present = [r for r in rows if r["display_type"] == "payment_term"]
    amount, balance = (-sum((r[n] for r in owed), ZERO) for n in ("amount_currency", "balance"))
    if given.own_terms:
        if sum((r["balance"] for r in present), ZERO) != balance:
            raise NotPretended("payment-term lines whose balance is not the document's total")
        for row in present:
            _update_if_changed(
                lines, row, {"amount_currency": amount, "partner_id": move["partner_id"]} if len(present) == 1 else {}
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
            _update_if_changed(lines, present[place], changes)
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
    step, parts = currency_step(env, move["currency_id"]), []
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
    _update_if_changed(lines, row, changes)


def matched_moves(env: Env, move_id: int) -> list[int]:
    """The entries that the due lines of a document are matched with, each once."""
    partials, lines = env["account.partial.reconcile"].table, env["account.move.line"].table
    found: dict[int, None] = {}
    for row in _rows(env, move_id):
        if row["display_type"] != "payment_term":
            continue
        for side, other in (("debit_move_id", "credit_move_id"), ("credit_move_id", "debit_move_id")):
            for id in partials.having(side, row["id"]):
                found[lines.rows[partials.rows[id][other]]["move_id"]] = None
    return list(found)


def refresh_totals(env: Env, move_id: int) -> None:
    """The totals, what is due, and the payment state of an entry."""
    moves = env["account.move"]
    move, rows = moves.row(move_id), _rows(env, move_id)
    if move["move_type"] == "entry":
        total = sum((r["balance"] for r in rows if r["balance"] > 0), ZERO)
        _update_if_changed(
            moves, move, {"amount_untaxed": ZERO, "amount_tax": ZERO, "amount_total": total, "amount_residual": ZERO}
        )
        return
    sign = direction(move["move_type"])
    untaxed = sign * sum((r["amount_currency"] for r in rows if r["display_type"] == "product"), ZERO)
    tax = sign * sum((r["amount_currency"] for r in rows if r["display_type"] == "tax"), ZERO)
    residual = -sign * sum((r["amount_residual_currency"] for r in rows if r["display_type"] == "payment_term"), ZERO)
    changes = {"amount_untaxed": untaxed, "amount_tax": tax, "amount_total": untaxed + tax, "amount_residual": residual}
    changes["payment_state"] = _payment_state(env, move, residual)
    if any(move[n] != v for n, v in changes.items()):
        moves.update(move_id, changes)
        if move["payment_state"] != changes["payment_state"]:
            env["account.payment"].invoice_changed(move_id)


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


def check_matching_mark(env: Env, row: Row, mark: Any) -> None:
    """Only marks of the import kind, "I…", may be written (facts: "Matching many pairs at once")."""
    if mark and not str(mark).startswith("I"):
        raise NotPretended(f"the matching number {mark!r}; only marks that begin with I are written from outside")
