"""One call on a model's method, whichever transport brought it: rights, arguments, and one transaction around it all."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nexabooks.sandbox.odoo import (
    base_models,
    chart,
    journals,
    move_lines,
    moves,
    payment_register,
    payments,
    reconciling,
    reversals,
    server_actions,
    taxes,
    technical,
)
from nexabooks.sandbox.odoo.access import ADMIN_USER, USERS, User, check, user_of
from nexabooks.sandbox.odoo.env import Env, Registry
from nexabooks.sandbox.odoo.model import Remote
from nexabooks.sandbox.odoo.refusals import (
    AccessError,
    BadValue,
    NotFound,
    NotPretended,
    SerializationFailure,
    Unprocessable,
    UserError,
)
from nexabooks.sandbox.odoo.store import Row

CLASSES = (
    *base_models.MODELS,
    *journals.MODELS,
    *taxes.MODELS,
    *moves.MODELS,
    *move_lines.MODELS,
    *reconciling.MODELS,
    *payments.MODELS,
    *payment_register.MODELS,
    *reversals.MODELS,
    *technical.MODELS,
    *server_actions.MODELS,
)
# Models and methods that a real server of this kind has and the pretend one has not.
OTHER_MODELS = (
    "account.",
    "analytic.",
    "base.",
    "bus.",
    "digest.",
    "ir.",
    "mail.",
    "payment.",
    "product.",
    "project.",
    "res.",
    "uom.",
    "utm.",
)
OTHER_METHODS = (
    "action_force_register_payment", "action_register_payment", "activity_schedule", "copy", "copy_data", "export_data", "get_metadata",
    "message_subscribe", "name_create", "name_search", "onchange", "read_group", "toggle_active", "action_archive", "action_unarchive",
    "web_read_group", "web_save", "try_loading", "action_reverse", "action_invoice_sent", "button_set_checked", "action_reject",
)  # fmt: skip


class Database:
    """The pretend server's one database: models, records, the lock that makes calls wait for one another."""

    def __init__(self, company_name: str, now: Callable[[], datetime]) -> None:
        self.registry = Registry(CLASSES)
        self._now = now
        self._lock = threading.RLock()
        self._row_locks = threading.Condition()
        self._waiting: list[Callable[[], bool]] = []  # for each waiting call, whether it may go on
        self._is_changed = False
        # (model, method) -> how many of its next calls lose against another transaction.
        self.conflicts: dict[tuple[str, str], int] = {}
        chart.install(Env(self.registry, ADMIN_USER.uid, now()), company_name)
        self.registry.store.commit()

    def call(
        self, user: User, model: str, method: str, args: list[Any], kwargs: dict[str, Any], context: dict[str, Any]
    ) -> Any:
        """Run `method`; everything it changes stays, or when it refuses nothing does."""
        has_lost = self._wait_for_rows(model, method, args)
        with self._lock:
            env = Env(self.registry, user.uid, self._now(), context)
            function = self._method(env, model, method)
            self._check_context(context)
            self._check_rights(user, model, method, function, args, kwargs)
            if self.conflicts.get((model, method), 0) > 0:
                self.conflicts[model, method] -= 1
                return _lost(method)
            if has_lost and method == "load":  # anything else Odoo itself tries again, and nobody hears of it
                return _lost(method)
            fields, unique = dict(self.registry.fields), dict(self.registry.unique)
            done = False
            try:
                answer = function(*args, **kwargs)
                done = True
            finally:
                if done:
                    self.registry.store.commit()
                else:
                    self.registry.store.undo_to(0)
                    self.registry.fields, self.registry.unique = fields, unique
            return answer

    def hold(self, model: str, id: int) -> None:
        """Lock a row as another transaction would: what writes to it waits."""
        with self._row_locks:
            self.registry.held.add((model, id))

    def let_go(self, model: str, id: int, *, is_changed: bool = False) -> None:
        """Unlock it; `is_changed`: the other transaction has written to it, so whoever waited has an old view."""
        with self._row_locks:
            self.registry.held.discard((model, id))
            self._is_changed = is_changed
            self._row_locks.notify_all()

    def await_waiting(self) -> None:
        """Return as soon as a call waits for a row."""
        with self._row_locks:
            self._row_locks.wait_for(lambda: not all(may_go_on() for may_go_on in self._waiting))

    def _wait_for_rows(self, model: str, method: str, args: list[Any]) -> bool:
        """Wait until no row that the call writes is held. True when one was changed meanwhile."""
        operation = getattr(getattr(self.registry.classes.get(model), method, None), "operation", "read")
        if operation in ("read", "ask") or not self.registry.held:
            return False
        given = args[0] if args and isinstance(args[0], list) else []

        def is_free() -> bool:
            held = {id for name, id in self.registry.held if name == model}
            return not held or (method != "load" and held.isdisjoint(i for i in given if isinstance(i, int)))

        with self._row_locks:
            if is_free():
                return False
            self._is_changed = False
            self._waiting.append(is_free)
            self._row_locks.notify_all()
            self._row_locks.wait_for(is_free)
            self._waiting.remove(is_free)
            return self._is_changed

    def user_of_key(self, key: str) -> User | None:
        """Whose API key this is; None when it is nobody's, or has ended."""
        if found := next((user for user in USERS if user.key == key), None):
            return found
        uid, ends = self.registry.keys.get(key, (0, None))
        return user_of(uid) if uid and (ends is None or self._now() < ends) else None

    def env(self) -> Env:
        """The administrator's view, for those who stand beside the server: the demo's set-up and the tests."""
        return Env(self.registry, ADMIN_USER.uid, self._now())

    def method(self, model: str, method: str) -> Remote:
        """The method, or the refusal of a model or method that is not there."""
        return self._method(Env(self.registry, ADMIN_USER.uid, self._now()), model, method)

    def _method(self, env: Env, model: str, method: str) -> Remote:
        if model not in self.registry.classes:
            if model.startswith(OTHER_MODELS):
                raise NotPretended(f"the model {model}")
            raise NotFound(f"the model {model!r} does not exist", 2, f"Object {model} doesn't exist")
        if method.startswith("_"):
            raise AccessError(f"Private methods (such as '{model}.{method}') cannot be called remotely.")
        function: Any = getattr(env[model], method, None)
        if not hasattr(function, "remote_kind"):
            if method in OTHER_METHODS:
                raise NotPretended(f"the method {model}.{method}")
            raise NotFound(f"The method '{model}.{method}' does not exist")
        return function

    def _check_context(self, context: dict[str, Any]) -> None:
        if any(
            c not in self.registry.store.tables["res.company"].rows for c in context.get("allowed_company_ids") or ()
        ):
            raise AccessError("Access to unauthorized or invalid companies.")
        language = context.get("lang")
        if language and language != "en_US":
            raise UserError(f"Invalid language code: {language}")

    def _check_rights(
        self, user: User, model: str, method: str, function: Remote, args: list[Any], kwargs: dict[str, Any]
    ) -> None:
        if method == "context_get":
            return
        bind(function, args, kwargs)
        if function.operation not in ("load", "ask"):
            label = self.registry.classes[model].label
            check(user, model, label, function.operation)

    def image(self) -> dict[str, Any]:
        with self._lock:
            return {
                "rows": self.registry.store.image(),
                "fields": dict(self.registry.fields),
                "unique": dict(self.registry.unique),
            }

    def take(self, image: dict[str, Any]) -> None:
        with self._lock:
            self.registry.fields, self.registry.unique = dict(image["fields"]), dict(image["unique"])
            self.registry.store.take(image["rows"])


def _lost(method: str) -> Row:
    """What a call answers that lost against another transaction. Raises SerializationFailure unless it is a load."""
    says = "could not serialize access due to concurrent update\n"
    if method != "load":
        raise SerializationFailure(says)
    return {"ids": False, "messages": [{"type": "error", "message": says}], "nextrow": 0}


def bind(function: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Raises Unprocessable, with Python's own words, when the arguments do not fit the method."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        raise Unprocessable(str(error)) from None


def ids_of(value: Any) -> list[int]:
    """The ids of a call, as a list."""
    if value is None:
        return []
    if isinstance(value, int):
        return [value]
    if not isinstance(value, (list, tuple)) or not all(isinstance(i, int) for i in value):
        raise BadValue(f"Invalid ids: {value!r}")
    return list(value)


def utc_now() -> datetime:
    return datetime.now(UTC)
