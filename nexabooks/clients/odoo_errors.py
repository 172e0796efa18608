"""One table decides what an error of Odoo is, by its name: 404 does not mean "endpoint missing" and 500 alone is no
reason to try again (facts: odoo "Errors", "What to retry"). The traceback in `debug` is never read.
"""

from __future__ import annotations

import re
from typing import Any

from nexabooks.errors import (
    AccessRefused,
    LedgerRefused,
    NexabooksError,
    PermanentError,
    RateLimited,
    SettingsError,
    TransientError,
    UnclearOutcome,
    Unreachable,
)

SERIALIZATION = "could not serialize access"  # load answers HTTP 200 with it: worth another attempt

UNKNOWN_NAME = "External ID not found"  # what check_object_reference says of a name that it does not know

AGAIN = "Another attempt may succeed."
NOT_AGAIN = "Another attempt will not help."
LOOK = "It may or may not have happened: look before acting again."


class KeyRefused(AccessRefused):
    """The API key itself is wrong, expired or missing: nothing else can go on with it."""


class RowsRefused(LedgerRefused):
    """`load` refused rows; nothing of the call was written. `messages`: Odoo's own words, one a row."""

    def __init__(self, sentence: str, *, messages: tuple[str, ...], record: str = "") -> None:
        super().__init__(sentence, source="odoo", record=record)
        self.messages = messages


LOCKED = "Cannot grab a lock on records"  # XML-RPC has one fault for all that Odoo refuses; these words tell this one

# What PostgreSQL says when others are in the way or it is itself: the next attempt finds it otherwise.
PASSING = (
    "errors.TransactionRollback",
    "errors.TransactionResolutionUnknown",
    "errors.StatementCompletionUnknown",
    "errors.SerializationFailure",
    "errors.DeadlockDetected",
    "errors.LockNotAvailable",
    "errors.QueryCanceled",
    "errors.OperatorIntervention",
    "errors.AdminShutdown",
    "errors.CrashShutdown",
    "errors.CannotConnectNow",
    "errors.IdleSessionTimeout",
    "errors.IdleInTransactionSessionTimeout",
    "errors.InsufficientResources",
    "errors.DiskFull",
    "errors.OutOfMemory",
    "errors.TooManyConnections",
    "errors.ConnectionException",
    "errors.ConnectionDoesNotExist",
    "errors.ConnectionFailure",
    "errors.SqlclientUnableToEstablishSqlconnection",
    "errors.SqlserverRejectedEstablishmentOfSqlconnection",
    "errors.ReadOnlySqlTransaction",
    "OperationalError",
    "InterfaceError",
)

# The start of an error's name -> what it is. The first that fits speaks.
BY_NAME: tuple[tuple[str, type[NexabooksError]], ...] = (
    ("werkzeug.exceptions.Unauthorized", KeyRefused),
    ("odoo.exceptions.AccessDenied", KeyRefused),
    ("odoo.exceptions.AccessError", AccessRefused),
    ("odoo.exceptions.LockError", TransientError),
    *((f"psycopg2.{name}", TransientError) for name in PASSING),
    ("psycopg2.", LedgerRefused),  # a value that PostgreSQL refuses: too long, too large, not a number
    ("odoo.exceptions.", LedgerRefused),
    ("werkzeug.exceptions.TooManyRequests", RateLimited),
    ("werkzeug.", PermanentError),
    ("builtins.", PermanentError),
)


def error_of(name: str, message: str, *, what: str, record: str = "") -> NexabooksError:
    """The error that Odoo's answer `name`, `message` is. `what` says what was tried ("account.move/action_post")."""
    kind = next((kind for start, kind in BY_NAME if name.startswith(start)), PermanentError)
    verdict = AGAIN if kind.may_retry else NOT_AGAIN
    words = " ".join(_said(str(message)).split())[:600] or name
    sentence = f"Odoo refused {what}: {words.rstrip('.')}. {verdict}"
    if kind is KeyRefused:
        sentence = f"Odoo refused {what}: {words.rstrip('.')}. Renew the API key (a user's key lives at most 90 days)."
    return kind(sentence, source="odoo", record=record)


def _said(message: str) -> str:
    """Odoo's sentence without the button that some refusals carry (RedirectWarning): a person cannot press it here."""
    if found := re.match(r"""\((['"])(?P<says>.+?)\1, \{""", message, re.DOTALL):  # by XML-RPC: a tuple, as text
        return found["says"]
    return message.partition("\n{'")[0]


def error_of_answer(status: int, body: Any, *, what: str, is_write: bool, database: str) -> NexabooksError:
    """The error of an HTTP answer that is not 200. `body` is the parsed JSON, or None when it is not JSON."""
    if isinstance(body, dict) and body.get("name"):
        return error_of(str(body["name"]), str(body.get("message", "")), what=what)
    if status == 404:
        return SettingsError(
            f"Odoo has no database {database!r} at this address, or no JSON-2 interface ({what}: HTTP 404, no JSON). "
            "Check NEXABOOKS_ODOO_URL and NEXABOOKS_ODOO_DATABASE.",
            source="odoo",
        )
    if status == 401:
        return KeyRefused(f"Odoo refused {what}: HTTP 401. Renew the API key.", source="odoo")
    if status == 429:
        return RateLimited(f"Odoo asked us to slow down at {what}: HTTP 429. {AGAIN}", source="odoo")
    if status >= 500:
        return no_answer(what, f"HTTP {status}", is_write=is_write)
    return PermanentError(f"Odoo refused {what}: HTTP {status}. {NOT_AGAIN}", source="odoo")


def no_answer(what: str, why: str, *, is_write: bool) -> NexabooksError:
    """A call without a usable answer: a read may be repeated, after a write one must look first."""
    if is_write:
        return UnclearOutcome(f"Odoo gave no answer to {what} ({why}). {LOOK}", source="odoo")
    return Unreachable(f"Odoo could not be asked for {what}: {why}. {AGAIN}", source="odoo")
