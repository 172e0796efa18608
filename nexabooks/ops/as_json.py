"""Values in JSON's words, for what the store keeps as a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


def as_json(value: Any) -> Any:
    """`value` with moments as ISO text in UTC and Decimals as text, all the way down.

    Raises ValueError for a float, because what is kept here is money and evidence, and for anything unknown.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value} carries no time zone; the ops store keeps aware UTC times only.")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): as_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return as_json(asdict(value))
    raise ValueError(
        f"{type(value).__name__} {value!r} cannot be kept in the ops store; say it as text or a whole number."
    )
