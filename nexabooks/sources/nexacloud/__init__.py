"""NexaCloud's own PostgreSQL: users, plans, subscriptions, usage, and the invoices it knows of.

Run alone: `python -m nexabooks.sources.nexacloud --help`.
"""

from nexabooks.sources.nexacloud.reader import SOURCE

__all__ = ["SOURCE"]
