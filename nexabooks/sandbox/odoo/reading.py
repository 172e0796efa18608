"""Reads beyond search_read: totals by group, and nested reads (facts: "Reading")."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nexabooks.sandbox.odoo.domains import order_ids
from nexabooks.sandbox.odoo.fields import is_x2many, outgoing
from nexabooks.sandbox.odoo.refusals import BadValue, NotPretended
from nexabooks.sandbox.odoo.store import Row

if TYPE_CHECKING:
    from nexabooks.sandbox.odoo.model import Model


def formatted_read_group(
    model: Model, domain: list[Any], groupby: list[str], aggregates: list[str], limit: int | None, offset: int
) -> list[Row]:
    """One row a group, with the aggregates asked for and the domain that finds its records."""
    for name in groupby:
        if name not in model.fields:
            raise BadValue(
                f"Invalid field {name!r} on model {model.name!r}"
                if ":" not in name
                else f"Invalid granularity in {name!r}"
            )
        if is_x2many(model.fields[name]):
            raise NotPretended(f"grouping by {name}")
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for id in model.find(domain or []):
        row = model.row(id)
        groups.setdefault(tuple(model.value(row, n) for n in groupby), []).append(row)
    if not groupby and not groups:
        groups[()] = []
    ordered = sorted(groups.items(), key=lambda item: tuple((v is False, str(v)) for v in item[0]))
    shown = []
    for key, rows in ordered[offset : offset + limit if limit else None]:
        answer: Row = {}
        for name, value in zip(groupby, key, strict=True):
            f = model.fields[name]
            answer[name] = model._shown_link(f, value) if f.kind == "many2one" else outgoing(value)
        leaves: list[Any] = [[n, "=", outgoing(v)] for n, v in zip(groupby, key, strict=True)]
        answer["__extra_domain"] = ["&"] * (len(leaves) - 1) + leaves
        for aggregate in aggregates:
            answer[aggregate] = _aggregate(model, rows, aggregate)
        shown.append(answer)
    return shown


def _aggregate(model: Model, rows: list[Row], aggregate: str) -> Any:
    if aggregate == "__count":
        return len(rows)
    name, _, how = aggregate.partition(":")
    if name not in model.fields:
        raise BadValue(f"Invalid field {name!r} on model {model.name!r}")
    values = [model.value(r, name) for r in rows]
    if how == "sum":
        return outgoing(sum(values, Decimal(0)))
    if how in ("min", "max"):
        present = [v for v in values if v is not False]
        return outgoing((min if how == "min" else max)(present)) if present else False
    if how == "count":
        return sum(v is not False for v in values)
    if how == "count_distinct":
        return len({v for v in values if v is not False})
    if how == "array_agg":
        return [outgoing(v) for v in values]
    raise NotPretended(f"the aggregate {aggregate}")


def web_read(model: Model, ids: list[int], specification: dict[str, Any]) -> list[Row]:
    """Records with the nested fields that `specification` names."""
    answer = []
    for id in ids:
        if id not in model.table.rows:
            continue
        row = model.row(id)
        shown: Row = {"id": id}
        for name, wish in specification.items():
            if name not in model.fields:
                raise BadValue(f"Invalid field {name!r} on {model.name!r}")
            f, value = model.fields[name], model.value(row, name)
            inner = (wish or {}).get("fields")
            if f.comodel and inner is not None:
                other = model.env[f.comodel]
                linked = web_read(other, list(value) if is_x2many(f) else [value] if value else [], inner)
                shown[name] = linked if is_x2many(f) else (linked[0] if linked else False)
            elif is_x2many(f):
                shown[name] = list(value)
            else:
                shown[name] = outgoing(value)
        answer.append(shown)
    return answer


def web_search_read(
    model: Model, domain: list[Any], specification: dict[str, Any], offset: int, limit: int | None, order: str | None
) -> Row:
    """Nested reads of what a domain finds, and how many there are in all."""
    ids = model.find(domain or [])
    ordered = order_ids(model, ids, order or model.order)
    page = ordered[offset : offset + limit if limit else None]
    return {"length": len(ids), "records": web_read(model, page, specification)}
