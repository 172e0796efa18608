"""Records cut out of a JSON body as the bytes that came, so that no number is rounded and no key reordered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from nexabooks.streams import Batch

_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)  # only the end of a value is wanted, never the value
_SPACE = re.compile(r"[ \t\r\n]*")


def elements(array: bytes) -> Iterator[bytes]:
    """The elements of a JSON array, each as its own bytes. Raises ValueError when `array` is not one."""
    text = array.decode()
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise ValueError("The body is not a JSON array.")
    at = _skip(text, at + 1)
    while text[at : at + 1] not in ("]", ""):
        _, end = _DECODER.raw_decode(text, at)
        yield text[at:end].encode()
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)


def member(body: bytes, name: str) -> bytes:
    """The value of `name` in the JSON object `body`, as its own bytes. Raises KeyError, or ValueError for no object."""
    text = body.decode()
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError("The body is not a JSON object.")
    at = _skip(text, at + 1)
    while text[at : at + 1] not in ("}", ""):
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)  # past the colon
        _, end = _DECODER.raw_decode(text, at)
        if key == name:
            return text[at:end].encode()
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    raise KeyError(name)


def records(batch: Batch) -> Iterator[bytes]:
    """The records of a batch of JSON bodies, wherever `records_at` says they are, each as its own bytes."""
    for body in batch.bodies:
        if not batch.records_at:
            yield body
        else:
            yield from elements(body if batch.records_at == "[]" else member(body, batch.records_at))


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
