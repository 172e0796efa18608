"""Fields as data, and the door through which a value comes in (from JSON or XML-RPC) and goes out again.

Inside, an empty value is False, money and quantities are Decimal, dates are ISO text, times are UTC text, a many-to-one
is an id and a many-to-many a tuple of ids. A one-to-many is not stored: it is the index of its inverse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from nexabooks.sandbox.odoo.refusals import BadValue

NUMBERS = ("float", "monetary")
TEXTS = ("char", "text", "html")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a model. `compute` makes it a field that is worked out when read; `default` fills it at create."""

    name: str
    kind: str
    label: str = ""
    comodel: str = ""
    inverse: str = ""
    selection: tuple[str, ...] = ()
    is_required: bool = False
    is_indexed: bool = False
    is_copied: bool = True
    is_readonly: bool = False
    default: Any = False
    compute: Callable[[Any, dict[str, Any]], Any] | None = None
    only: Callable[[dict[str, Any]], bool] | None = None  # of a one-to-many: which of the linked rows it shows
    is_own: bool = False  # made by a user, as the x_ fields are

    @property
    def is_stored(self) -> bool:
        return self.compute is None and self.kind != "one2many"

    @property
    def string(self) -> str:
        return self.label or self.name.removesuffix("_ids").removesuffix("_id").replace("_", " ").capitalize()


def is_x2many(f: Field) -> bool:
    """Whether a field links to many records."""
    return f.kind in ("one2many", "many2many")


def number(value: Any) -> Decimal:
    """A number as it came over the wire, exactly as it was written: a float by its shortest text, never by its bits."""
    if isinstance(value, Decimal):
        return value
    if not value:
        return Decimal(0)
    try:
        return Decimal(repr(value) if isinstance(value, float) else str(value))
    except InvalidOperation:
        raise BadValue(f"could not convert string to float: {value!r}") from None


def incoming(model: str, f: Field, value: Any) -> Any:
    """`value` as it is kept. Raises BadValue as Odoo does for a value that its kind excludes."""
    if f.kind in NUMBERS:
        return number(value)
    if f.kind == "boolean":
        return bool(value)
    if f.kind == "integer":
        try:
            return int(value or 0)
        except (TypeError, ValueError) as error:
            raise BadValue(str(error)) from None
    if value is None or value is False or value == "":
        return False
    if f.kind == "date":
        return _moment(str(value)[:10] if len(str(value)) > 10 else str(value), "%Y-%m-%d")
    if f.kind == "datetime":
        return _moment(str(value), "%Y-%m-%d %H:%M:%S")
    if f.kind == "selection":
        if value not in f.selection:
            raise BadValue(f"Wrong value for {model}.{f.name}: {value!r}")
        return value
    if f.kind == "many2one":
        if isinstance(value, (list, tuple)):
            value = value[0] if value else False
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadValue(f"Wrong value for {model}.{f.name}: {value!r}")
        return value
    if f.kind in TEXTS:
        return str(value)
    return value


def _moment(text: str, form: str) -> str:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - only the form is checked
    except ValueError as error:
        raise BadValue(str(error)) from None
    return text


def outgoing(value: Any) -> Any:
    """A kept scalar as Odoo sends it: numbers as JSON numbers."""
    if isinstance(value, Decimal):
        return float(value)
    if value is None:
        return False
    return value
