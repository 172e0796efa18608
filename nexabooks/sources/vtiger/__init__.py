"""vTiger, read only, by either of its doors: service contracts, cases, time logs, accounts, contacts, and what links them.

Run alone: `python -m nexabooks.sources.vtiger --help`. What it really does: README.md beside this file.
"""

from nexabooks.sources.vtiger.reader import SOURCE

__all__ = ["SOURCE"]
