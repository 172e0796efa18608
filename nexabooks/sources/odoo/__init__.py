"""Odoo, read back: moves, lines, partners, payments, reversals, reconciles that nexabooks owns; taxes and accounts it leans on.

Run alone: `python -m nexabooks.sources.odoo --help`. What it reads and why: README.md beside this file.
"""

from nexabooks.sources.odoo.reader import SOURCE

__all__ = ["SOURCE"]
