"""Lago, read only: customers, subscriptions, plans, invoices with their fees, credit notes, payments, wallets.

Run alone: `python -m nexabooks.sources.lago --help`. What it really does: README.md beside this file.
"""

from nexabooks.sources.lago.reader import SOURCE

__all__ = ["SOURCE"]
