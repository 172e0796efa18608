"""Search domains: Polish notation, dotted paths, the usual operators; a leaf on an indexed field narrows the search first."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nexabooks.sandbox.odoo.fields import number
from nexabooks.sandbox.odoo.refusals import BadValue, FromDatabase, NotPretended

if TYPE_CHECKING:
    from nexabooks.sandbox.odoo.records import Records

Test = Callable[[dict[str, Any]], bool]
ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def compile_domain(model: Records, domain: list[Any] | None) -> tuple[Test, list[int] | None]:
    """A test for one row, and the ids that can pass at all when an indexed condition narrows them (else None)."""
    if not domain:
        return (lambda row: True), None
    if not isinstance(domain, (list, tuple)):
        raise BadValue(f"Invalid domain: {domain!r}")
    stack = list(domain)
    tests: list[Test] = []
    narrowed: set[int] | None = None
    while stack:
        if len(stack) and _is_leaf(stack[0]):
            ids = _narrow(model, stack[0])
            if ids is not None:
                narrowed = ids if narrowed is None else narrowed & ids
        tests.append(_parse(model, stack))
    return (lambda row: all(test(row) for test in tests)), None if narrowed is None else sorted(narrowed)


def _is_leaf(item: Any) -> bool:
    return isinstance(item, (list, tuple)) and len(item) == 3


def _parse(model: Records, stack: list[Any]) -> Test:
    if not stack:
        raise BadValue("Invalid domain: an operator lacks its condition")
    item = stack.pop(0)
    if item == "&":
        left, right = _parse(model, stack), _parse(model, stack)
        return lambda row: left(row) and right(row)
    if item == "|":
        left, right = _parse(model, stack), _parse(model, stack)
        return lambda row: left(row) or right(row)
    if item == "!":
        inner = _parse(model, stack)
        return lambda row: not inner(row)
    if not _is_leaf(item):
        raise BadValue(f"Invalid domain item: {item!r}")
    return _leaf(model, item[0], item[1], item[2])


def _narrow(model: Records, leaf: Any) -> set[int] | None:
    name, operator, value = leaf
    if operator not in ("=", "in") or not isinstance(name, str):
        return None
    values = list(value) if operator == "in" and isinstance(value, (list, tuple)) else [value]
    if name == "id":
        return {v for v in values if isinstance(v, int) and v in model.table.rows}
    if not model.table.has_index(name) or not all(isinstance(v, (int, str)) and v is not False for v in values):
        return None
    if model.fields[name].kind == "many2one" and any(isinstance(v, str) for v in values):
        return None
    found: set[int] = set()
    for v in values:
        found.update(model.table.having(name, v))
    return found


def _leaf(model: Records, path: str | int, operator: str, value: Any) -> Test:
    if path in (1, 0):  # the constant leaves [1, "=", 1] and [0, "=", 1]
        return lambda row: path == value
    name, _, rest = str(path).partition(".")
    f = model.fields.get(name)
    if f is None:
        raise BadValue(f"Invalid field {model.name}.{name} in condition ({path!r}, {operator!r}, {value!r})")
    if rest or operator in ("any", "not any"):
        if not f.comodel:
            raise BadValue(f"Invalid field {model.name}.{path} in condition ({path!r}, {operator!r}, {value!r})")
        return _through(model, name, f.comodel, rest, operator, value)
    if name == "id" and operator in ("=", "!=", "in", "not in"):
        for given in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(given, str) and not given.strip().lstrip("+-").isdigit():
                raise FromDatabase("InvalidTextRepresentation", f'invalid input syntax for type integer: "{given}"\n')
    if f.kind in ("one2many", "many2many"):
        return _many(model, name, f.comodel, operator, value)
    if f.kind == "many2one" and (
        isinstance(value, str) or operator in ("like", "ilike", "not like", "not ilike", "=like", "=ilike")
    ):
        return _by_name(model, name, f.comodel, operator, value)
    if operator in ("child_of", "parent_of"):
        raise NotPretended(f"the domain operator {operator}")
    compare = _comparison(f.kind, operator, value)
    if f.compute is None:
        return lambda row: compare(row.get(name, False))
    return lambda row: compare(model.value(row, name))


def _through(model: Records, name: str, comodel: str, rest: str, operator: str, value: Any) -> Test:
    other = model.env[comodel]
    if rest:
        negated = False
        inner = _leaf(other, rest, operator, value)
    else:
        negated = operator == "not any"
        inner, _ = compile_domain(other, value)

    def test(row: dict[str, Any]) -> bool:
        linked = model.value(row, name)
        ids = linked if isinstance(linked, (list, tuple)) else [linked] if linked else []
        return any(inner(other.table.rows[i]) for i in ids if i in other.table.rows) is not negated

    return test


def _many(model: Records, name: str, comodel: str, operator: str, value: Any) -> Test:
    if operator in ("=", "!=") and value is False:
        return lambda row: bool(model.value(row, name)) is (operator == "!=")
    if operator in ("=", "in", "!=", "not in"):
        wanted = set(value if isinstance(value, (list, tuple)) else [value])
        if any(isinstance(v, str) for v in wanted):
            raise NotPretended(f"a search of {model.name}.{name} by name with {operator!r}")
        is_positive = operator in ("=", "in")
        return lambda row: bool(wanted.intersection(model.value(row, name))) is is_positive
    if operator in ("like", "ilike", "=ilike", "=like"):
        compare, other = _comparison("char", operator, value), model.env[comodel]
        return lambda row: any(compare(other.display_name(i)) for i in model.value(row, name))
    raise NotPretended(f"the operator {operator!r} on {model.name}.{name}")


def _by_name(model: Records, name: str, comodel: str, operator: str, value: Any) -> Test:
    compare, other = _comparison("char", operator, value), model.env[comodel]
    return lambda row: compare(other.display_name(row[name]) if row.get(name) else False)


def _comparison(kind: str, operator: str, value: Any) -> Callable[[Any], bool]:
    if kind in ("float", "monetary", "integer"):
        value = [number(v) for v in value] if isinstance(value, (list, tuple)) else number(value)
    elif value is None or value == "":
        value = False
    if operator in ("=", "=="):
        if isinstance(value, (list, tuple)):
            return _member(value, True)
        return lambda v: (v or False) == value if kind not in ("float", "monetary", "integer") else (v or 0) == value
    if operator in ("!=", "<>"):
        if isinstance(value, (list, tuple)):
            return _member(value, False)
        return lambda v: (v or False) != value if kind not in ("float", "monetary", "integer") else (v or 0) != value
    if operator in ("in", "not in"):
        return _member(value if isinstance(value, (list, tuple)) else [value], operator == "in")
    if operator in ORDERED:
        order = ORDERED[operator]
        # As in SQL, an empty value is neither before nor after anything.
        return lambda v: v is not False and v is not None and order(v, value)
    if operator in ("like", "ilike", "not like", "not ilike", "=like", "=ilike"):
        return _pattern(operator, str(value or ""))
    raise BadValue(f"Invalid operator {operator!r} in a domain")


def _member(values: Any, is_in: bool) -> Callable[[Any], bool]:
    wanted = {False if v is None else v for v in values}
    return lambda v: ((v if isinstance(v, (int, Decimal)) else v or False) in wanted) is is_in


def _pattern(operator: str, text: str) -> Callable[[Any], bool]:
    flags = re.IGNORECASE if "ilike" in operator else 0
    whole = operator.startswith("=")
    parts = re.split(r"([%_])", text)
    body = "".join({"%": ".*", "_": "."}.get(p, re.escape(p)) for p in parts)
    found = re.compile(body if whole else f".*{body}.*", flags | re.DOTALL).fullmatch
    is_positive = not operator.startswith("not")
    return lambda v: (found(v or "") is not None) is is_positive


def order_ids(model: Records, ids: list[int], order: str) -> list[int]:
    """`ids` in the given order; empty values come last when ascending and first when descending, as in PostgreSQL."""
    rows = model.table.rows
    for part in reversed([p.strip() for p in order.split(",") if p.strip()]):
        name, _, direction = part.partition(" ")
        if name not in model.fields:
            raise BadValue(f"Invalid field {name!r} on model {model.name!r}")
        is_descending = direction.strip().lower().startswith("desc")
        f = model.fields[name]
        ranks: dict[int, int] = {}
        if f.kind == "many2one":
            # A link sorts as its records sort themselves.
            other = model.env[f.comodel]
            ranks = {i: place for place, i in enumerate(order_ids(other, sorted(other.table.rows), other.order))}

        def key(id: int, name: str = name, kind: str = f.kind, ranks: dict[int, int] = ranks) -> tuple[bool, Any]:
            value = model.value(rows[id], name)
            if kind in ("boolean", "float", "monetary", "integer"):
                return False, value or 0
            return not value, ranks[value] if kind == "many2one" and value else value or (
                "" if kind != "many2one" else 0
            )

        ids = sorted(ids, key=key, reverse=is_descending)
    return ids
