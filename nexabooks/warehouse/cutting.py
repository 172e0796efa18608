"""Cut the records out of a JSON body as the bytes that came: no number is parsed, so none is rounded (10.10 stays 10.10).

DuckDB's own way (`JSON[]` and unnest) writes 10.10 as 10.1 and 12345678901234567890.5 as something else, so it is not used.

Fast: split the array's text where a record seems to begin. A split into valid JSON values is the only way to read an
array, because the grammar is not ambiguous; so it is enough that every piece is valid, which the database checks when it
reads the key. Exact: walk the array with the standard library's scanner, for what the fast way got wrong.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence

import orjson

# Only the end of a value is wanted; numbers of any size must not be converted on the way.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)
_SPACE = re.compile(r"[ \t\r\n]*")
_FIRST_RECORD = re.compile(rb'\s*\{\s*"[^"\\]*"\s*:\s*(?:"[a-z]{1,8}_)?')
# Between two tokens of JSON these mean nothing, and inside a string they are not allowed; on one line they would.
_LINE_BREAKERS = bytes.maketrans(b"\t\r\n", b"   ")


LONGEST_KEY = 200  # of those that are looked for here, in bytes
KeyReader = Callable[[bytes], bytes]


class NotCuttable(ValueError):
    """The body is not what its batch says: not JSON, or without the records where they should be."""


def on_one_line(body: bytes) -> bytes:
    """The same JSON without line breaks and tabs."""
    if b"\n" in body or b"\t" in body or b"\r" in body:
        return body.translate(_LINE_BREAKERS)
    return body


def records(body: bytes, records_at: str, row_count: int) -> Iterator[bytes]:
    """The records of one body that stands on one line, each as its own bytes; probably right, see `exact_elements`.

    `row_count` is how many the source counted, 0 when it did not. Raises NotCuttable, before the first record.
    """
    body = body.strip()
    if not records_at:
        return iter((body,))
    # Places in the body, not pieces of it: the allocator charges more for copies of a page than the search costs.
    start, end = 0, len(body)
    if records_at != "[]":
        found = _array_of(body, records_at)
        if found is None:
            body = _exact_member(body, records_at)
        start, end = found or (0, len(body))
    if body[start : start + 1] != b"[":
        return iter((body[start:end],))
    edges = _edges(body, start, end, row_count)
    if edges is None:
        return iter(list(exact_elements(body[start:end])))
    return (body[left + 1 : right].strip() for left, right in itertools.pairwise(edges))


def member(body: bytes, name: str) -> bytes:
    """The value of `name` in the JSON object `body`. Raises NotCuttable when it is not there."""
    found = _array_of(body, name)
    return body[found[0] : found[1]] if found else _exact_member(body, name)


def _array_of(body: bytes, name: str) -> tuple[int, int] | None:
    """Where the array called `name` begins and ends in the JSON object `body`; None when it is not easily seen."""
    key = re.search(rb'"' + re.escape(name.encode()) + rb'"\s*:\s*\[', body)
    end = body.rfind(b"]") + 1
    if key is None or end <= key.end():
        return None
    # With the array taken out, what is left must be the envelope around it: then the two brackets belong together.
    try:
        envelope = orjson.loads(body[: key.end() - 1] + b"null" + body[end:])
    except orjson.JSONDecodeError:
        return None
    is_around = isinstance(envelope, dict) and name in envelope and envelope[name] is None
    return (key.end() - 1, end) if is_around else None


def _edges(body: bytes, start: int, end: int, row_count: int) -> list[int] | None:
    """The bracket, commas and bracket between which the records of the array `body[start:end]` stand.

    A comma is believed where what follows begins as the first record does; None when that gives not `row_count` records.
    """
    first = _FIRST_RECORD.match(body, start + 1, end)
    if first is None or row_count < 1:
        return None
    head = first[0].lstrip()
    space = first[0][: len(first[0]) - len(head)]
    for gap in dict.fromkeys((space, b"", b" ")):
        mark = b"," + gap + head
        edges, at = [start], body.find(mark, start, end)
        while at >= 0:
            edges.append(at)
            at = body.find(mark, at + 1, end)
        if len(edges) == row_count:
            return [*edges, end - 1]
    return None


def key_reader(names: Sequence[str]) -> KeyReader:
    """What gives the key of a record that stands on one line, as it is written there, where that is easily seen: `names`
    is one field, the first one of the record, and a text without escapes, not long. b"" where it is not."""
    if len(names) != 1:
        return lambda record: b""
    begins = re.compile(rb'\{ *"' + re.escape(names[0].encode()) + rb'" *: *"([^"\\]{1,%d})"' % LONGEST_KEY).match

    def key_of(record: bytes) -> bytes:
        found = begins(record)
        return found[1] if found else b""

    return key_of


def exact_elements(array: bytes) -> Iterator[bytes]:
    """The elements of a JSON array, each as its own bytes. Raises NotCuttable when `array` is not one."""
    try:
        text = array.decode()
        at = _past(text, 0, "[")
        if text[at : at + 1] == "]":
            return
        while True:
            _, end = _DECODER.raw_decode(text, at)
            yield text[at:end].encode()
            at = _skip(text, end)
            if text[at : at + 1] == "]":
                return
            at = _past(text, at, ",")
    except ValueError as error:
        raise NotCuttable(f"it is not a JSON array ({error})") from None


def _exact_member(body: bytes, name: str) -> bytes:
    try:
        text = body.decode()
        at = _past(text, 0, "{")
        while text[at : at + 1] != "}":
            key, at = _DECODER.raw_decode(text, at)
            start = _past(text, at, ":")
            _, end = _DECODER.raw_decode(text, start)
            if key == name:
                return text[start:end].encode()
            at = _skip(text, end)
            if text[at : at + 1] != "}":
                at = _past(text, at, ",")
    except ValueError as error:
        raise NotCuttable(f"it is not a JSON object ({error})") from None
    raise NotCuttable(f"it has no {name!r}")


def _past(text: str, at: int, token: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != token:
        raise ValueError(f"{token!r} expected at character {at}")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
