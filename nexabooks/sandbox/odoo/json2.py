"""JSON-2: `POST /json/2/<model>/<method>` with named arguments (facts: "JSON-2 calls")."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson

from nexabooks.sandbox.odoo.access import User
from nexabooks.sandbox.odoo.dispatch import Database, ids_of
from nexabooks.sandbox.odoo.refusals import BadRequest, NotFound, Refusal, Unauthorized, Unprocessable
from nexabooks.sandbox.serving import Reply, Request

NO_DATABASE = "No database is selected and the requested URL was not found in the server-wide controllers."
# What every answer of the real server carries: it closes each connection.
CLOSING = {"Connection": "close"}


def answer(database: Database, database_name: str, request: Request) -> Reply:
    """One JSON-2 call, from the request to the reply."""
    if request.headers.get("X-Odoo-Database", database_name) != database_name:
        return Reply(
            404,
            f"<!doctype html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>{NO_DATABASE}</p>".encode(),
            CLOSING,
            "text/html",
        )
    if request.verb == "POST" and not request.headers.get("Content-Type", "").startswith("application/json"):
        text = "<!doctype html>\n<title>415 Unsupported Media Type</title>\n<h1>Unsupported Media Type</h1>"
        return Reply(415, text.encode(), CLOSING, "text/html")
    try:
        value = _call(database, request)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        # A call whose values are of no use breaks inside, as it does in the real server, and is told so.
        name = f"builtins.{type(error).__name__}"
        return Reply(500, error_body(name, str(error), [str(error)]), CLOSING)
    except Refusal as refusal:
        headers = CLOSING | ({"WWW-Authenticate": "Bearer "} if isinstance(refusal, Unauthorized) else {})
        return Reply(refusal.status, error_body(refusal.name, refusal.message, refusal.arguments), headers)
    return Reply(200, orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS), CLOSING)


def error_body(name: str, message: str, arguments: list[object]) -> bytes:
    """The body of an error. `debug` is as long as the real one's, so that whoever logs it by mistake sees it."""
    frames = "".join(
        f'  File "odoo/pretend/frame_{n:02d}.py", line {n}, in _call\n    return self._call_again(request)\n'
        for n in range(16)
    )
    debug = f"Traceback (most recent call last):\n{frames}{name}: {message}\n"
    return orjson.dumps({"name": name, "message": message, "arguments": arguments, "context": {}, "debug": debug})


def authenticated(database: Database, request: Request) -> User:
    """The user of the bearer key. Raises Unauthorized."""
    header = request.headers.get("Authorization", "")
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthorized("User not authenticated, use an API Key with a Bearer Authorization header.")
    user = database.user_of_key(key.strip())
    if user is None:
        raise Unauthorized("Invalid apikey")
    return user


def _call(database: Database, request: Request) -> Any:
    parts = request.path.strip("/").split("/")
    if request.verb != "POST" or len(parts) != 4:
        raise NotFound("Did you mean POST /json/2/<model>/<method>?")
    user = authenticated(database, request)
    model, method = parts[2], parts[3]
    try:
        body = json.loads(request.body, parse_float=Decimal)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"could not parse the body as json: {error}") from None
    named = dict(body) if isinstance(body, dict) else {}
    context = named.pop("context", None) or {}
    function = database.method(model, method)
    if function.remote_kind == "model":
        if "ids" in named:
            raise Unprocessable(f"cannot call {model}.{method} with ids")
        return database.call(user, model, method, [], named, context)
    return database.call(user, model, method, [ids_of(named.pop("ids", []))], named, context)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{value!r} cannot be sent as JSON")
