"""Tables in memory with real transactions: every change is journalled, so that a failed call leaves nothing behind.

Rows are never changed in place, a changed row is a new dict. That makes a snapshot as cheap as copying the tables' row
lists, and undoing as simple as putting the old row back. Ids are taken from a counter that, as in PostgreSQL, an undone
transaction does not give back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

Row = dict[str, Any]


class Follower(Protocol):
    """Whoever keeps an order of its own of a table's rows."""

    def clear(self) -> None: ...

    def change(self, old: Row | None, new: Row | None) -> None: ...


class Table:
    """The rows of one model by id, with an index for each field that is searched by value."""

    def __init__(self, journal: list[tuple[Table, int, Row | None]], indexed: Iterable[str] = ()) -> None:
        self.rows: dict[int, Row] = {}
        self.next_id = 1
        self._journal = journal
        self._indexes: dict[str, dict[Any, dict[int, None]]] = {name: {} for name in indexed}
        self._followers: list[Follower] = []

    def follow(self, follower: Follower) -> None:
        """Tell `follower` of every change from now on, of those that are undone too."""
        self._followers.append(follower)

    def add_index(self, field: str) -> None:
        """Index `field` from now on; the rows that are there are indexed at once."""
        if field not in self._indexes:
            index = self._indexes[field] = {}
            for id, row in self.rows.items():
                index.setdefault(row.get(field, False), {})[id] = None

    def has_index(self, field: str) -> bool:
        return field in self._indexes

    def having(self, field: str, value: Any) -> list[int]:
        """The ids whose indexed `field` is `value`, ascending."""
        return sorted(self._indexes[field].get(value, ()))

    def insert(self, row: Row) -> int:
        id = self.next_id
        self.next_id += 1
        self._set(id, {**row, "id": id})
        return id

    def update(self, id: int, changes: Row) -> None:
        self._set(id, self.rows[id] | changes)

    def delete(self, id: int) -> None:
        self._set(id, None)

    def _set(self, id: int, row: Row | None) -> None:
        self._journal.append((self, id, self.rows.get(id)))
        self.put_back(id, row)

    def put_back(self, id: int, row: Row | None) -> None:
        """Make `row` the row of `id` without journalling: the step that both a change and its undoing are made of."""
        old = self.rows.get(id)
        for field, index in self._indexes.items():
            before = old.get(field, False) if old is not None else None
            after = row.get(field, False) if row is not None else None
            if old is not None and row is not None and before == after:
                continue
            if old is not None:
                ids = index[before]
                del ids[id]
                if not ids:
                    del index[before]
            if row is not None:
                index.setdefault(after, {})[id] = None
        if row is None:
            self.rows.pop(id, None)
        else:
            self.rows[id] = row
        for follower in self._followers:
            follower.change(old, row)

    def image(self) -> tuple[dict[int, Row], int, dict[str, dict[Any, dict[int, None]]]]:
        indexes = {f: {value: dict(ids) for value, ids in index.items()} for f, index in self._indexes.items()}
        return dict(self.rows), self.next_id, indexes

    def take(self, image: tuple[dict[int, Row], int, dict[str, dict[Any, dict[int, None]]]]) -> None:
        rows, self.next_id, indexes = image
        self.rows = dict(rows)
        self._indexes = {f: {value: dict(ids) for value, ids in index.items()} for f, index in indexes.items()}
        for follower in self._followers:
            follower.clear()
            for row in rows.values():
                follower.change(None, row)


class Store:
    """All tables and the journal of the transaction that is under way."""

    def __init__(self) -> None:
        self._journal: list[tuple[Table, int, Row | None]] = []
        self.tables: dict[str, Table] = {}

    def add_table(self, model: str, indexed: Iterable[str]) -> Table:
        table = self.tables[model] = Table(self._journal, indexed)
        return table

    def mark(self) -> int:
        """A point to which `undo_to` can come back: the start of a call, or a savepoint within one."""
        return len(self._journal)

    def undo_to(self, mark: int) -> None:
        while len(self._journal) > mark:
            table, id, row = self._journal.pop()
            table.put_back(id, row)

    def commit(self) -> bool:
        """Keep what was changed; True when there was anything."""
        changed = bool(self._journal)
        self._journal.clear()
        return changed

    def image(self) -> dict[str, Any]:
        return {model: table.image() for model, table in self.tables.items()}

    def take(self, image: dict[str, Any]) -> None:
        self._journal.clear()
        for model, table in self.tables.items():
            table.take(image[model])
