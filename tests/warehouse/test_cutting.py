from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexabooks.warehouse.cutting import NotCuttable, exact_elements, key_reader, member, on_one_line, records

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
def test_an_array_cut_exactly_is_its_elements_in_order(sent, layout):
    """Whatever the layout, each piece reads as its record and nothing lies between two pieces but a comma."""
    array = json.dumps(sent, **layout).encode()
    pieces = list(exact_elements(array))
    assert [json.loads(piece) for piece in pieces] == sent
    assert all(piece in array for piece in pieces)


@given(RECORDS, LAYOUTS)
def test_a_fast_cut_is_exact_or_has_a_piece_that_is_not_json(sent, layout):
    """The database checks every piece: a cut that passes that check is the right one."""
    body = on_one_line(json.dumps({"object": "list", "data": sent, "has_more": True}, **layout).encode())
    pieces = list(records(body, "data", len(sent)))
    try:
        read = [json.loads(piece) for piece in pieces]
    except json.JSONDecodeError:
        return
    assert read == sent


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


def test_a_number_is_kept_as_it_was_sent():
    """10.10 is not 10.1, and twenty digits are twenty digits."""
    body = b'{"data": [{"id": "a", "rate": 10.10}, {"id": "b", "rate": 12345678901234567890.123e-2}]}'
    assert list(records(body, "data", 2)) == [
        b'{"id": "a", "rate": 10.10}',
        b'{"id": "b", "rate": 12345678901234567890.123e-2}',
    ]


def test_an_array_of_the_same_name_deeper_down_is_not_taken():
    """The records are the member of the body itself."""
    body = b'{"meta": {"data": [1]}, "data": [{"id": "a"}], "more": [2]}'
    assert list(records(body, "data", 1)) == [b'{"id": "a"}']


def test_a_member_that_is_an_object_is_one_record():
    """Lago sends the detail of an invoice as {"invoice": {...}}."""
    assert list(records(b'{"invoice": {"lago_id": "a", "fees": [{"x": 1.50}]}}', "invoice", 1)) == [
        b'{"lago_id": "a", "fees": [{"x": 1.50}]}'
    ]


@pytest.mark.parametrize(
    ("body", "records_at"),
    [
        pytest.param(b'{"data": [{"id": 1}', "data", id="cut off"),
        pytest.param(b'{"error": "no"}', "data", id="without its records"),
        pytest.param(b'{"data": [{"id": 1} {"id": 2}]}', "data", id="without a comma"),
        pytest.param(b"<html>", "[]", id="a page for people"),
    ],
)
def test_a_body_without_its_records_is_refused(body, records_at):
    """A page that cannot be read is never taken for an empty one."""
    with pytest.raises(NotCuttable):
        for value in records(body, records_at, 2):
            list(exact_elements(b"[" + value + b"]"))


@pytest.mark.parametrize("body", [b'{"id": "\xff", "data": 1}', b'{"other": "\xff", "data": [{"a": 1}, {"b": 2}]}'])
def test_a_body_that_is_not_utf8_is_no_json_where_it_is_walked(body):
    """The fast way does not look; DuckDB does when it reads the piece."""
    with pytest.raises(NotCuttable, match="byte"):
        list(records(body, "data", 0))


def test_a_missing_member_is_named():
    """The sentence names what was looked for."""
    with pytest.raises(NotCuttable, match="'data'"):
        member(b"{}", "data")
