"""Asking the pretend server without a socket: for tests, and for whoever looks into the books after a story was played."""

from __future__ import annotations

from typing import Any

import orjson

from nexabooks.sandbox.odoo.service import OdooService
from nexabooks.sandbox.serving import Reply, Request


class Refused(Exception):
    """The server said no: its status, the name of its error, its message."""

    def __init__(self, status: int, name: str, message: str, body: bytes) -> None:
        super().__init__(f"{status} {name}: {message}")
        self.status, self.name, self.message, self.body = status, name, message, body


class Asker:
    """JSON-2 calls as one user: `Asker(service)("res.partner", "search", domain=[])`."""

    def __init__(self, service: OdooService, key: str = "") -> None:
        self.service, self.key = service, key or service.admin_key

    def __call__(self, model: str, method: str, **named: Any) -> Any:
        """The bare answer. Raises Refused."""
        reply = self.raw(f"/json/2/{model}/{method}", orjson.dumps(named))
        if reply.status != 200:
            body = orjson.loads(reply.body) if reply.content_type == "application/json" else {}
            raise Refused(reply.status, body.get("name", ""), body.get("message", ""), reply.body)
        return orjson.loads(reply.body)

    def raw(self, path: str, body: bytes, *, verb: str = "POST", headers: dict[str, str] | None = None) -> Reply:
        """One request as it is, with this user's key."""
        given = {"Authorization": f"bearer {self.key}", "Content-Type": "application/json"} | (headers or {})
        return self.service.handle(Request(verb, path, [], given, body))
