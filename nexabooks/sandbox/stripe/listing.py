"""Which lists there are, by what each may be filtered, and how a page of one is cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from nexabooks.sandbox.stripe.book import Book, Record

DEFAULT_LIMIT, MOST = 10, 100
MOST_TYPES = 20

_NESTED = re.compile(r"^(\w+)\[(\w*)\]$")


class Refused(Exception):
    """A request that Stripe answers with an error: status, and the fields of its error body."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.message, self.more = status, message, more


@dataclass(frozen=True, slots=True)
class Kind:
    """One list. `word`: what errors call an object of it. `ranges`, `exact`: its filters; value read by `paths`, else
    by name."""

    name: str
    word: str
    exact: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ("created",)
    paths: dict[str, Callable[[Record], Any]] = field(default_factory=dict)


def _parent_subscription(invoice: Record) -> str | None:
    return invoice["parent"]["subscription_details"]["subscription"] if invoice["parent"] else None


KINDS = {
    kind.name: kind
    for kind in (
        Kind("customers", "customer", ("email",)),
        Kind("products", "product", ("active", "type")),
        Kind("prices", "price", ("active", "currency", "product", "type")),
        Kind("subscriptions", "subscription", ("customer", "status", "collection_method")),
        Kind(
            "invoices",
            "invoice",
            ("customer", "status", "subscription", "collection_method"),
            ("created", "due_date"),
            {"subscription": _parent_subscription},
        ),
        Kind(
            "invoiceitems",
            "invoiceitem",
            ("customer", "invoice", "pending"),
            paths={"created": lambda r: r["date"], "pending": lambda r: r["invoice"] is None},
        ),
        Kind("invoice_payments", "invoice_payment", ("invoice", "status")),
        Kind("payment_intents", "payment_intent", ("customer",)),
        Kind("charges", "charge", ("customer", "payment_intent")),
        Kind("refunds", "refund", ("charge", "payment_intent")),
        Kind("disputes", "dispute", ("charge", "payment_intent")),
        Kind("credit_notes", "credit_note", ("customer", "invoice")),
        Kind("balance_transactions", "balance_transaction", ("currency", "payout", "source", "type")),
        Kind("payouts", "payout", ("status",), ("created", "arrival_date")),
        Kind("tax_rates", "tax_rate", ("active", "inclusive")),
        Kind("events", "event", ("type", "types")),
    )
}
_PAGING = {"limit", "starting_after", "ending_before", "expand"}


@dataclass(slots=True)
class Asked:
    """The query of a list call, told apart. `ranges`: (field, operator, seconds). `values`: name -> the values
    given."""

    limit: int = DEFAULT_LIMIT
    starting_after: str = ""
    ending_before: str = ""
    expand: list[str] = field(default_factory=list)
    ranges: list[tuple[str, str, int]] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)


def read_query(query: Iterable[tuple[str, str]], exact: Iterable[str] = (), ranges: Iterable[str] = ()) -> Asked:
    """The query as `Asked`. Raises Refused (400) for a parameter the list does not have, and for a limit out of
    1..100."""
    asked = Asked()
    for key, value in query:
        nested = _NESTED.match(key)
        name, inner = (nested[1], nested[2]) if nested else (key, "")
        if name == "limit":
            if not value.isdigit() or not 1 <= int(value) <= MOST:
                raise Refused(
                    400,
                    f"This value must be less than or equal to {MOST} (it currently is '{value}').",
                    param="limit",
                    code="parameter_invalid_integer",
                )
            asked.limit = int(value)
        elif name in ("starting_after", "ending_before"):
            setattr(asked, name, value)
        elif name == "expand":
            asked.expand.append(value)
        elif name in ranges and (inner in ("gt", "gte", "lt", "lte") or not nested):
            if not re.fullmatch(r"-?\d+", value):
                raise Refused(400, f"Invalid integer: {value}", param=key, code="parameter_invalid_integer")
            asked.ranges.append((name, inner or "eq", int(value)))
        elif name in exact and (not nested or name == "types"):
            asked.values.setdefault(name, []).append(value)
        else:
            raise Refused(400, f"Received unknown parameter: {key}", param=key, code="parameter_unknown")
    if asked.starting_after and asked.ending_before:
        raise Refused(400, "You cannot pass both `starting_after` and `ending_before`.", param="ending_before")
    return asked


_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
}


def matching(book: Book, kind: Kind, asked: Asked) -> list[Record]:
    """The records of a list that the filters let through, newest first."""
    records = book.listing(kind.name).records
    for name, operator, limit in asked.ranges:
        read, compare = kind.paths.get(name, lambda r, n=name: r.get(n)), _COMPARE[operator]
        records = [r for r in records if (value := read(r)) is not None and compare(value, limit)]
    values = dict(asked.values)
    if kind.name == "subscriptions":
        status = values.pop("status", [""])[-1]
        # Without a status, canceled ones are left out (facts/stripe.md, "Hidden defaults").
        if status != "all":
            records = [r for r in records if (r["status"] == status if status else r["status"] != "canceled")]
    if kind.name == "events" and "types" in values:
        types = values.pop("types")
        if len(types) > MOST_TYPES:
            raise Refused(400, f"You may only specify up to {MOST_TYPES} types.", param="types")
        records = [r for r in records if r["type"] in types]
    if kind.name == "balance_transactions" and "payout" in values:
        inside = book.payout_transactions.get(values.pop("payout")[-1], set())
        records = [r for r in records if r["id"] in inside]
    for name, given in values.items():
        read = kind.paths.get(name, lambda r, n=name: r.get(n))
        records = [r for r in records if _text(read(r)) == given[-1]]
    return records


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def page(records: list[Record], asked: Asked, position: dict[str, int], word: str) -> tuple[list[Record], bool]:
    """One page and whether there is more. `position` is the place of every id in the whole, unfiltered list.

    Raises Refused (400) for a cursor that names no object.
    """
    cursor = asked.starting_after or asked.ending_before
    if cursor and cursor not in position:
        param = "starting_after" if asked.starting_after else "ending_before"
        raise Refused(400, f"No such {word}: '{cursor}'", param=param, code="resource_missing")
    if asked.ending_before:
        before = [r for r in records if position[r["id"]] < position[cursor]]
        return before[-asked.limit :], len(before) > asked.limit
    if asked.starting_after:
        records = _after(records, position, position[cursor])
    return records[: asked.limit], len(records) > asked.limit


def _after(records: list[Record], position: dict[str, int], place: int) -> list[Record]:
    low, high = 0, len(records)
    while low < high:
        middle = (low + high) // 2
        if position[records[middle]["id"]] <= place:
            low = middle + 1
        else:
            high = middle
    return records[low:]
