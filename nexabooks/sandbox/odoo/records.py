"""What every model does below its doors: take values in, keep rows, find them. Nothing here checks a right.

Rows are written through `insert` and `update`, where the database's own constraints are held.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from nexabooks.sandbox.odoo.domains import compile_domain, order_ids
from nexabooks.sandbox.odoo.env import Env, UniqueIndex
from nexabooks.sandbox.odoo.fields import Field, incoming
from nexabooks.sandbox.odoo.refusals import BadValue, NotPretended, ValidationError, duplicate_key, missing
from nexabooks.sandbox.odoo.store import Row, Table


class Records:
    """The records of one model in one call; `Model` adds the doors."""

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

    def update_if_changed(self, row: Row, changes: Row) -> None:
        """The same, only when something is different: a record that does not change keeps its write_date."""
        if any(row.get(n) != v for n, v in changes.items()):
            self.update(row["id"], changes)

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
