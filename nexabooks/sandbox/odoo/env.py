"""The registry of models and the environment of one call: who calls, with which context, at what time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from nexabooks.sandbox.odoo.fields import Field
from nexabooks.sandbox.odoo.names import Names
from nexabooks.sandbox.odoo.store import Row, Store

if TYPE_CHECKING:
    from nexabooks.sandbox.odoo.model import Model

TIME_ZONE = ZoneInfo("America/Toronto")


@dataclass(frozen=True, slots=True)
class UniqueIndex:
    """A unique index of the database: `holds` says which rows it covers; `message` is Odoo's own sentence, else PostgreSQL's.

    `probe` is the column by which possible duplicates are looked up; it is indexed.
    """

    name: str
    columns: tuple[str, ...]
    probe: str
    holds: Callable[[Row], bool] = lambda row: True
    message: str = ""


class Registry:
    """Which models there are, their fields (those made by users too), their unique indexes, and the store they live in."""

    def __init__(self, classes: Iterable[type[Model]]) -> None:
        self.store = Store()
        self.classes: dict[str, type[Model]] = {}
        self.fields: dict[str, dict[str, Field]] = {}
        self.unique: dict[str, list[UniqueIndex]] = {}
        self.held: set[tuple[str, int]] = set()  # rows that another transaction has locked
        self.keys: dict[str, tuple[int, datetime | None]] = {}  # API keys made later on: whose, and until when
        for cls in classes:
            self.classes[cls.name] = cls
            self.fields[cls.name] = {f.name: f for f in (*cls.common_fields(), *cls.own_fields)}
            table = self.store.add_table(cls.name, [f.name for f in cls.own_fields if f.is_indexed])
            self.unique[cls.name] = []
            for index in cls.unique_indexes:
                table.add_index(index.probe)
                self.unique[cls.name].append(index)
        self.names = Names()
        self.store.tables["account.move"].follow(self.names)

    def add_field(self, model: str, f: Field) -> None:
        self.fields[model] = self.fields[model] | {f.name: f}
        if f.is_indexed:
            self.store.tables[model].add_index(f.name)

    def remove_field(self, model: str, name: str) -> None:
        self.fields[model] = {n: f for n, f in self.fields[model].items() if n != name}

    def add_unique(self, model: str, index: UniqueIndex) -> None:
        self.store.tables[model].add_index(index.probe)
        self.unique[model] = [*self.unique[model], index]


class Env:
    """One call's surroundings. `env["res.partner"]` is the model, with this user and this context: which class that is,
    the name alone says."""

    def __init__(self, registry: Registry, uid: int, now: datetime, context: dict[str, Any] | None = None) -> None:
        self.registry, self.uid, self.now = registry, uid, now.astimezone(UTC)
        self.context = context or {}
        self.stamp = f"{self.now:%Y-%m-%d %H:%M:%S}"
        # The last name given in this call in each journal and period, so that a batch looks for it only once.
        self.names_given: dict[Any, str] = {}
        self._models: dict[str, Model] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._models:
            self._models[name] = self.registry.classes[name](self)
        return self._models[name]

    def __contains__(self, name: str) -> bool:
        return name in self.registry.classes

    def row(self, model: str, id: int) -> Row:
        """The row of a record that is known to be there."""
        return self.registry.store.tables[model].rows[id]

    @property
    def today(self) -> date:
        """The day it is for the user, whose time zone is the company's."""
        return self.now.astimezone(TIME_ZONE).date()

    @property
    def company(self) -> Row:
        allowed = self.context.get("allowed_company_ids") or [1]
        return self.row("res.company", allowed[0])

    def ref(self, external_id: str) -> int | None:
        """The id behind an external id, or None."""
        module, _, name = external_id.partition(".")
        data = self.registry.store.tables["ir.model.data"]
        for id in data.having("name", name):
            if data.rows[id]["module"] == module:
                return int(data.rows[id]["res_id"])
        return None
