"""What an older Odoo names otherwise than 19: the one place that knows, so that everything else speaks of Odoo 19.

Until 18 an account was not archived, it was `deprecated`, and no search hid it; and a draft was named "/" where it has no
name now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NO_NAME = "/"
# model -> (the field of Odoo 19, the field of an older server that says the opposite, the first version without it)
OPPOSITES = {"account.account": ("active", "deprecated", 19)}


def as_older(model: str, arguments: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The arguments of a call as an Odoo of `version` takes them."""
    name, opposite, since = OPPOSITES.get(model, ("", "", 0))
    found = dict(arguments)
    if version >= since:
        return found
    if "domain" in found:
        found["domain"] = [_leaf(leaf, name, opposite) for leaf in found["domain"]]
    if "fields" in found and name in found["fields"]:
        found["fields"] = [opposite if field == name else field for field in found["fields"]]
    if "vals" in found:
        found["vals"] = _values(found["vals"], name, opposite)
    if "vals_list" in found:
        found["vals_list"] = [_values(vals, name, opposite) for vals in found["vals_list"]]
    return found


def as_newer(model: str, answer: Any, version: int) -> Any:
    """The records that an Odoo of `version` answered, as 19 would."""
    name, opposite, since = OPPOSITES.get(model, ("", "", 0))
    if version >= 19 or not isinstance(answer, list):
        return answer
    records = [_nameless(record) if isinstance(record, dict) else record for record in answer]
    return [
        _values(record, opposite, name) if version < since and isinstance(record, dict) else record
        for record in records
    ]


def _nameless(record: dict[str, Any]) -> dict[str, Any]:
    return record | {"name": False} if record.get("name") == NO_NAME else record


def _leaf(leaf: Any, name: str, opposite: str) -> Any:
    if not isinstance(leaf, list | tuple) or len(leaf) != 3 or leaf[0] != name:
        return leaf
    _, operator, value = leaf
    return [opposite, operator, [not v for v in value] if isinstance(value, list | tuple) else not value]


def _values(values: Mapping[str, Any], name: str, opposite: str) -> dict[str, Any]:
    return {opposite if k == name else k: (not v) if k == name else v for k, v in values.items()}
