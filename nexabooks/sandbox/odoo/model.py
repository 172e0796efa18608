"""What every model can do: create, write, unlink, read, search, fields_get, and the doors for x2many commands.

A method is callable from outside only when `@remote` says how: "model" (no ids), "record" (ids) or "one" (exactly one id).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from nexabooks.sandbox.odoo import loading, reading
from nexabooks.sandbox.odoo.access import user_of
from nexabooks.sandbox.odoo.domains import compile_domain, order_ids
from nexabooks.sandbox.odoo.env import Env, UniqueIndex
from nexabooks.sandbox.odoo.fields import Field, incoming, is_x2many, outgoing
from nexabooks.sandbox.odoo.refusals import (
    BadCall,
    BadValue,
    NotPretended,
    UserError,
    ValidationError,
    duplicate_key,
    missing,
)
from nexabooks.sandbox.odoo.store import Row, Table

F = TypeVar("F", bound=Callable[..., Any])


def remote(kind: str, operation: str = "write") -> Callable[[F], F]:
    """Make a method callable from outside. `operation` is the right it needs: read, write, create or unlink."""

    def mark(method: F) -> F:
        method.remote_kind = kind  # type: ignore[attr-defined]
        method.operation = operation  # type: ignore[attr-defined]
        return method

    return mark


class Model:
    """One model in one call. Subclasses give `name`, `label`, `own_fields`, and what is particular to them."""

    name: ClassVar[str]
    label: ClassVar[str] = ""
    order: ClassVar[str] = "id"
    own_fields: ClassVar[tuple[Field, ...]] = ()
    unique_indexes: ClassVar[tuple[UniqueIndex, ...]] = ()
    rec_name: ClassVar[str] = "name"
    required_message: ClassVar[str] = ""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.fields: dict[str, Field] = env.registry.fields[self.name]
        self.table: Table = env.registry.store.tables[self.name]

    @classmethod
    def common_fields(cls) -> tuple[Field, ...]:
        return (
            Field("id", "integer", "ID", is_copied=False, is_readonly=True),
            Field(
                "display_name", "char", "Display Name", compute=lambda env, row: env[cls.name].display_name(row["id"])
            ),
            Field("create_date", "datetime", "Created on", is_copied=False, is_readonly=True),
            Field("create_uid", "many2one", "Created by", comodel="res.users", is_copied=False, is_readonly=True),
            Field("write_date", "datetime", "Last Updated on", is_copied=False, is_readonly=True),
            Field("write_uid", "many2one", "Last Updated by", comodel="res.users", is_copied=False, is_readonly=True),
        )

    # Values

    def row(self, id: int) -> Row:
        return self.table.rows[id]

    def value(self, row: Row, name: str) -> Any:
        """One field of one row, worked out where it is not stored."""
        f = self.fields[name]
        if f.compute is not None:
            return f.compute(self.env, row)
        if f.kind == "one2many":
            other = self.env[f.comodel].table
            ids = other.having(f.inverse, row["id"])
            return [i for i in ids if f.only(other.rows[i])] if f.only else ids
        return row.get(name, () if f.kind == "many2many" else False)

    def display_name(self, id: int) -> Any:
        return self.row(id).get(self.rec_name) or f"{self.name},{id}"

    def must_exist(self, ids: Iterable[int]) -> list[int]:
        """`ids` as a list. Raises MissingError for the first that is not there."""
        ids = list(ids)
        for id in ids:
            if id not in self.table.rows:
                raise missing(self.name, [id], self.env.uid)
        return ids

    # Writing, below the doors

    def prepare(self, vals: dict[str, Any]) -> tuple[Row, dict[str, list[Any]]]:
        """`vals` as plain stored values, and apart from them the commands for one-to-many fields."""
        row: Row = {}
        commands: dict[str, list[Any]] = {}
        for name, value in vals.items():
            f = self.fields.get(name)
            if f is None:
                raise BadValue(f"Invalid field {name!r} in {self.name!r}")
            if f.kind == "one2many" and f.compute is None:
                commands[name] = list(value or [])
            elif f.compute is not None:
                raise NotPretended(f"writing the computed field {name} of {self.name}")
            elif f.kind == "many2many":
                row[name] = self.linked(f, (), value)
            else:
                row[name] = incoming(self.name, f, value)
                if f.kind == "many2one" and row[name]:
                    self.env[f.comodel].must_exist([row[name]])
        return row, commands

    def linked(self, f: Field, present: tuple[int, ...], commands: Any) -> tuple[int, ...]:
        """The ids of a many-to-many after `commands` (or a plain list of ids)."""
        if commands and all(isinstance(c, int) for c in commands):
            commands = [[6, 0, commands]]
        ids = list(present)
        for command in commands or []:
            kind = command[0]
            if kind == 6:
                ids = list(dict.fromkeys(command[2]))
            elif kind == 5:
                ids = []
            elif kind == 4:
                ids = [*ids, command[1]] if command[1] not in ids else ids
            elif kind in (2, 3):
                ids = [i for i in ids if i != command[1]]
            elif kind == 0:
                ids += self.env[f.comodel]._create([command[2]])
            elif kind == 1:
                self.env[f.comodel]._write([command[1]], command[2])
            else:
                raise BadValue(f"Invalid command {command!r} for {self.name}.{f.name}")
        self.env[f.comodel].must_exist(ids)
        return tuple(ids)

    def defaults(self) -> Row:
        """A new row's values before anything is given."""
        env = self.env
        row: Row = {}
        for f in self.fields.values():
            if f.is_stored:
                row[f.name] = (
                    f.default(env)
                    if callable(f.default)
                    else ()
                    if f.kind == "many2many"
                    else incoming(self.name, f, f.default)
                )
        return row

    def insert(self, given: Row) -> int:
        """A new row from `given` over the defaults. Raises for what the database's own constraints exclude."""
        env = self.env
        row = self.defaults() | given
        row |= {"create_date": env.stamp, "write_date": env.stamp, "create_uid": env.uid, "write_uid": env.uid}
        self._check_required(row)
        id = self.table.insert(row)
        self._check_unique(id)
        return id

    def update(self, id: int, changes: Row) -> None:
        """Change a row; its write_date moves with it."""
        self.table.update(id, changes | {"write_date": self.env.stamp, "write_uid": self.env.uid})
        if self.env.registry.unique[self.name]:
            self._check_unique(id)

    def _check_required(self, row: Row) -> None:
        for f in self.fields.values():
            if f.is_required and row.get(f.name) in (False, None, ""):
                text = self.required_message or f"Missing required value for the field '{f.string}' ({f.name})."
                raise ValidationError(f"The operation cannot be completed: {text}")

    def _check_unique(self, id: int) -> None:
        row = self.table.rows[id]
        for index in self.env.registry.unique[self.name]:
            if not index.holds(row):
                continue
            key = tuple(row.get(c, False) for c in index.columns)
            for other in self.table.having(index.probe, row.get(index.probe, False)):
                twin = self.table.rows[other]
                if other != id and index.holds(twin) and tuple(twin.get(c, False) for c in index.columns) == key:
                    if index.message:
                        raise ValidationError(index.message)
                    raise duplicate_key(index.name, index.columns, key)

    def _create(self, vals_list: list[dict[str, Any]]) -> list[int]:
        ids = []
        for vals in vals_list:
            row, commands = self.prepare(vals)
            id = self.insert(row)
            for name, orders in commands.items():
                self.apply_commands(id, name, orders)
            ids.append(id)
        return ids

    def _write(self, ids: list[int], vals: dict[str, Any]) -> None:
        for id in ids:
            self.write_row(id, vals)

    def write_row(self, id: int, vals: dict[str, Any]) -> None:
        many = {n: v for n, v in vals.items() if n in self.fields and self.fields[n].kind == "many2many"}
        row, commands = self.prepare({n: v for n, v in vals.items() if n not in many})
        for name, value in many.items():
            row[name] = self.linked(self.fields[name], self.row(id).get(name, ()), value)
        if row:
            self._check_required(self.row(id) | row)
            self.update(id, row)
        for name, orders in commands.items():
            self.apply_commands(id, name, orders)

    def apply_commands(self, id: int, name: str, commands: list[Any]) -> None:
        """Carry out the commands of one one-to-many field."""
        f = self.fields[name]
        other = self.env[f.comodel]
        for command in commands:
            kind = command[0]
            if kind == 0:
                other._create([{**command[2], f.inverse: id}])
            elif kind == 1:
                other._write(other.must_exist([command[1]]), command[2])
            elif kind == 2:
                other._unlink(other.must_exist([command[1]]))
            elif kind == 4:
                other._write(other.must_exist([command[1]]), {f.inverse: id})
            elif kind == 5:
                other._unlink(other.table.having(f.inverse, id))
            else:
                raise NotPretended(f"command {kind} for {self.name}.{name}")

    def _unlink(self, ids: list[int]) -> None:
        data = self.env.registry.store.tables["ir.model.data"]
        for id in ids:
            for mark in data.having("res_id", id):
                if data.rows[mark]["model"] == self.name:
                    data.delete(mark)
            self.table.delete(id)

    def find(self, domain: list[Any], order: str = "id", limit: int | None = None) -> list[int]:
        """The ids that `domain` describes, archived records left out unless the domain or context speaks of them."""
        domain = list(domain or [])
        names_it = any(isinstance(d, (list, tuple)) and d and d[0] == "active" for d in domain)
        if "active" in self.fields and not names_it and self.env.context.get("active_test", True):
            domain = [["active", "=", True], *domain]
        test, narrowed = compile_domain(self, domain)
        rows = self.table.rows
        ids = [i for i in (narrowed if narrowed is not None else sorted(rows)) if test(rows[i])]
        if order.strip() != "id":
            ids = order_ids(self, ids, order)
        return ids[:limit] if limit else ids

    # The doors

    @remote("model", "create")
    def create(self, vals_list: Any) -> list[int]:
        """Create one record or many; the answer is a list in the order given."""
        return self._create([vals_list] if isinstance(vals_list, dict) else list(vals_list))

    @remote("record", "write")
    def write(self, ids: list[int], vals: dict[str, Any]) -> bool:
        """Write the same values to every record."""
        self._write(self.must_exist(ids), dict(vals))
        return True

    @remote("record", "unlink")
    def unlink(self, ids: list[int]) -> bool:
        """Delete records."""
        self._unlink(self.must_exist(ids))
        return True

    @remote("record", "read")
    def read(self, ids: list[int], fields: list[str] | None = None, load: str | None = "_classic_read") -> list[Row]:
        """The records in the order of `ids`; an id that is not there is left out silently."""
        names = list(fields) if fields else list(self.fields)
        for name in names:
            if name not in self.fields:
                raise BadValue(f"Invalid field {name!r} on {self.name!r}")
        rows = self.table.rows
        return [self._shown(rows[i], names, load) for i in ids if i in rows]

    def _shown(self, row: Row, names: Iterable[str], load: str | None) -> Row:
        shown: Row = {"id": row["id"]}
        for name in names:
            f, value = self.fields[name], self.value(row, name)
            if f.kind == "many2one":
                shown[name] = self._shown_link(f, value) if load == "_classic_read" else value or False
            elif is_x2many(f):
                shown[name] = list(value or ())
            else:
                shown[name] = outgoing(value)
        return shown

    def _shown_link(self, f: Field, id: Any) -> Any:
        return [id, self.env[f.comodel].display_name(id)] if id else False

    @remote("model", "read")
    def search(
        self, domain: list[Any], offset: int = 0, limit: int | None = None, order: str | None = None
    ) -> list[int]:
        """The ids that match."""
        ids = self.find(domain, order or self.order)
        return ids[offset : offset + limit] if limit else ids[offset:]

    @remote("model", "read")
    def search_count(self, domain: list[Any], limit: int | None = None) -> int:
        """How many match."""
        return len(self.find(domain, limit=limit))

    @remote("model", "read")
    def search_read(
        self,
        domain: list[Any] | None = None,
        fields: list[str] | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        **read_kwargs: Any,
    ) -> list[Row]:
        """Search and read in one call."""
        for name in read_kwargs:
            if name != "load":
                raise BadCall(f"BaseModel._read_format() got an unexpected keyword argument {name!r}")
        ids = self.search(domain or [], offset, limit, order)
        return self.read(ids, fields, **read_kwargs)

    @remote("model", "read")
    def fields_get(self, allfields: list[str] | None = None, attributes: list[str] | None = None) -> dict[str, Row]:
        """What the fields are."""
        described = {}
        for f in self.fields.values():
            if allfields and f.name not in allfields:
                continue
            about: Row = {
                "name": f.name,
                "type": f.kind,
                "string": f.string,
                "required": f.is_required,
                "readonly": f.is_readonly or (f.compute is not None),
                "store": f.is_stored or f.kind == "one2many",
                "searchable": True,
                "sortable": f.is_stored,
                "manual": f.is_own,
            }
            if f.comodel:
                about["relation"] = f.comodel
            if f.inverse:
                about["relation_field"] = f.inverse
            if f.selection:
                about["selection"] = [[v, v.replace("_", " ").capitalize()] for v in f.selection]
            described[f.name] = {k: v for k, v in about.items() if not attributes or k in attributes}
        return described

    @remote("model", "read")
    def default_get(self, fields_list: list[str]) -> Row:
        """The values a new record starts with, of the fields named."""
        defaults = self.defaults()
        return {n: outgoing(defaults[n]) for n in fields_list if n in defaults and defaults[n] not in (False, ())}

    @remote("record", "read")
    def get_external_id(self, ids: list[int]) -> dict[str, str]:
        """The external id of each record, '' where there is none."""
        data = self.env.registry.store.tables["ir.model.data"]
        found = {}
        for id in ids:
            marks = [data.rows[m] for m in data.having("res_id", id) if data.rows[m]["model"] == self.name]
            found[str(id)] = f"{marks[0]['module']}.{marks[0]['name']}" if marks else ""
        return found

    @remote("model", "read")
    def formatted_read_group(
        self,
        domain: list[Any],
        groupby: list[str] | None = None,
        aggregates: list[str] | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> list[Row]:
        """Totals by group."""
        return reading.formatted_read_group(self, domain, list(groupby or ()), list(aggregates or ()), limit, offset)

    @remote("model", "read")
    def web_search_read(
        self, domain: list[Any], specification: Row, offset: int = 0, limit: int | None = None, order: str | None = None
    ) -> Row:
        """Nested reads in one call."""
        return reading.web_search_read(self, domain, specification, offset, limit, order)

    @remote("record", "read")
    def web_read(self, ids: list[int], specification: Row) -> list[Row]:
        """Nested reads of known records."""
        return reading.web_read(self, self.must_exist(ids), specification)

    @remote("model", "load")
    def load(self, fields: list[str], data: list[list[Any]]) -> Row:
        """Create or update many records by external id."""
        return loading.load(self, fields, data, user_of(self.env.uid))

    @remote("record", "read")
    def exists(self, ids: list[int]) -> list[int]:
        """Those of `ids` that are there."""
        return [i for i in ids if i in self.table.rows]


def one(ids: list[int], model: str) -> int:
    """The only id. Raises BadValue as Odoo does for a method that works on one record."""
    if len(ids) != 1:
        raise BadValue(f"Expected singleton: {model}({', '.join(map(str, ids))}{',' if len(ids) == 1 else ''})")
    return ids[0]


def refuse_if(condition: object, message: str) -> None:
    """Raise UserError with `message` when `condition` holds."""
    if condition:
        raise UserError(message)
