"""Records cut out of a JSON body as the bytes that came, so that no number is rounded and no key reordered.

DuckDB's own way (`JSON[]` and unnest) writes 10.10 as 10.1 and 12345678901234567890.5 as something else, so it is not
used. msgspec reads a body once: it sees that all of it is JSON, by the letter of the standard, and says where each value
begins and ends. What it does not look at is whether texts are UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec

from nexabooks.streams import Batch

Buffer = Any  # bytes, or what can be read as such


class NotFound(ValueError):
    """The body is not what it should be: not JSON, or without its records where they should be."""


def elements(array: bytes) -> list[bytes]:
    """The elements of a JSON array, each as its own bytes. Raises NotFound when `array` is not one."""
    return [bytes(value) for value in _read(_decoder(list[msgspec.Raw]), array)]


def member(body: bytes, name: str) -> bytes:
    """The value of `name`, a plain word, in the JSON object `body`, as its own bytes. Raises NotFound."""
    return bytes(_read(_decoder(msgspec.Raw, name), body))


def records_in(body: bytes, records_at: str) -> list[Buffer]:
    """The records of one body, where `records_at` says (nexabooks.streams.Batch): views of it, nothing is copied.

    A member that is no array is one record. Raises NotFound, also for a body that is one record and is not JSON.
    """
    if not records_at:
        return [_read(_decoder(msgspec.Raw), body)]
    if records_at == "[]":
        return _read(_decoder(list[msgspec.Raw]), body)
    try:
        return _decoder(list[msgspec.Raw], records_at)(body).value
    except (msgspec.DecodeError, RecursionError):
        value = member(body, records_at)
        return records_in(value, "[]") if value.startswith(b"[") else [value]


def records(batch: Batch) -> Iterator[bytes]:
    """The records of a batch of JSON bodies, each as its own bytes. Raises NotFound."""
    for body in batch.bodies:
        for record in records_in(body, batch.records_at):
            yield bytes(record)


@cache
def _decoder(kind: Any, name: str = "") -> Callable[[bytes], Any]:
    """What reads a body of `kind`, or an object with a member `name` of that kind, as its attribute `value`."""
    if name:
        kind = msgspec.defstruct("Body", [("value", kind, msgspec.field(name=name))])
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
    return decode


def _read(decode: Callable[[bytes], Any], body: bytes) -> Any:
    try:
        found = decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotFound(str(error)) from None
    return getattr(found, "value", found)
