"""Cutting records out of a body changes not one byte of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexabooks.sources.rawjson import elements, member, records
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


@given(st.dictionaries(st.text(), JSON_VALUES, min_size=1))
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


def test_a_body_without_the_member_is_refused_by_name():
    """A missing member is a KeyError with its name, never an empty answer."""
    with pytest.raises(KeyError, match="invoice"):
        member(b'{"other": 1}', "invoice")
