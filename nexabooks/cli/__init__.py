"""The command line: the same verbs as the flows, and the questions a person asks of the books.

This is the front door: it stands above flows and tasks, and is the one place in the package that imports them, and the
one place in the product that imports the pretend world (for `nexabooks demo`).
"""

from nexabooks.cli.main import main

__all__ = ["main"]
