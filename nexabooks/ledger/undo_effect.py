"""What taking entries back does to the balances, and which exchange differences Odoo takes back by itself.

A match over two rates carries an entry of the exchange journal. Odoo reverses that entry when the match goes (its
`account.partial.reconcile/unlink`; a draft one it deletes), so whoever takes a match apart books that too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nexabooks.clients.odoo import OdooReader, id_of
from nexabooks.ledger.odoo_values import minor_of
from nexabooks.ledger.present import READ_SIZE
from nexabooks.money import format_minor

SIDES = ("debit_move_id", "credit_move_id")
FULL_HAS_ITS_OWN = (
    19  # of Odoo, before which a full matching may carry an exchange difference beside those of its parts
)


@dataclass(frozen=True, slots=True)
class AccountEffect:
    """What is booked on one account, in the company's currency."""

    account: str
    balance_minor: int


def effects_of(
    client: OdooReader, entry_ids: Sequence[int], currency_code: str
) -> dict[int, tuple[AccountEffect, ...]]:
    """entry -> what taking it back books, account by account: the opposite of its lines. Nothing of an entry that is not
    posted, for that stands on no balance."""
    found: dict[int, Counter[str]] = {}
    for start in range(0, len(entry_ids), READ_SIZE):
        domain = [
            ["move_id", "in", list(entry_ids[start : start + READ_SIZE])],
            ["account_id", "!=", False],
            ["parent_state", "=", "posted"],
        ]
        for line in client.all_of("account.move.line", domain, ["move_id", "account_id", "balance"]):
            total = found.setdefault(line["move_id"][0], Counter())
            total[line["account_id"][1]] -= minor_of(line["balance"], currency_code)
    return {id: _sorted(total) for id, total in found.items()}


def in_all(effects: Iterable[Sequence[AccountEffect]]) -> tuple[AccountEffect, ...]:
    """Several effects in one, account by account; accounts on which nothing remains are left out."""
    total: Counter[str] = Counter()
    for effect in effects:
        for one in effect:
            total[one.account] += one.balance_minor
    return _sorted(total)


def in_words(effect: Sequence[AccountEffect], currency_code: str) -> str:
    """An effect as it stands in a sentence."""
    return ", ".join(f"{e.account} {format_minor(e.balance_minor, currency_code)}" for e in effect)


def exchange_entries(client: OdooReader, line_ids: Sequence[int]) -> dict[int, int]:
    """exchange difference entry -> the line, of these, whose match it belongs to: what Odoo takes back with that match."""
    has_one = "exchange_move_id"
    found: dict[int, int] = {}
    of_full: dict[int, int] = {}
    for start in range(0, len(line_ids), READ_SIZE):
        here = list(line_ids[start : start + READ_SIZE])
        touching = ["|", *([side, "in", here] for side in SIDES)]
        for part in client.all_of("account.partial.reconcile", touching, [*SIDES, has_one, "full_reconcile_id"]):
            line_id = next(id for side in SIDES if (id := id_of(part[side])) in here)
            if entry_id := id_of(part[has_one]):
                found.setdefault(entry_id, line_id)
            if full_id := id_of(part["full_reconcile_id"]):
                of_full.setdefault(full_id, line_id)
    if of_full and client.major_version < FULL_HAS_ITS_OWN:
        domain = [["id", "in", sorted(of_full)], [has_one, "!=", False]]
        for full in client.all_of("account.full.reconcile", domain, [has_one]):
            found.setdefault(id_of(full[has_one]) or 0, of_full[full["id"]])
    return found


def _sorted(total: Counter[str]) -> tuple[AccountEffect, ...]:
    return tuple(AccountEffect(account, minor) for account, minor in sorted(total.items()) if minor)
