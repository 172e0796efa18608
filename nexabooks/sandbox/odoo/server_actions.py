"""Server actions: code that an administrator runs inside Odoo. The pretend one understands a few statements of it.

They are those by which the ledger makes its unique index and by which the contract tests bring a server to say what it
says only rarely. Each statement is a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from nexabooks.sandbox.odoo.env import Env, UniqueIndex
from nexabooks.sandbox.odoo.fields import Field
from nexabooks.sandbox.odoo.model import Model, remote
from nexabooks.sandbox.odoo.refusals import (
    FromDatabase,
    LockError,
    NotPretended,
    SerializationFailure,
    UserError,
    ValidationError,
)
from nexabooks.sandbox.odoo.store import Row

# SQLSTATE -> the name of PostgreSQL's driver for it.
SQLSTATES = {
    "08006": "ConnectionFailure",
    "40001": "SerializationFailure",
    "40P01": "DeadlockDetected",
    "53300": "TooManyConnections",
    "55P03": "LockNotAvailable",
    "57014": "QueryCanceled",
    "57P01": "AdminShutdown",
}
_INDEX = re.compile(
    r"create\s+unique\s+index\s+(?:if\s+not\s+exists\s+)?(?P<name>\w+)\s+on\s+(?P<table>\w+)\s*\((?P<columns>[^)]*)\)"
    r"(?:\s+where\s+(?P<where>\w+)\s+is\s+not\s+null(?:\s+and\s+(?P<without>\w+)\s+is\s+null)?)?",
    re.IGNORECASE,
)
_SQL = re.compile(r"env\.cr\.execute\(\s*(?P<quote>'''|\"\"\"|'|\")(?P<statement>.*)(?P=quote)\s*\)", re.DOTALL)
_RAISE = re.compile(
    r"do \$\$ begin raise exception '(?P<says>[^']*)' using errcode = '(?P<state>\w{5})'; end \$\$", re.IGNORECASE
)
_CALL = re.compile(r"env\['(?P<model>[\w.]+)'\]\.browse\((?P<id>\d+)\)\.(?P<method>[a-z]\w*)\(\)")
_KEY = re.compile(
    r"key = env\['res\.users\.apikeys'\]\.with_user\((?P<uid>\d+)\)\._generate\('rpc', '(?P<name>[^']*)', "
    r"(?:datetime\.datetime\.now\(\) \+ datetime\.timedelta\(minutes=(?P<minutes>-?\d+)\)|None)\)"
)
_ANSWER = "action = {'type': 'ir.actions.act_window_close', 'infos': key}"


class IrActionsServer(Model):
    name, label = "ir.actions.server", "Server Actions"
    own_fields = (
        Field("name", "char", is_required=True),
        Field("model_id", "many2one", comodel="ir.model", is_required=True),
        Field(
            "state",
            "selection",
            selection=("code", "object_write", "object_create", "webhook", "multi"),
            default="code",
        ),
        Field("code", "text"),
    )

    def insert(self, given: Row) -> int:
        found = re.search(r"^\s*(with\s[^\n]*:)", given.get("code") or "", re.MULTILINE)
        if found:
            raise ValidationError(f"forbidden opcode(s) in {given['code'].strip()!r}: WITH_EXCEPT_START, BEFORE_WITH")
        return super().insert(given)

    @remote("record")
    def run(self, ids: list[int]) -> Any:
        """Run server actions: False, or what the code gives as `action`."""
        answer: Any = False
        for id in self.must_exist(ids):
            answer = _run(self.env, self.row(id)["code"] or "")
        return answer


def _run(env: Env, code: str) -> Any:
    lines = [line for line in code.splitlines() if line.strip(" ;") and not line.lstrip().startswith("#")]
    statements = [code.strip()] if _SQL.fullmatch(code.strip()) else [line.strip(" ;") for line in lines]
    key = ""
    answer: Any = False
    for statement in statements:
        if found := _KEY.fullmatch(statement):
            minutes = found["minutes"]
            key = env["res.users.apikeys"].generate(
                int(found["uid"]), found["name"], None if minutes is None else timedelta(minutes=int(minutes))
            )
        elif statement == _ANSWER:
            answer = {"type": "ir.actions.act_window_close", "infos": key}
        elif found := _CALL.fullmatch(statement):
            _call(env, found["model"], int(found["id"]), found["method"])
        elif found := _SQL.fullmatch(statement):
            _sql(env, found["statement"].strip().rstrip(";").strip())
        else:
            raise NotPretended(f"server actions with {statement!r}")
    if not statements:
        raise NotPretended("server actions without code")
    return answer


def _call(env: Env, model: str, id: int, method: str) -> None:
    if method == "lock_for_update":
        if (model, id) in env.registry.held:
            raise LockError("Cannot grab a lock on records")
        return
    function: Callable[[list[int]], Any] | None = getattr(env[model], method, None)
    if getattr(function, "remote_kind", "") != "record" or function is None:
        raise NotPretended(f"server actions that call {model}.{method}")
    function([id])


def _sql(env: Env, statement: str) -> None:
    if found := _RAISE.fullmatch(statement):
        says = f"{found['says']}\nCONTEXT:  PL/pgSQL function inline_code_block line 1 at RAISE\n"
        if found["state"] == "40001":
            raise SerializationFailure(says)
        if found["state"] not in SQLSTATES:
            raise NotPretended(f"the SQLSTATE {found['state']}")
        raise FromDatabase(SQLSTATES[found["state"]], says)
    index = _INDEX.fullmatch(statement)
    if not index:
        raise NotPretended("SQL that does anything but create a unique index or raise an error")
    _create_index(env, index)


def _create_index(env: Env, match: re.Match[str]) -> None:
    model = match["table"].replace("_", ".")
    if model not in env.registry.classes:
        raise NotPretended(f"a unique index on the table {match['table']}")
    columns = tuple(c.strip() for c in match["columns"].split(","))
    unknown = [c for c in columns if c not in env.registry.fields[model]]
    if unknown:
        raise UserError(f'column "{unknown[0]}" does not exist\n')
    if any(i.name == match["name"] for i in env.registry.unique[model]):
        return
    where, without = match["where"], match["without"]

    def holds(row: Row) -> bool:
        named = (where,) if where else columns
        return all(row.get(c) not in (False, None) for c in named) and not (without and row.get(without))

    seen: set[Any] = set()
    for row in env.registry.store.tables[model].rows.values():
        key = tuple(row.get(c, False) for c in columns)
        if holds(row) and key in seen:
            raise ValidationError(
                f'could not create unique index "{match["name"]}"\nDETAIL:  Key ({", ".join(columns)})=({", ".join(map(str, key))}) is duplicated.'
            )
        if holds(row):
            seen.add(key)
    env.registry.add_unique(model, UniqueIndex(match["name"], columns, where or columns[-1], holds))


MODELS = (IrActionsServer,)
