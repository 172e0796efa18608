"""The two doors of the pretend vTiger: `webservice.php` with its sessions, and the cloud's REST paths with Basic auth."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import time
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import parse_qsl

import orjson

from nexabooks.sandbox.serving import Reply, Request, Service, json_reply
from nexabooks.sandbox.vtiger_service import vtql
from nexabooks.sandbox.vtiger_service.errors import Refusal, denied, syntax
from nexabooks.sandbox.vtiger_service.modules import TIMELOG_MAPPING, Module, Record, modules_of
from nexabooks.sandbox.world import World

CLOUD = "/restapi/v1/vtiger/default/"
PHP_FATAL = Reply(500, b"", content_type="text/html")  # what PHP gives for an unknown operation, and for `sync`
WRITES = ("create", "update", "revise", "delete", "add_related", "delete_related", "convertlead", "reopen")


class VtigerService(Service):
    """vTiger on loopback, showing `get_world()` at each call.

    `username` and `access_key` (also `api_key`) are what it accepts; `url` is what a client is given. What a test may
    turn: `has_timelogs`, `hidden_fields` ((module, field) that the API user's profile hides), `forbidden_modules`,
    `lost_ids` (records counted and never sent), `ignores_keyset` (a comparison with id is not honoured),
    `minute_limit` (cloud: calls a minute, a minute being `minute_s` long), `before_query` (called with the query text before it is answered).
    """

    name = "vtiger"

    def __init__(
        self, get_world: Callable[[], World], transport: Literal["selfhosted", "cloud"] = "selfhosted"
    ) -> None:
        super().__init__()
        self.get_world, self.transport = get_world, transport
        self.username = "nexabooks"
        self.access_key = self.api_key = "vtiger-sandbox-key"
        self.has_timelogs = transport == "cloud"  # stock 8.2 has no time module at all
        self.hidden_fields: set[tuple[str, str]] = set()
        self.forbidden_modules: set[str] = set()
        self.lost_ids: set[str] = set()
        self.ignores_keyset = False
        self.minute_limit = 0
        self.minute_s = 60.0
        self.before_query: Callable[[str], None] | None = None
        self._token, self._logins = "", 0
        self._minute_ends_at, self._minute_calls = 0.0, 0
        self._sessions: set[str] = set()
        self._made: dict[str, list[Record]] = {}
        self._made_of: World | None = None

    @property
    def timelog_mapping(self) -> dict[str, str]:
        """What a person would write after reading `describe` of Timelogs (docs/contracts/vtiger.md)."""
        return dict(TIMELOG_MAPPING)

    @property
    def login_count(self) -> int:
        return self._logins

    def end_sessions(self) -> None:
        """PHP's clean-up: every session file is gone."""
        self._sessions.clear()

    def spoil_token(self) -> None:
        """Somebody else asked for a challenge, so the token that is out is no longer good."""
        self._token = "spoiled"

    def error_body(self, status: int) -> bytes:
        return b"" if self.transport == "selfhosted" else orjson.dumps(_failure("ERROR", f"HTTP {status}"))

    def handle(self, request: Request) -> Reply:
        if self.name in self.get_world().down:
            return Reply(503, b"", content_type="text/html")
        return self._selfhosted(request) if self.transport == "selfhosted" else self._cloud(request)

    # The two doors.

    def _selfhosted(self, request: Request) -> Reply:
        if request.path != "/webservice.php":
            return Reply(404, b"<html></html>", content_type="text/html")
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True)) if request.verb == "POST" else {}
        asked = form if request.verb == "POST" else dict(request.query)  # a GET operation reads only the query string
        operation = asked.get("operation", "")
        try:
            if operation in ("getchallenge", "login", "logout"):
                return json_reply({"success": True, "result": self._door(operation, request.verb, asked)})
            session = asked.get("sessionName", "")
            if not session:
                raise Refusal("AUTHENTICATION_REQUIRED", "Authencation required")
            if session not in self._sessions:
                raise Refusal("INVALID_SESSIONID", "Session Identifier provided is Invalid")
            if operation in WRITES or request.verb == "POST":
                raise denied(operation)
            if operation not in self._operations():
                return PHP_FATAL
            return json_reply({"success": True, "result": self._operations()[operation](asked)})
        except Refusal as refusal:
            return json_reply(_failure(refusal.code, refusal.message))

    def _door(self, operation: str, verb: str, asked: dict[str, str]) -> Any:
        if operation == "getchallenge" and verb == "GET":
            self._logins += 1
            self._token = hashlib.md5(f"challenge {self._logins}".encode()).hexdigest()[:13]
            now = int(self.get_world().now.timestamp())
            return {"token": self._token, "serverTime": now, "expireTime": now + 300}
        if operation == "login" and verb == "POST":
            if asked.get("username") != self.username:
                raise Refusal("ACCESS_DENIED", "username does not exists")
            token, self._token = self._token, "used"
            if token in ("", "used", "spoiled"):
                raise Refusal("INVALID_AUTH_TOKEN", "Specified token is invalid or expired")
            if asked.get("accessKey") != hashlib.md5(f"{token}{self.access_key}".encode()).hexdigest():
                raise Refusal("INVALID_USER_CREDENTIALS", "Invalid username or password")
            session = hashlib.md5(f"session {token}".encode()).hexdigest()[:21]
            self._sessions.add(session)
            return {
                "username": self.username,
                "time_zone": "Europe/Amsterdam",
                "is_admin": "off",
                "sessionName": session,
                "userId": "19x7",
                "version": "0.22",
                "vtigerVersion": "8.2.0",
            }
        raise denied(operation)

    def _cloud(self, request: Request) -> Reply:
        if not request.path.startswith(CLOUD):
            return Reply(404, b"<html></html>", content_type="text/html")
        expected = base64.b64encode(f"{self.username}:{self.access_key}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            return json_reply(_failure("INVALID_USER_CREDENTIALS", "Invalid username or password"), 401)
        flood = self._flood_headers()
        if flood.get("X-FloodControl-Remaining") == "-1":
            flood["X-FloodControl-Remaining"] = "0"
            return json_reply(_failure("TOO_MANY_REQUESTS", "API limit reached"), 429, flood)
        operation = request.path.removeprefix(CLOUD)
        try:
            if operation in WRITES or request.verb != "GET":
                raise denied(operation)
            if operation not in self._operations():
                raise Refusal("UNKNOWN_OPERATION", "Unknown operation requested")
            result = self._operations()[operation](dict(request.query))
            return json_reply({"success": True, "result": result}, headers=flood)
        except Refusal as refusal:
            return json_reply(_failure(refusal.code, refusal.message), 400, flood)

    def _flood_headers(self) -> dict[str, str]:
        if not self.minute_limit:
            return {}
        now = time.time()
        if now >= self._minute_ends_at:
            self._minute_ends_at, self._minute_calls = now + self.minute_s, 0
        self._minute_calls += 1
        return {
            "X-FloodControl-MinuteLimit": str(self.minute_limit),
            "X-FloodControl-Remaining": str(max(self.minute_limit - self._minute_calls, -1)),
            "X-FloodControl-Reset": str(math.ceil(self._minute_ends_at)),  # a unix time
        }

    # The operations.

    def _operations(self) -> dict[str, Callable[[dict[str, str]], Any]]:
        shared: dict[str, Callable[[dict[str, str]], Any]] = {
            "listtypes": self._listtypes,
            "describe": self._describe,
            "query": self._query,
            "retrieve": self._retrieve,
            "relatedtypes": self._relatedtypes,
            "query_related": self._query_related,
            "retrieve_related": self._retrieve_related,
        }
        return shared | {"me": self._me} if self.transport == "cloud" else shared

    def _me(self, asked: dict[str, str]) -> Any:
        return {"id": "19x7", "user_name": self.username, "time_zone": "UTC"}

    def _modules(self) -> dict[str, Module]:
        found = modules_of(self.transport, self.has_timelogs)
        return {
            name: Module(
                m.name,
                m.label,
                m.prefix,
                tuple(f for f in m.fields if (name, f.name) not in self.hidden_fields),
                m.records,
            )
            for name, m in found.items()
            if name not in self.forbidden_modules
        }

    def _module(self, name: str) -> Module:
        found = self._modules().get(name)
        if not found:
            raise denied(f"name : {name}")
        return found

    def _rows(self, module: Module) -> list[Record]:
        """The module's records without the fields that the profile hides: they are missing, not empty."""
        shown = {f.name for f in module.fields}
        return [{k: v for k, v in r.items() if k in shown} for r in self._records(module)]

    def _records(self, module: Module) -> list[Record]:
        """The module's records, made once a world however many queries go over them."""
        world = self.get_world()
        if self._made_of is not world:
            self._made, self._made_of = {}, world
        if module.name not in self._made:
            self._made[module.name] = module.records(world)
        return self._made[module.name]

    def _listtypes(self, asked: dict[str, str]) -> Any:
        found = self._modules()
        return {
            "types": list(found),
            "information": {
                m.name: {"isEntity": True, "label": m.label, "singular": m.label.removesuffix("s")}
                for m in found.values()
            },
        }

    def _describe(self, asked: dict[str, str]) -> Any:
        module = self._module(asked.get("elementType", ""))
        return {
            "label": module.label,
            "name": module.name,
            "createable": False,
            "updateable": False,
            "deleteable": False,
            "retrieveable": True,
            "fields": [f.described() for f in module.fields],
            "idPrefix": module.prefix,
            "isEntity": "1",
            "labelFields": module.fields[0].name,
        }

    def _query(self, asked: dict[str, str]) -> Any:
        text = asked.get("query", "")
        if self.before_query:
            self.before_query(text)
        return self._answer(text, None)

    def _answer(self, text: str, only: set[str] | None) -> list[Record]:
        query = vtql.parse(text)
        module = self._module(query.module)
        if self.ignores_keyset:
            kept = tuple(tuple(c for c in group if c.column != "id") for group in query.where)
            query = vtql.Query(
                query.columns,
                query.is_count,
                query.module,
                kept if all(kept) else (),
                query.order_by,
                query.is_descending,
                query.offset,
                query.limit,
            )
        rows = [r for r in self._rows(module) if only is None or r["id"] in only]
        return vtql.run(query, module, rows, lambda id: id in self.lost_ids)

    def _retrieve(self, asked: dict[str, str]) -> Any:
        """One record, with the `label` that a query does not send. Deleted and hidden look alike."""
        id = asked.get("id", "")
        if not re.fullmatch(r"\d+x\d+", id):
            raise denied("id")
        module = next((m for m in self._modules().values() if m.prefix == id.partition("x")[0]), None)
        if not module:
            raise Refusal("INVALID_ID_ATTRIBUTE", "Id specified is incorrect")
        found = next((r for r in self._rows(module) if r["id"] == id), None)
        if not found:
            raise denied()
        return found | {"label": found.get(module.fields[0].name, "")}

    # Related records.

    def _labels(self, module: str) -> dict[str, str]:
        case_name, label = ("Cases", "Cases") if self.transport == "cloud" else ("HelpDesk", "Service Requests")
        return {"ServiceContracts": {label: case_name}, case_name: {"Service Contracts": "ServiceContracts"}}.get(
            module, {}
        )

    def _relatedtypes(self, asked: dict[str, str]) -> Any:
        labels = self._labels(self._module(asked.get("elementType", "")).name)
        return {
            "types": list(labels.values()),
            "information": {label: {"name": name, "label": label, "isEntity": "1"} for label, name in labels.items()},
        }

    def _related_ids(self, asked: dict[str, str]) -> tuple[Module, set[str]]:
        prefix, _, number = asked.get("id", "").partition("x")
        owner = next((m for m in self._modules().values() if m.prefix == prefix), None)
        if not owner:
            raise Refusal("INVALID_ID_ATTRIBUTE", "Id specified is incorrect")
        target = self._labels(owner.name).get(asked.get("relatedLabel", ""))
        if not target:
            raise Refusal("UNKOWN_ENTITY", "Relation specified is incorrect")
        module, cases = self._module(target), self.get_world().cases
        if owner.name == "ServiceContracts":
            return module, {f"{module.prefix}x{c.id}" for c in cases if c.contract_id == number}
        return module, {f"{module.prefix}x{c.contract_id}" for c in cases if c.id == number and c.contract_id}

    def _query_related(self, asked: dict[str, str]) -> Any:
        text = asked.get("query", "")
        if text.rstrip().endswith(";"):
            raise syntax(";")
        if ("ORDER BY" in text.upper() or "LIMIT" in text.upper()) and "WHERE" not in text:
            raise syntax("ORDER")  # vTiger splits the text at an upper-case WHERE
        if self.before_query:
            self.before_query(text)
        return self._answer(f"{text};", self._related_ids(asked)[1])

    def _retrieve_related(self, asked: dict[str, str]) -> Any:
        module, ids = self._related_ids(asked)
        return [r for r in self._rows(module) if r["id"] in ids][: vtql.ROW_CAP]


def _failure(code: str, message: str) -> dict[str, Any]:
    return {"success": False, "error": {"message": message, "code": code}}
