from __future__ import annotations

import json

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexabooks.rawjson import NotFound, elements, member, records, records_in
from nexabooks.streams import Batch

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False).map(str),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(st.lists(JSON_VALUES))
def test_the_elements_of_an_array_are_cut_whole(values):
    """Nested brackets, quotes and non-ASCII text never move a cut."""
    cut = list(elements(json.dumps(values, ensure_ascii=False, indent=1).encode()))
    assert [json.loads(c) for c in cut] == values


@given(st.dictionaries(st.text("abc_é", min_size=1), JSON_VALUES, min_size=1))
def test_the_member_of_an_object_is_cut_whole(values):
    """Every member is found, whatever stands before it."""
    body = json.dumps(values, ensure_ascii=False).encode()
    assert all(json.loads(member(body, name)) == value for name, value in values.items())


def test_a_number_keeps_the_text_it_was_sent_with():
    """20.00 stays 20.00: no number passes through a float."""
    assert list(elements(b'[ {"rate": 20.00}, 1e400 ]')) == [b'{"rate": 20.00}', b"1e400"]


@pytest.mark.parametrize(
    ("body", "records_at"),
    [(b'{"id":1}', ""), (b'[{"id":1}]', "[]"), (b'{"meta":{"n":1},"data":[{"id":1}]}', "data")],
)
def test_records_are_found_wherever_the_batch_says_they_are(body, records_at):
    """The three envelopes of the contract give the same record."""
    assert list(records(Batch("t", bodies=(body,), records_at=records_at))) == [b'{"id":1}']


@pytest.mark.parametrize(
    ("body", "records_at", "expected"),
    [
        pytest.param(
            b'{"meta": {"data": [1]}, "data": [{"id": "a"}], "more": [2]}', "data", b'{"id": "a"}', id="deeper"
        ),
        pytest.param(b'{"invoice": {"fees": [{"x": 1.50}]}}', "invoice", b'{"fees": [{"x": 1.50}]}', id="an object"),
        pytest.param(b' {"id": 1}\n', "", b'{"id": 1}', id="space around"),
        pytest.param(b'{"id": "\xff"}', "", b'{"id": "\xff"}', id="not UTF-8, which the warehouse sees"),
    ],
)
def test_a_record_is_found_where_it_stands(body, records_at, expected):
    """An array of the same name deeper down is another; a member that is an object is one record."""
    assert [bytes(record) for record in records_in(body, records_at)] == [expected]


@pytest.mark.parametrize(
    ("body", "records_at"),
    [
        pytest.param(b'{"data": [{"id": 1}', "data", id="cut off"),
        pytest.param(b'{"data": [{"id": 1}]} 2', "data", id="something after it"),
        pytest.param(b'{"data": [{"id": 1} {"id": 2}]}', "data", id="without a comma"),
        pytest.param(b'{"data": [], "more": tru}', "data", id="broken beside the records"),
        pytest.param(b'[{"id": 1}]', "data", id="an array"),
        pytest.param(b"<html>", "[]", id="a page for people"),
        pytest.param(b"", "", id="nothing"),
        pytest.param(b"[" * 9999 + b"]" * 9999, "[]", id="too deep"),
    ],
)
def test_a_body_without_its_records_is_refused(body, records_at):
    """A page that cannot be read is never taken for an empty one."""
    with pytest.raises(NotFound):
        records_in(body, records_at)


def test_a_missing_member_is_named():
    """The sentence names what was looked for."""
    for read in (member, records_in):
        with pytest.raises(NotFound, match="data"):
            read(b'{"other": 1}', "data")


TOKENS = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"a"',
        '"',
        "\\u",
        "d83d",
        "\\ude00",
        "\\n",
        "\n",
        "-",
        "0",
        "1",
        ".5",
        "e9",
        "é",
        "NaN",
        "//",
        " ",
    ]
)


@given(
    st.lists(TOKENS, max_size=12).map(lambda tokens: "".join(tokens).encode())
    | JSON_VALUES.map(lambda value: json.dumps(value).encode())
)
def test_what_is_taken_for_json_is_json_to_duckdb_too(text):
    """The warehouse stores a record that was cut as it is; a model that reads it must not stumble over it."""
    try:
        taken = records_in(text, "")
    except NotFound:
        return
    assert duckdb.execute("select json_valid(?)", [bytes(taken[0]).decode()]).fetchall() == [(True,)]
