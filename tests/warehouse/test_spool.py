from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexabooks.record_hash import hash_of
from nexabooks.warehouse.spool import key_reader, on_one_line

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(
    st.builds(
        lambda key, rest: {"id": key, **rest}, st.text(), st.dictionaries(st.text(max_size=4), VALUES, max_size=4)
    ),
    max_size=5,
)
LAYOUTS = st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 2}, {"ensure_ascii": False}, {"indent": "\t"}])


@given(RECORDS, LAYOUTS)
def test_a_body_on_one_line_says_the_same(sent, layout):
    """Only the space between tokens may go; a line break inside a string is written as an escape and stays."""
    body = json.dumps(sent, **layout).encode()
    line = on_one_line(body)
    assert json.loads(line) == sent
    assert not set(b"\t\r\n") & set(line)


@given(RECORDS, LAYOUTS)
def test_a_key_that_is_seen_is_the_key(sent, layout):
    """As JSON reads it, or not seen at all."""
    key_of = key_reader(("id",))
    for record in sent:
        line = on_one_line(json.dumps(record, **layout).encode())
        assert key_of(line).decode() in (record["id"], "")


@pytest.mark.parametrize(
    ("record", "names", "expected"),
    [
        pytest.param(b'{"id":"in_1","total":5}', ("id",), b"in_1", id="first"),
        pytest.param(b'{ "id" : "in_1" }', ("id",), b"in_1", id="spaced"),
        pytest.param(b'{"total":5,"id":"in_1"}', ("id",), b"", id="not first"),
        pytest.param(b'{"id":5}', ("id",), b"", id="a number"),
        pytest.param(b'{"id":"a\\u0041"}', ("id",), b"", id="escaped"),
        pytest.param(b'{"id":"in_1"}', ("id", "invoice"), b"", id="compound"),
        pytest.param(b'{"id":"' + b"x" * 201 + b'"}', ("id",), b"", id="long"),
    ],
)
def test_only_a_plain_first_text_is_seen_as_a_key(record, names, expected):
    """Everything else is left to the database, which reads the whole record."""
    assert key_reader(names)(record) == expected


def test_the_hash_tells_two_amounts_apart_that_stand_twice():
    """DuckDB's own hash() leaves 256 of these different (docs/decisions/0015-the-hash-of-a-record.md)."""
    texts = {b'{"a":"%c","b":"%c"}' % (one, other) for one in b"0123456789abcdef" for other in b"0123456789abcdef"}
    texts |= {b"x" * 100 + bytes((one,)) + b"1234567" + bytes((other,)) for one in range(64) for other in range(62)}
    assert len({hash_of(text) for text in texts}) == len(texts)
