"""The state of some books, for tests that say that something leaves them as they were."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from nexabooks.clients.odoo import OdooReader


def balances(client: OdooReader, *, partner_id: int) -> dict[str, Decimal]:
    """What stands on each account for one customer, in posted entries; accounts at zero are left out."""
    total: Counter[str] = Counter()
    domain = [["partner_id", "=", partner_id], ["parent_state", "=", "posted"], ["account_id", "!=", False]]
    for line in client.all_of("account.move.line", domain, ["account_id", "balance"]):
        total[line["account_id"][1]] += Decimal(line["balance"])
    return {account: balance for account, balance in total.items() if balance}
