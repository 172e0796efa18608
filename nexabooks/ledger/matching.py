"""Matching receivable lines, one call a pair.

One `reconcile` over several pairs matches across them (facts: odoo "account.payment and reconcile": a 22.60 payment was
split over two invoices), and the bulk way by `matching_number` needs entries that are still drafts, which payments made
by `load` do not have. So a pair is a call; reading is in batches.
"""

from __future__ import annotations

from collections import defaultdict

from nexabooks.clients.odoo import id_of
from nexabooks.ledger.batches import repeat
from nexabooks.ledger.run import Run


def open_lines(run: Run, move_ids: list[int]) -> dict[int, dict[int, list[int]]]:
    """entry -> receivable account -> lines that have something left to match."""
    domain = [["move_id", "in", move_ids], ["account_type", "=", "asset_receivable"], ["reconciled", "=", False]]
    found: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for line in run.client.all_of("account.move.line", domain, ["id", "move_id", "account_id"]):
        found[line["move_id"][0]][id_of(line["account_id"]) or 0].append(line["id"])
    return found


def match_pair(run: Run, entry_id: int, other_id: int, lines: dict[int, dict[int, list[int]]]) -> str:
    """Match what is left of two posted entries, whose open `lines` are known. '' when it is done, else why not."""
    pair = _shared(lines, entry_id, other_id)
    if not pair:
        return "there is nothing left to match, or the two stand on different receivable accounts"
    has_been_sent = False

    def send() -> None:
        nonlocal has_been_sent
        if has_been_sent and not _shared(open_lines(run, [entry_id, other_id]), entry_id, other_id):
            return  # the call that gave no answer had done it
        has_been_sent = True
        run.client.write_call("account.move.line", "reconcile", ids=pair)

    return repeat(send)


def _shared(lines: dict[int, dict[int, list[int]]], entry_id: int, other_id: int) -> list[int]:
    """The open lines of both on the first receivable account that they share; empty when one has nothing left."""
    shared = sorted(set(lines.get(entry_id, {})) & set(lines.get(other_id, {})))
    return [*lines[entry_id][shared[0]], *lines[other_id][shared[0]]] if shared else []
