"""How the pretend Odoo says no: the names, statuses and messages of facts/odoo.md, "Errors"."""

from __future__ import annotations

from collections.abc import Iterable


class Refusal(Exception):
    """One refusal: `status` and `name` travel over JSON-2, `fault_code` over XML-RPC."""

    status = 500
    name = "builtins.ValueError"
    fault_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def arguments(self) -> list[object]:
        return [self.message]


class UserError(Refusal):
    status, name, fault_code = 422, "odoo.exceptions.UserError", 2


class ValidationError(Refusal):
    status, name, fault_code = 422, "odoo.exceptions.ValidationError", 2


class AccessError(Refusal):
    status, name, fault_code = 403, "odoo.exceptions.AccessError", 4


class MissingError(Refusal):
    status, name, fault_code = 404, "odoo.exceptions.MissingError", 2


class Unauthorized(Refusal):
    status, name, fault_code = 401, "werkzeug.exceptions.Unauthorized", 3

    @property
    def arguments(self) -> list[object]:
        return [self.message, 401]


class NotFound(Refusal):
    status, name = 404, "werkzeug.exceptions.NotFound"

    def __init__(self, message: str, fault_code: int = 1, fault_message: str = "") -> None:
        super().__init__(message)
        self.fault_code, self.fault_message = fault_code, fault_message or message


class Unprocessable(Refusal):
    status, name = 422, "werkzeug.exceptions.UnprocessableEntity"


class BadRequest(Refusal):
    status, name = 400, "werkzeug.exceptions.BadRequest"


class BadValue(Refusal):
    """Odoo's bare ValueError: unknown fields, bad selections, bad dates, several records where one is wanted."""


class BadCall(Refusal):
    name = "builtins.TypeError"


class LockError(Refusal):
    """Another transaction holds a row that this one will not wait for. By XML-RPC it is any refusal of Odoo's."""

    status, name, fault_code = 409, "odoo.exceptions.LockError", 2


class RedirectWarning(Refusal):
    """A refusal with a button to press: HTTP 500, with the button in the words."""

    name, fault_code = "odoo.exceptions.RedirectWarning", 2

    def __init__(self, message: str, action: dict[str, object], button: str) -> None:
        super().__init__(f"{message}\n{action}\n{button}\nNone")
        self.fault_message = str((message, action, button, None))


class SerializationFailure(Refusal):
    name = "psycopg2.errors.SerializationFailure"


class FromDatabase(Refusal):
    """What PostgreSQL itself refuses, by the name that its driver gives it."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = f"psycopg2.errors.{name}"


class NotPretended(Refusal):
    """The real Odoo does this; the pretend one does not, and says so instead of pretending."""

    status, name = 501, "nexabooks.sandbox.NotPretended"

    def __init__(self, what: str) -> None:
        super().__init__(f"The pretend Odoo does not implement {what}; the real one does.")


def missing(model: str, ids: Iterable[int], uid: int) -> MissingError:
    """The refusal of an id that is not there."""
    return MissingError(
        f"Record does not exist or has been deleted.\n(Record: {model}({', '.join(map(str, ids))},), User: {uid})"
    )


def duplicate_key(index: str, columns: Iterable[str], values: Iterable[object]) -> ValidationError:
    """The refusal of PostgreSQL's unique index, as Odoo passes it on."""
    return ValidationError(
        f'duplicate key value violates unique constraint "{index}"\n'
        f"DETAIL:  Key ({', '.join(columns)})=({', '.join(map(str, values))}) already exists."
    )
