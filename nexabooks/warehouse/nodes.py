"""What a project is made of, as values: models and seeds, sources, unit tests, data tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nexabooks.warehouse.templating import Relation


@dataclass(frozen=True)
class Column:
    """One described column; `data_type` is "" where the YAML declares none."""

    name: str
    data_type: str = ""
    description: str = ""
    constraints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Node:
    """One model or seed. `depends_on` names the models and seeds it reads, `sources` the raw tables ("stripe.invoices")."""

    name: str
    kind: str  # model, seed
    layer: str
    schema: str
    materialized: str  # view, table, seed
    path: Path
    raw_sql: str
    unique_id: str
    depends_on: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    description: str = ""
    is_contract_enforced: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def relation(self) -> Relation:
        """Where its table or view is in the warehouse."""
        return Relation(self.schema, self.name)


@dataclass(frozen=True)
class SourceTable:
    """One raw table that the project reads, with the columns that its YAML declares."""

    source: str
    name: str
    schema: str
    identifier: str
    columns: tuple[Column, ...] = ()

    @property
    def relation(self) -> Relation:
        """Where the landed table is in the warehouse."""
        return Relation(self.schema, self.identifier)


@dataclass(frozen=True)
class Fixture:
    """The rows of one given input (or of what is expected): dictionaries, CSV text or a SQL select."""

    input: str
    rows: Any
    format: str = "dict"
    has_rows: bool = True  # a given seed without rows stands for its own file


@dataclass(frozen=True)
class UnitTest:
    """One of dbt's unit tests: the rows given to a model, and those that it must answer with."""

    name: str
    model: str
    given: tuple[Fixture, ...]
    expect: Fixture
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True)
class DataTest:
    """One promise about a model, seed or source: a generic test with its arguments, or a SQL file of its own."""

    name: str
    target: str  # the model, seed or source table it speaks of; "" for a SQL file
    macro: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    raw_sql: str = ""
    severity: str = "error"
    where: str = ""
