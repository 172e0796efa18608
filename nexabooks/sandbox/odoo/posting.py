"""Posting: the checks, the numbers, the lock dates, and the ways back (facts: "Posting", "Invoice numbers", "Lock dates")."""

from __future__ import annotations

import calendar
import hashlib
from datetime import date, timedelta
from typing import Any

from nexabooks.sandbox.odoo import names, sequences, settlement
from nexabooks.sandbox.odoo.amounts import lines_of
from nexabooks.sandbox.odoo.env import Env
from nexabooks.sandbox.odoo.refusals import UserError, ValidationError
from nexabooks.sandbox.odoo.store import Row

LOCK_LABELS = {
    "fiscalyear_lock_date": "Global Lock Date",
    "tax_lock_date": "Tax Return Lock Date",
    "sale_lock_date": "Sales Lock Date",
    "purchase_lock_date": "Purchase Lock date",
    "hard_lock_date": "Hard Lock Date",
}
CUSTOMER_KINDS = ("out_invoice", "out_refund", "out_receipt")


def split_name(name: Any) -> tuple[Any, int]:
    """The two columns by which the last number of a journal is found."""
    return sequences.split(name) if name else (False, 0)


# Lock dates


def violated_locks(env: Env, move: Row, day: str, has_tax: bool) -> list[tuple[str, str]]:
    """The lock dates that `day` lies in, as (date, field), the latest last."""
    company, kind = env.company, env.row("account.journal", move["journal_id"])["type"]
    found = []
    for name in LOCK_LABELS:
        lock = company[name]
        applies = name in ("fiscalyear_lock_date", "hard_lock_date") or (
            (name == "tax_lock_date" and has_tax)
            or (name == "sale_lock_date" and kind == "sale")
            or (name == "purchase_lock_date" and kind == "purchase")
        )
        if lock and applies and day <= lock:
            found.append((lock, name))
    return sorted(found)


def _has_tax(env: Env, move: Row) -> bool:
    lines = env["account.move.line"].table
    return any(lines.rows[i]["tax_ids"] or lines.rows[i]["tax_line_id"] for i in lines.having("move_id", move["id"]))


def check_locks(env: Env, move: Row) -> None:
    """Raises UserError when an entry lies in a locked period."""
    locks = violated_locks(env, move, move["date"], _has_tax(env, move))
    if locks:
        named = ", ".join(f"{LOCK_LABELS[n]} ({date.fromisoformat(d):%m/%d/%Y})" for d, n in locks)
        raise UserError(f"You cannot add/modify entries prior to and inclusive of: {named}.")


def accounting_date(env: Env, move: Row, day: str, locks: list[tuple[str, str]]) -> str:
    """The day an entry is booked on when `day` itself is locked, or when a purchase is entered late.

    A sale goes to today, or to the end of the first open period of the journal's numbering if that is earlier.
    """
    start = date.fromisoformat(locks[-1][0]) + timedelta(days=1) if locks else date.fromisoformat(day)
    today = env.today
    last = names.last_name(env, move, is_relaxed=True)
    reset = names.form_in_journal(env, move, last).reset if last else "month"
    period_end = (
        start.replace(month=12, day=31)
        if reset == "year"
        else start.replace(day=calendar.monthrange(start.year, start.month)[1])
    )
    if move["move_type"] in CUSTOMER_KINDS:
        return min(today, period_end).isoformat() if locks and reset != "never" else start.isoformat()
    if reset == "never":
        return start.isoformat()
    is_past = today.year > start.year or (reset == "month" and (today.year, today.month) > (start.year, start.month))
    return period_end.isoformat() if is_past else max(start, today).isoformat()


# Posting


def post(env: Env, ids: list[int]) -> None:
    """Post drafts: all of them or, when one is refused, none."""
    moves = env["account.move"]
    _check_all(env, ids)
    for id in ids:
        _set_dates(env, id)
    for id in sorted(ids, key=lambda i: (moves.row(i)["date"], moves.row(i)["ref"] or "", i)):
        _post_one(env, id)
    for id in ids:
        _settle(env, id)


def _check_all(env: Env, ids: list[int]) -> None:
    """Raises UserError with every reason against posting these, in one message that mostly does not say whose they are."""
    moves = [env.row("account.move", i) for i in ids]
    reasons: dict[str, None] = {}
    for move in moves:
        if move["move_type"] != "entry":
            reasons |= dict.fromkeys(_document_reasons(move))
    for move in moves:
        _check_accounts(env, move)
        reasons |= dict.fromkeys(_entry_reasons(env, move))
    if reasons:
        raise UserError("\n".join(reasons))


def _document_reasons(move: Row) -> list[str]:
    reasons = []
    is_sale = move["move_type"] in CUSTOMER_KINDS
    if move["amount_total"] < 0:
        reasons.append(
            "You cannot validate an invoice with a negative total amount. You should create a credit note instead. "
            "Use the action menu to transform it into a credit note or refund."
        )
    if not move["partner_id"] and is_sale:
        reasons.append(
            "The 'Customer' field is required to validate the invoice.\n"
            "You probably don't want to explain to your auditor that you invoiced an invisible man :)"
        )
    elif not move["partner_id"]:
        reasons.append("The field 'Vendor' is required, please complete it to validate the Vendor Bill.")
    if not move["invoice_date"] and not is_sale:
        reasons.append("The Bill/Refund date is required to validate this document.")
    return reasons


def _entry_reasons(env: Env, move: Row) -> list[str]:
    reasons = []
    if move["state"] != "draft":
        reasons.append(f"The entry {move['name']} (id {move['id']}) must be in draft.")
    if all(r["display_type"] in ("line_section", "line_note") for r in lines_of(env, move["id"])):
        reasons.append("Even magicians can't post nothing!")
    journal = env.row("account.journal", move["journal_id"])
    if not journal["active"]:
        reasons.append(
            f"You cannot post an entry in an archived journal ({env['account.journal'].display_name(journal['id'])})"
        )
    currency = env.row("res.currency", move["currency_id"])
    if not currency["active"]:
        reasons.append(f"You cannot validate a document with an inactive currency: {currency['name']}")
    return reasons


def _check_accounts(env: Env, move: Row) -> None:
    for row in lines_of(env, move["id"]):
        account = env.row("account.account", row["account_id"]) if row["account_id"] else None
        if account and not account["active"]:
            raise UserError(f"The account {account['name']} ({account['code']}) is archived.")


def _set_dates(env: Env, id: int) -> None:
    moves = env["account.move"]
    move = moves.row(id)
    if move["move_type"] != "entry" and not move["invoice_date"]:
        moves._write([id], {"invoice_date": env.today.isoformat()})
        move = moves.row(id)
    locks = violated_locks(env, move, move["date"], _has_tax(env, move))
    if locks:
        # A lock date does not fail the post: it moves the day on which the entry is booked, silently.
        moves.update(id, {"date": accounting_date(env, move, move["date"], locks)})


def _post_one(env: Env, id: int) -> None:
    moves, lines = env["account.move"], env["account.move.line"]
    move = moves.row(id)
    changes: Row = {"state": "posted", "posted_before": True}
    name = move["name"] if move["name"] and move["name"] != "/" else names.next_name(env, move)
    _check_name_fits(env, move, name)
    changes |= {"name": name}
    changes["sequence_prefix"], changes["sequence_number"] = split_name(name)
    if move["move_type"] in CUSTOMER_KINDS and not move["payment_reference"]:
        changes["payment_reference"] = name
    if env.row("account.journal", move["journal_id"])["restrict_mode_hash_table"]:
        changes["inalterable_hash"] = (
            "$4$" + hashlib.sha256(f"{name}|{move['date']}|{move['amount_total']}".encode()).hexdigest()
        )
    moves.update(id, changes)
    for line_id in lines.table.having("move_id", id):
        row = lines.row(line_id)
        if row["display_type"] == "payment_term" and not row["name"]:
            lines.update(line_id, {"name": changes.get("payment_reference") or move["payment_reference"]})


def _check_name_fits(env: Env, move: Row, name: str) -> None:
    booked = date.fromisoformat(move["date"])
    if not names.form_in_journal(env, move, name).fits(booked):
        raise ValidationError(
            f"The Date ({booked:%m/%d/%Y}) you've entered isn't aligned with the existing sequence number ({name}). "
            "Clear the sequence number to proceed.\nTo maintain date-based sequences, select entries and use the resequence option "
            "from the actions menu, available in developer mode."
        )


def _settle(env: Env, id: int) -> None:
    """What posting brings with it: marked pairs are matched, a reversal is matched with what it reverses."""
    lines, partials = env["account.move.line"], env["account.partial.reconcile"]
    for line_id in lines.table.having("move_id", id):
        settlement.refresh_residual(env, line_id)
    partials.match_marked(lines.table.having("move_id", id))
    move = env.row("account.move", id)
    original = env["account.move"].table.rows.get(move["reversed_entry_id"] or 0)
    if original and original["state"] == "posted":
        both = [lines.row(i) for m in (original["id"], id) for i in lines.table.having("move_id", m)]
        for account in {r["account_id"] for r in both if env.row("account.account", r["account_id"])["reconcile"]}:
            partials.match(
                [r["id"] for r in both if r["account_id"] == account and not lines.row(r["id"])["reconciled"]]
            )
    settlement.refresh_totals(env, id)


# The ways back


def to_draft(env: Env, ids: list[int]) -> None:
    """Back to draft. The number stays, and so does what was matched (facts: "After posting")."""
    moves, lines = env["account.move"], env["account.move.line"]
    for id in ids:
        move = moves.row(id)
        if move["state"] not in ("posted", "cancel"):
            raise UserError("Only posted/cancelled journal entries can be reset to draft.")
        if move["inalterable_hash"]:
            raise UserError("You cannot reset to draft a locked journal entry.")
        check_locks(env, move)
        moves.update(id, {"state": "draft"})
        for line_id in lines.table.having("move_id", id):
            settlement.refresh_residual(env, line_id)
        settlement.refresh_totals(env, id)


def cancel(env: Env, ids: list[int]) -> None:
    """Cancel; what was matched is set free."""
    moves, lines = env["account.move"], env["account.move.line"]
    posted = [i for i in ids if moves.row(i)["state"] == "posted"]
    to_draft(env, posted)
    for id in ids:
        if moves.row(id)["state"] != "draft":
            raise UserError("Only draft journal entries can be cancelled.")
        env["account.partial.reconcile"].break_up(lines.table.having("move_id", id))
        moves.update(id, {"state": "cancel"})
        for line_id in lines.table.having("move_id", id):
            settlement.refresh_residual(env, line_id)
        settlement.refresh_totals(env, id)
