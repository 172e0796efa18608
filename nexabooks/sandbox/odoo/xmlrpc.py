"""XML-RPC: the same methods at /xmlrpc/2/object, with its own faults and its None trap (facts: "XML-RPC calls")."""

from __future__ import annotations

import xmlrpc.client
from decimal import Decimal
from typing import Any

from nexabooks.sandbox.odoo.access import User
from nexabooks.sandbox.odoo.dispatch import Database, ids_of
from nexabooks.sandbox.odoo.refusals import NotFound, Refusal
from nexabooks.sandbox.serving import Reply, Request

VERSION = {
    "server_version": "19.0",
    "server_version_info": [19, 0, 0, "final", 0, ""],
    "server_serie": "19.0",
    "protocol_version": 1,
}


def answer(database: Database, database_name: str, request: Request) -> Reply:
    """One XML-RPC call, from the request to the reply; faults are HTTP 200."""
    args, method = xmlrpc.client.loads(request.body, use_builtin_types=True)
    try:
        value = (
            _common(database, method, list(args), database_name)
            if request.path.endswith("/common")
            else _object(database, database_name, method, list(args))
        )
        body = xmlrpc.client.dumps((_sendable(value),), methodresponse=True)
    except xmlrpc.client.Fault as fault:
        body = xmlrpc.client.dumps(fault)
    except TypeError as error:
        # The call is committed by now: None cannot be sent, and the caller is told of a failure that is none.
        body = xmlrpc.client.dumps(xmlrpc.client.Fault(1, f"Traceback (most recent call last):\nTypeError: {error}\n"))
    return Reply(200, body.encode(), {"Connection": "close"}, "text/xml")


def _common(database: Database, method: str | None, args: list[Any], database_name: str) -> Any:
    if method == "version":
        return VERSION
    if method in ("authenticate", "login"):
        name, login, key = args[:3]
        _must_be(name, database_name)
        user = database.user_of_key(key)
        return user.uid if user and user.login == login else False
    raise xmlrpc.client.Fault(1, f"Traceback (most recent call last):\nAttributeError: {method}\n")


def _object(database: Database, database_name: str, verb: str | None, args: list[Any]) -> Any:
    if verb not in ("execute_kw", "execute"):
        raise xmlrpc.client.Fault(1, f"Traceback (most recent call last):\nNameError: Method not available {verb}\n")
    name, uid, key, model, method, *rest = args
    _must_be(name, database_name)
    user = _user(database, uid, key)
    positional, named = (
        (list(rest[0]) if rest else [], dict(rest[1]) if len(rest) > 1 else {})
        if verb == "execute_kw"
        else (list(rest), {})
    )
    context = named.pop("context", None) or {}
    try:
        function = database.method(model, method)
        if function.remote_kind != "model":
            positional = [ids_of(positional[0] if positional else named.pop("ids", [])), *positional[1:]]
        answer = database.call(user, model, method, positional, named, context)
    except NotFound as refusal:
        raise xmlrpc.client.Fault(refusal.fault_code, refusal.fault_message) from None
    except Refusal as refusal:
        text = (
            getattr(refusal, "fault_message", refusal.message)
            if refusal.fault_code != 1
            else f"Traceback (most recent call last):\n{refusal.name}: {refusal.message}\n"
        )
        raise xmlrpc.client.Fault(refusal.fault_code, text) from None
    if method == "create" and positional and isinstance(positional[0], dict):
        return answer[0]
    return answer


def _must_be(name: Any, database_name: str) -> None:
    """Raises the fault of a database that is not there: PostgreSQL's own words, behind a traceback."""
    if name != database_name:
        said = f'psycopg2.OperationalError: connection to server failed: FATAL:  database "{name}" does not exist'
        raise xmlrpc.client.Fault(1, f"Traceback (most recent call last):\n{said}\n")


def _user(database: Database, uid: Any, key: Any) -> User:
    user = database.user_of_key(key)
    if user and user.uid == uid:
        return user
    raise xmlrpc.client.Fault(3, "Access Denied")


def _sendable(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {k: _sendable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sendable(v) for v in value]
    return value
