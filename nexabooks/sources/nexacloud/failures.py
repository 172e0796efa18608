"""PostgreSQL's errors in our words. The driver's own text stays out: it may quote the address, and so the password."""

from __future__ import annotations

import psycopg2

from nexabooks.errors import (
    AccessRefused,
    NexabooksError,
    PermanentError,
    SourceContractBroken,
    TransientError,
    Unreachable,
)

# SQLSTATE, or its class of two letters -> the error it is. Anything else is permanent; no state at all is a lost wire.
STATES: dict[str, type[NexabooksError]] = {
    "28": AccessRefused,  # authentication
    "42501": AccessRefused,  # a privilege is missing
    "3D000": AccessRefused,  # no such database
    "42P01": SourceContractBroken,  # no such table
    "42703": SourceContractBroken,  # no such column
    "08": Unreachable,
    "53": Unreachable,  # out of connections, memory, disk
    "57": Unreachable,  # shut down, starting up
    "57014": TransientError,  # cancelled, a statement's time was up
    "40": TransientError,  # serialization, deadlock
}
# psycopg2 gives no SQLSTATE for a refused connection, only the server's words.
_REFUSALS = (
    "authentication failed",
    "no password supplied",
    "does not exist",
    "no pg_hba.conf entry",
    "permission denied",
)


def failure(error: psycopg2.Error, doing: str, *, record: str = "") -> NexabooksError:
    """The error of ours that `error` is, while `doing` something ("reading invoices of NexaCloud")."""
    state = error.pgcode or ""
    kind = STATES.get(state) or STATES.get(state[:2]) or (PermanentError if state else Unreachable)
    if not state and any(words in str(error) for words in _REFUSALS):
        kind = AccessRefused
    because = f"PostgreSQL answered {state}" if state else "there was no connection"
    if kind is AccessRefused:
        because = "the role, its password, the database or a SELECT right is refused" + (f" ({state})" if state else "")
    verdict = "Another attempt may succeed." if kind.may_retry else "Another attempt will not help."
    return kind(f"{doing[0].upper()}{doing[1:]} failed: {because}. {verdict}", source="nexacloud", record=record)
