"""nexabooks: every invoice a biller issues is in the books once, to the cent, and only after its own source confirmed it.

This package is plain Python: it imports no orchestrator, and a notebook or a test calls it as it is.
"""
