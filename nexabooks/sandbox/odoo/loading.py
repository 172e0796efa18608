"""`load`: many records in one call, by external id; any row error answers HTTP 200 with `ids` false and writes nothing.

Facts: "load() and external ids". A row whose header cells are all blank continues the record above it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nexabooks.sandbox.odoo.access import check
from nexabooks.sandbox.odoo.fields import Field, number
from nexabooks.sandbox.odoo.refusals import BadValue, NotPretended, Refusal

if TYPE_CHECKING:
    from nexabooks.sandbox.odoo.model import Model

TRUE, FALSE = ("1", "true", "yes", "t", "y"), ("", "0", "false", "no", "f", "n")


@dataclass(slots=True)
class Record:
    """One record out of one or more rows: its values by column path, and its nested lines."""

    first: int
    last: int
    own: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class CellError(Exception):
    """A cell that names nothing, or is not of its field's kind."""

    def __init__(self, f: Field, message: str) -> None:
        super().__init__(message)
        self.field, self.message = f, message


def load(model: Model, fields: list[str], data: list[list[Any]], user: Any) -> dict[str, Any]:
    """Create or update the records of `data`; the answer is that of Odoo's `load`."""
    store = model.env.registry.store
    for path in fields:
        name = path.split("/")[0]
        if name not in (".id", "id") and name not in model.fields:
            raise BadValue(f"Invalid field name {name!r}")
    start = store.mark()
    converted: list[tuple[int, Record, dict[str, Any]]] = []
    messages: list[dict[str, Any]] = []
    for place, record in enumerate(_records(model, fields, data)):
        try:
            converted.append((place, record, _convert(model, record.own, record.lines)))
        except CellError as error:
            messages.append(
                _at(place, record)
                | {
                    "type": "error",
                    "field": error.field.name,
                    "field_name": error.field.string,
                    "message": error.message,
                    "moreinfo": {},
                }
            )
    ids: list[int] = []
    for place, record, vals in converted:
        mark = store.mark()
        try:
            ids.append(_save(model, vals, user))
        except NotPretended:
            raise
        except Refusal as error:
            store.undo_to(mark)
            text = error.message.removeprefix("The operation cannot be completed: ")
            messages.append(_at(place, record) | {"type": "error", "message": text})
    if messages:
        store.undo_to(start)
        return {"ids": False, "messages": messages, "nextrow": 0}
    return {"ids": ids, "messages": [], "nextrow": 0}


def _at(place: int, record: Record) -> dict[str, Any]:
    return {"rows": {"from": record.first, "to": record.last}, "record": place}


def _records(model: Model, paths: list[str], data: list[list[Any]]) -> list[Record]:
    split = [path.split("/", 1) for path in paths]
    nested = [len(p) == 2 and p[0] in model.fields and model.fields[p[0]].kind == "one2many" for p in split]
    records: list[Record] = []
    for place, row in enumerate(data):
        cells = list(zip(paths, split, nested, row, strict=False))
        own = {path: value for path, _, is_nested, value in cells if not is_nested}
        if not records or not any(nested) or any(v not in ("", None, False) for v in own.values()):
            records.append(Record(place, place, own))
        record = records[-1]
        record.last = place
        lines: dict[str, dict[str, Any]] = {}
        for _, parts, is_nested, value in cells:
            if is_nested:
                lines.setdefault(parts[0], {})[parts[1]] = value
        for name, line in lines.items():
            if any(v not in ("", None, False) for v in line.values()):
                record.lines.setdefault(name, []).append(line)
    return records


def _convert(model: Model, own: dict[str, Any], lines: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Cells as the values that create and write take; `id` and `.id` stay beside them."""
    vals: dict[str, Any] = {}
    for path, value in own.items():
        if path in ("id", ".id"):
            if value not in ("", None, False):
                vals[path] = value
            continue
        name, _, sub = path.partition("/")
        f = model.fields.get(name)
        if f is None:
            raise BadValue(f"Invalid field name {name!r}")
        vals[name] = _cell(model, f, sub, value)
    for name, rows in lines.items():
        other = model.env[model.fields[name].comodel]
        vals[name] = [_convert(other, row, {}) for row in rows]
    return vals


def _cell(model: Model, f: Field, sub: str, value: Any) -> Any:
    if f.kind == "many2one":
        return _linked(model, f, sub, value) if value not in ("", None, False) else False
    if f.kind == "many2many":
        parts = [p.strip() for p in str(value).split(",") if p.strip()] if value not in (None, False) else []
        return [[6, 0, [_linked(model, f, sub, p) for p in parts]]]
    if sub:
        raise NotPretended(f"the column {f.name}/{sub} in load")
    text = str(value).strip() if value not in (None, False) else ""
    if f.kind == "boolean":
        if value is True or text.lower() in TRUE:
            return True
        if text.lower() in FALSE:
            return False
        raise CellError(f, f"Unknown value '{value}' for boolean field '{f.string}'")
    if not text:
        return False
    if f.kind in ("float", "monetary", "integer"):
        try:
            return number(text) if f.kind != "integer" else int(text)
        except (BadValue, ValueError):
            kind = "an integer" if f.kind == "integer" else "a number"
            raise CellError(f, f"'{value}' does not seem to be {kind} for field '{f.string}'") from None
    if f.kind == "selection" and text not in f.selection:
        raise CellError(f, f"Value '{value}' not found in selection field '{f.string}'")
    return text if f.kind == "char" else value


def _linked(model: Model, f: Field, sub: str, value: Any) -> int:
    """The record that a cell names: by external id, by database id, or by name."""
    env, other = model.env, model.env[f.comodel]
    if sub == ".id":
        if str(value).isdigit() and int(value) in other.table.rows:
            return int(value)
        raise CellError(f, f"No matching record found for database id '{value}' in field '{f.string}'")
    if sub == "id":
        external = str(value) if "." in str(value) else f"__import__.{value}"
        found = env.ref(external)
        if found is None:
            raise CellError(f, f"No matching record found for external id '{value}' in field '{f.string}'")
        return found
    if sub:
        raise NotPretended(f"the column {f.name}/{sub} in load")
    named = [
        i
        for i in sorted(other.table.rows)
        if other.display_name(i) == str(value) or other.row(i).get(other.rec_name) == str(value)
    ]
    if not named:
        raise CellError(f, f"No matching record found for name '{value}' in field '{f.string}'")
    return named[0]


def _save(model: Model, vals: dict[str, Any], user: Any) -> int:
    """Write the record that the external or database id names, or create it under that external id."""
    env = model.env
    external, database_id = vals.pop("id", ""), vals.pop(".id", "")
    if external and "." not in external:
        external = f"__import__.{external}"
    id = env.ref(external) if external else None
    if id is not None and id not in model.table.rows:
        raise BadValue(f"the external id {external} names a record that is gone")
    if database_id:
        id = model.must_exist([int(database_id)])[0]
    nested = {n: rows for n, rows in vals.items() if model.fields[n].kind == "one2many"}
    marks: list[tuple[str, str]] = []
    for name, rows in nested.items():
        vals[name], names = _line_commands(model, name, rows)
        marks += names
    if id is None:
        check(user, model.name, model.label, "create")
        id = model._create([vals])[0]
        if external:
            env["ir.model.data"].give(external, model.name, id)
    else:
        check(user, model.name, model.label, "write")
        model._write([id], vals)
    _name_lines(model, id, marks)
    return id


def _line_commands(model: Model, name: str, rows: list[dict[str, Any]]) -> tuple[list[Any], list[tuple[str, str]]]:
    """Commands for nested rows: a line that its external id names is changed, every other one is new, whatever it says."""
    commands, marks = [], []
    for row in rows:
        external, database_id = row.pop("id", ""), row.pop(".id", "")
        known = model.env.ref(external) if external else int(database_id) if database_id else None
        if known is not None:
            commands.append([1, known, row])
        else:
            commands.append([0, 0, row])
            marks.append((name, external))
    return commands, marks


def _name_lines(model: Model, id: int, marks: list[tuple[str, str]]) -> None:
    """Give the lines that were just made their external ids: the newest ones, in order."""
    if not any(external for _, external in marks):
        return
    for name in dict.fromkeys(n for n, _ in marks):
        wanted = [external for n, external in marks if n == name]
        made = model.value(model.row(id), name)[-len(wanted) :]
        for line_id, external in zip(made, wanted, strict=True):
            if external:
                model.env["ir.model.data"].give(external, model.fields[name].comodel, line_id)
