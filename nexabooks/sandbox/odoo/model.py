"""The doors of every model: create, write, unlink, read, search, load and the other methods that are called from outside.

A method is callable from outside only when `@remote` says how: "model" (no ids), "record" (ids) or "one" (exactly one id).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from nexabooks.sandbox.odoo import loading, reading
from nexabooks.sandbox.odoo.access import user_of
from nexabooks.sandbox.odoo.fields import Field, is_x2many, outgoing
from nexabooks.sandbox.odoo.records import Records
from nexabooks.sandbox.odoo.refusals import BadCall, BadValue, UserError
from nexabooks.sandbox.odoo.store import Row

F = TypeVar("F", bound=Callable[..., Any])


class Remote(Protocol):
    """A method that may be called from outside, as `remote` marked it."""

    remote_kind: str
    operation: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


def remote(kind: str, operation: str = "write") -> Callable[[F], F]:
    """Make a method callable from outside. `operation` is the right it needs: read, write, create or unlink."""

    def mark(method: F) -> F:  # a function takes attributes, and of that no annotation knows
        method.remote_kind = kind  # type: ignore[attr-defined]
        method.operation = operation  # type: ignore[attr-defined]
        return method

    return mark


class Model(Records):
    """One model in one call. Subclasses give `name`, `label`, `own_fields`, and what is particular to them."""

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

    @remote("model", "ask")
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
    def get_external_id(self, ids: list[int]) -> dict[int, str]:
        """The external id of each record, '' where there is none. Numbers as keys: XML-RPC cannot send them."""
        data = self.env.registry.store.tables["ir.model.data"]
        found = {}
        for id in ids:
            marks = [data.rows[m] for m in data.having("res_id", id) if data.rows[m]["model"] == self.name]
            found[id] = f"{marks[0]['module']}.{marks[0]['name']}" if marks else ""
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

    @remote("record", "ask")
    def has_access(self, ids: list[int], operation: str) -> bool:
        """Whether this user may do `operation` on this model; anybody may ask."""
        return user_of(self.env.uid).may(self.name, operation)

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
