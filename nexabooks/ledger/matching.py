"""Matching receivable lines: many pairs in one call, each pair by itself.

`account.move.line/reconcile` takes one pair: over several it matches across them (facts: odoo "account.payment and
reconcile": a 22.60 payment was split over two invoices). Writing a line's `reconciled_lines_ids` matches that line with
those lines and no others, and `load` writes many lines in one transaction; Odoo's own code does the same for exchange
differences. It is verified on Odoo 19, for a billing user, in full, in part and across posters; older servers, and a pair
that a load left open, get one `reconcile` a pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from nexabooks.clients.odoo import id_of
from nexabooks.ledger.batches import drive, repeat
from nexabooks.ledger.run import Run

NOTHING_LEFT = "there is nothing left to match, or the two stand on different receivable accounts"
FIELDS = (".id", "reconciled_lines_ids/.id")
FIRST_VERSION = 19  # of Odoo, on which the bulk way was verified
# What Odoo's own wizard sets when a payment in the company's currency settles an invoice in another one in full: both are
# matched at this rate, and what the two books leave over becomes an exchange difference.
RATE_KEY = "forced_rate_from_register_payment"

Pair = tuple[int, int]  # two entries; the first one's line is written, so it is a payment's or a credit note's
NO_RATES: Mapping[Pair, Decimal] = {}


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A receivable line of a posted entry with something left, in its own currency."""

    line_id: int
    account_id: int
    currency_id: int
    left: Decimal


OpenLines = dict[int, list[OpenLine]]  # by entry


def match_pairs(run: Run, pairs: Sequence[Pair], rates: Mapping[Pair, Decimal] = NO_RATES) -> dict[Pair, str]:
    """Match what is left of each pair of posted entries, in this order. Says for each pair '' or why it was not done.

    `rates`: pairs in two currencies that meet at a rate of their own, in units of the document's currency for one of the
    payment's; each of those is a call by itself."""
    if not pairs:
        return {}
    lines = open_lines(run, pairs)
    said = dict.fromkeys(pairs, "")
    possible = _with_something_left(pairs, lines)
    said.update((pair, NOTHING_LEFT) for pair in pairs if pair not in possible)
    is_known = run.client.major_version >= FIRST_VERSION
    in_bulk = [p for p in possible if is_known and p not in rates and len(_shared(lines, p)[0]) == 1]

    def send(batch: list[Pair]) -> None:
        rows = []
        for pair in batch:
            ((mine,), others) = _shared(lines, pair)
            rows.append([str(mine), ",".join(map(str, others))])
        run.client.load("account.move.line", FIELDS, rows)

    def still_open(batch: list[Pair]) -> list[Pair]:
        return _with_something_left(batch, open_lines(run, batch))

    driven = drive(in_bulk, send, still_open, look_first=False)
    said.update(driven.refused)
    said.update(driven.unclear)
    said.update((pair, _match_one(run, pair, rates.get(pair))) for pair in possible if pair not in in_bulk)
    return said


def match_left_open(run: Run, pairs: Sequence[Pair], rates: Mapping[Pair, Decimal] = NO_RATES) -> dict[Pair, str]:
    """One `reconcile` a pair, for pairs that a load answered well and left open."""
    return {pair: _match_one(run, pair, rates.get(pair)) for pair in pairs}


def open_lines(run: Run, pairs: Sequence[Pair]) -> OpenLines:
    """What the entries of `pairs` have left to match. A draft has nothing: Odoo would match it all the same."""
    domain = [
        ["move_id", "in", sorted({entry for pair in pairs for entry in pair})],
        ["account_type", "=", "asset_receivable"],
        ["reconciled", "=", False],
        ["parent_state", "=", "posted"],
    ]
    fields = ["id", "move_id", "account_id", "currency_id", "amount_residual_currency"]
    found: OpenLines = defaultdict(list)
    for line in run.client.all_of("account.move.line", domain, fields):
        found[line["move_id"][0]].append(
            OpenLine(
                line["id"],
                id_of(line["account_id"]) or 0,
                id_of(line["currency_id"]) or 0,
                Decimal(line["amount_residual_currency"]),
            )
        )
    return found


def _with_something_left(pairs: Sequence[Pair], lines: OpenLines) -> list[Pair]:
    """The pairs that can be matched, when an earlier pair takes from an entry what both have: Odoo refuses a whole call
    over one pair with nothing left."""
    left = {entry: sum((line.left for line in held), Decimal(0)) for entry, held in lines.items()}
    possible = []
    for pair in pairs:
        one, other = pair
        if not all(_shared(lines, pair)):
            continue
        if {line.currency_id for line in lines[one]} == {line.currency_id for line in lines[other]}:
            taken = min(abs(left[one]), abs(left[other]))
            if not taken or (left[one] > 0) == (left[other] > 0):  # two debits, or two credits, settle nothing
                continue
            left[one] -= taken.copy_sign(left[one])
            left[other] -= taken.copy_sign(left[other])
        possible.append(pair)
    return possible


def _shared(lines: OpenLines, pair: Pair) -> tuple[list[int], list[int]]:
    """The open lines of both on the first receivable account that they share; empty when one has nothing left."""
    mine, others = (lines.get(entry, []) for entry in pair)
    accounts = {line.account_id for line in mine} & {line.account_id for line in others}
    if not accounts:
        return [], []
    account_id = min(accounts)
    return (
        [line.line_id for line in mine if line.account_id == account_id],
        [line.line_id for line in others if line.account_id == account_id],
    )


def _match_one(run: Run, pair: Pair, rate: Decimal | None = None) -> str:
    """Match one pair. '' when it is done, else why not."""
    own = {"context": {RATE_KEY: rate}} if rate else {}
    has_been_sent = False
    has_something = True

    def send() -> None:
        nonlocal has_been_sent, has_something
        mine, others = _shared(open_lines(run, [pair]), pair)
        if not mine:
            has_something = has_been_sent  # a call that gave no answer may have done it
            return
        has_been_sent = True
        run.client.write_call("account.move.line", "reconcile", ids=[*mine, *others], **own)

    trouble = repeat(send)
    return trouble or ("" if has_something else NOTHING_LEFT)
