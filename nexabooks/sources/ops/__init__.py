"""Our own ops store as a source: what we did to the ledger, and what people decided. README.md says why.

Run alone: `python -m nexabooks.sources.ops --help`.
"""

from nexabooks.sources.ops.reader import SOURCE

__all__ = ["SOURCE"]
