"""vTiger's query language, as far as it was seen to work, and its refusals (facts: vtiger "Query language (VTQL)")."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from nexabooks.sandbox.vtiger_service.errors import Refusal, syntax, unknown
from nexabooks.sandbox.vtiger_service.modules import Field, Module, Record

ROW_CAP = 100  # more is never sent, and nothing says so
_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|<=|>=|!=|[=<>,;()*]|[A-Za-z_][\w.]*|\d+)")
_OPERATORS = {"=", "<", ">", "<=", ">=", "!="}


@dataclass(frozen=True, slots=True)
class Condition:
    column: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. `where` is an OR of ANDs: there are no parentheses to say anything else."""

    columns: tuple[str, ...]  # () = all
    is_count: bool
    module: str
    where: tuple[tuple[Condition, ...], ...]
    order_by: tuple[str, ...]
    is_descending: bool
    offset: int
    limit: int


def parse(text: str) -> Query:
    """The query, or a Refusal in the words of vTiger 8.2."""
    if '"' in text:
        raise unknown()
    if "\\" in text:
        raise syntax("\\")
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if not found:
            raise syntax(text[at:].strip()[:1])
        tokens.append(found[1])
        at = found.end()
    return _Parser(tokens).query()


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._at = tokens, 0

    def query(self) -> Query:
        self._need("SELECT")
        columns, is_count = self._columns()
        self._need("FROM")
        module = self._name()
        where = self._where() if self._have("WHERE") else ()
        order_by, is_descending = self._order() if self._have("ORDER") else ((), False)
        offset, limit = self._limit() if self._have("LIMIT") else (0, ROW_CAP)
        if self._peek() == "":
            raise Refusal(
                "QUERY_SYNTAX_ERROR",
                f"Syntax Error on line 1: token '{self._tokens[-1]}' Unexpected End of Input(0), expected one of: SEMICOLON",
            )
        self._need(";")
        return Query(columns, is_count, module, where, order_by, is_descending, offset, min(limit, ROW_CAP))

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _have(self, word: str) -> bool:
        if self._peek().upper() == word:
            self._at += 1
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._have(word):
            raise syntax(self._peek())

    def _name(self) -> str:
        token = self._next()
        if not re.fullmatch(r"[A-Za-z_]\w*", token):
            raise syntax(token)
        return token

    def _columns(self) -> tuple[tuple[str, ...], bool]:
        if self._have("*"):
            return (), False
        if self._have("COUNT"):
            for mark in ("(", "*", ")"):
                self._need(mark)
            return (), True
        names = [self._name()]
        while self._have(","):
            names.append(self._name())
        return tuple(names), False

    def _where(self) -> tuple[tuple[Condition, ...], ...]:
        groups = [[self._condition()]]
        while True:
            if self._have("AND"):
                groups[-1].append(self._condition())
            elif self._have("OR"):
                groups.append([self._condition()])
            else:
                return tuple(tuple(g) for g in groups)

    def _condition(self) -> Condition:
        column = self._name()
        if self._have("IN"):
            self._need("(")
            values = [self._value()]
            while self._have(","):
                values.append(self._value())
            self._need(")")
            return Condition(column, "IN", tuple(values))
        if self._have("LIKE"):
            return Condition(column, "LIKE", (self._value(),))
        operator = self._next()
        if operator not in _OPERATORS:
            raise syntax(operator)
        return Condition(column, operator, (self._value(),))

    def _value(self) -> str:
        token = self._next()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.isdigit():
            return token
        raise syntax(token)

    def _order(self) -> tuple[tuple[str, ...], bool]:
        self._need("BY")
        names = [self._name()]
        while self._have(","):
            names.append(self._name())
        if self._have("DESC"):
            return tuple(names), True
        self._have("ASC")
        return tuple(names), False

    def _limit(self) -> tuple[int, int]:
        first = self._next()
        if not first.isdigit():
            raise syntax(first)
        if not self._have(","):
            return 0, int(first)
        second = self._next()
        if not second.isdigit():
            raise syntax(second)
        return int(first), int(second)


def run(query: Query, module: Module, rows: list[Record], is_lost: Callable[[str], bool]) -> list[Record]:
    """The rows `query` answers. `is_lost`: ids that a fault leaves out of the rows and not out of the count."""
    for name in (*query.columns, *query.order_by, *(c.column for group in query.where for c in group)):
        if not module.field(name):
            raise Refusal("ACCESS_DENIED", f"Permission to access '.{name}.' attribute denied.")
    found = [r for r in rows if not query.where or any(_all(g, module, r) for g in query.where)]
    if query.is_count:
        return [{"count": str(len(found))}]
    # There is no default order, so none is given: a query that forgets ORDER BY gets a scatter.
    found.sort(key=lambda r: hashlib.sha256(r["id"].encode()).digest())
    for name in reversed(query.order_by):
        found.sort(key=lambda r: _comparable(module.field(name), r[name]), reverse=query.is_descending)
    found = [r for r in found if not is_lost(r["id"])][query.offset : query.offset + query.limit]
    if not query.columns:
        return found
    return [{name: r[name] for name in (*query.columns, "id")} for r in found]


def _all(conditions: tuple[Condition, ...], module: Module, row: Record) -> bool:
    return all(_holds(c, module.field(c.column), row[c.column]) for c in conditions)


def _holds(condition: Condition, field: Field | None, value: str) -> bool:
    if field and (field.refers_to or field.name == "id"):
        for wanted in condition.values:
            if wanted == "":
                raise unknown()  # "is empty" cannot be asked of a reference
            if not re.fullmatch(r"\d+x\d+", wanted):
                raise Refusal("INVALID_ID_ATTRIBUTE", "Id specified is incorrect")
    if condition.operator == "LIKE":
        pattern = ".*".join(re.escape(part) for part in condition.values[0].split("%"))
        return re.fullmatch(pattern, value, re.IGNORECASE | re.DOTALL) is not None
    if condition.operator == "IN":
        return value in condition.values
    mine, wanted = _comparable(field, value), _comparable(field, condition.values[0])
    return {
        "=": mine == wanted,
        "!=": mine != wanted,
        "<": mine < wanted,
        ">": mine > wanted,
        "<=": mine <= wanted,
        ">=": mine >= wanted,
    }[condition.operator]


def _comparable(field: Field | None, value: str) -> Any:
    """A value as MySQL compares it: ids and numbers by number, a date beside a moment as its midnight."""
    if field and (field.name == "id" or field.refers_to):
        return int(value.partition("x")[2] or 0)
    if field and field.type in ("double", "integer"):
        try:
            return Decimal(value)
        except InvalidOperation:
            return Decimal(0)
    if field and field.type == "datetime" and len(value) == 10:
        return f"{value} 00:00:00"
    return value
