"""JSON-2, the transport of Odoo 19 and later: POST /json/2/<model>/<method>, named arguments, bearer key.

Numbers keep their own text in both directions: a Decimal is written as the digits it has and read back as a Decimal,
so no amount passes through a float.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson
import requests

from nexabooks.clients.lost import is_unknown_name, lost
from nexabooks.clients.odoo_errors import error_of_answer, no_answer
from nexabooks.errors import NexabooksError, Unreachable

NUL = b"\\u0000"


def encode(value: Any) -> bytes:
    """`value` as JSON; a Decimal as a JSON number with exactly its digits, a text without NUL, which PostgreSQL has no form
    for (Odoo would refuse the whole call). Raises TypeError for a float."""
    body = orjson.dumps(_without_floats(value), default=_decimal)
    return orjson.dumps(_without_nul(value), default=_decimal) if NUL in body else body


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {key: _without_nul(inner) for key, inner in value.items()}
    return [_without_nul(inner) for inner in value] if isinstance(value, list | tuple) else value


def _decimal(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}".encode())
    raise TypeError(f"{type(value).__name__} has no JSON form here.")


def _without_floats(value: Any) -> Any:
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float; amounts go to Odoo as text or Decimal.")
    if isinstance(value, dict):
        for inner in value.values():
            _without_floats(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _without_floats(inner)
    return value


def decode(body: bytes) -> Any:
    """JSON as Python values, every number with a point as a Decimal. Raises ValueError when it is not JSON."""
    return json.loads(body, parse_float=Decimal)


class Json2:
    """One database of one server, one key. A call is one transaction; the server closes each connection."""

    def __init__(self, url: str, database: str, key: str, *, timeout_s: float) -> None:
        self.url, self.database, self.timeout_s = url.rstrip("/"), database, timeout_s
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"Authorization": f"bearer {key}", "Content-Type": "application/json"})
        if database:
            self._session.headers["X-Odoo-Database"] = database

    def send(self, model: str, method: str, arguments: dict[str, Any], *, is_write: bool) -> bytes:
        """The body of a 200 answer. Raises KeyRefused, AccessRefused, LedgerRefused, TransientError, PermanentError;
        UnclearOutcome when a write got no answer, Unreachable when a read got none or the server was never reached."""
        what = f"{model}/{method}"
        try:
            got = self._session.post(
                f"{self.url}/json/2/{what}",
                data=encode(arguments),
                timeout=(min(10, self.timeout_s), self.timeout_s),
                allow_redirects=False,
            )
        except requests.exceptions.RequestException as error:
            raise lost_connection(error, what, is_write=is_write) from None
        if got.status_code == 200:
            return got.content
        try:
            body = decode(got.content)
        except ValueError:
            body = None
        raise error_of_answer(got.status_code, body, what=what, is_write=is_write, database=self.database)

    def parse(self, body: bytes, what: str, *, is_write: bool) -> Any:
        """The values in `body`; a body that is not JSON is an answer cut short."""
        try:
            return decode(body)
        except ValueError:
            raise no_answer(what, "the answer was cut short", is_write=is_write) from None

    def close(self) -> None:
        """Give the connections back; the transport is not used after it."""
        self._session.close()


def lost_connection(error: requests.exceptions.RequestException, what: str, *, is_write: bool) -> NexabooksError:
    """What a failed connection means: a write that was never sent may be repeated, one that was sent is unclear."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    never_sent = isinstance(error, requests.exceptions.ConnectTimeout) or (
        type(reason).__name__ in ("NewConnectionError", "NameResolutionError")
    )
    if never_sent and is_unknown_name(error):
        # Not permanent here: in the middle of a run Odoo's name was known a moment ago. The first contact says more.
        return Unreachable(
            f"Odoo could not be reached for {what}: there is no host of that name (NEXABOOKS_ODOO_URL). Another attempt may succeed.",
            source="odoo",
        )
    if never_sent:
        return lost(error, f"Odoo could not be reached for {what}", setting="NEXABOOKS_ODOO_URL", source="odoo")
    why = "no answer in time" if isinstance(error, requests.exceptions.Timeout) else "the connection was cut"
    return no_answer(what, why, is_write=is_write)
