"""How entries stand in Odoo now, as taking back asks it before it plans, before it sends and after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nexabooks.clients.odoo import OdooReader
from nexabooks.ledger.present import READ_SIZE


def read_many(client: OdooReader, model: str, ids: Sequence[int], fields: Sequence[str]) -> dict[int, dict[str, Any]]:
    """Those of `ids` that are there, by id."""
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(ids), READ_SIZE):
        found |= {row["id"]: row for row in client.read(model, ids[start : start + READ_SIZE], list(fields))}
    return found


def reversals_of(client: OdooReader, entry_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """entry -> what reverses it, drafts too, cancelled ones not."""
    ids = list(entry_ids)
    fields = ["id", "name", "state", "ref", "date", "amount_total", "reversed_entry_id"]
    found: dict[int, list[dict[str, Any]]] = {}
    for start in range(0, len(ids), READ_SIZE):
        domain = [["reversed_entry_id", "in", ids[start : start + READ_SIZE]], ["state", "!=", "cancel"]]
        for row in client.all_of("account.move", domain, fields):
            found.setdefault(row["reversed_entry_id"][0], []).append(row)
    return found


def matched_lines(client: OdooReader, entry_ids: Sequence[int]) -> dict[int, list[int]]:
    """entry -> its receivable lines that are matched with something, wholly or in part."""
    found: dict[int, list[int]] = {}
    for start in range(0, len(entry_ids), READ_SIZE):
        here = list(entry_ids[start : start + READ_SIZE])
        domain = [["move_id", "in", here], ["account_type", "=", "asset_receivable"], ["matching_number", "!=", False]]
        for line in client.all_of("account.move.line", domain, ["move_id"]):
            found.setdefault(line["move_id"][0], []).append(line["id"])
    return found
