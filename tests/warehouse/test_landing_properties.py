from __future__ import annotations

import itertools
from datetime import timedelta
from unittest import mock

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from nexabooks.streams import Batch, Finished
from nexabooks.warehouse import ThinLimit, loading, memory_warehouse, merging
from tests.warehouse.landings import NOW, count, current, land_items, live, page

ANY_SIZE = ThinLimit(least_share=0)
KEYS = st.sampled_from([f"in_{n}" for n in range(6)])
RECORD = st.builds(lambda key, total: {"id": key, "total": total}, KEYS, st.integers(0, 3))
# Replaced versions are moved aside at once, now and then, never.
MOVED_FROM_SHARE = st.sampled_from([0, merging.MOVED_FROM_SHARE, 2])
LOAD = st.tuples(st.lists(RECORD, max_size=8), st.booleans())


def in_batches(records, cuts):
    """The same records on pages of any size, some of them empty."""
    edges = sorted({0, len(records), *(cut % (len(records) + 1) for cut in cuts)})
    return [page(records[a:b]) for a, b in itertools.pairwise(edges)]


@settings(max_examples=40)
@given(
    st.lists(LOAD, min_size=1, max_size=4),
    st.lists(st.integers(0, 8), max_size=3),
    st.sampled_from([1, 100, 1 << 23]),
    MOVED_FROM_SHARE,
)
def test_the_current_rows_are_what_the_loads_said_last(loads, cuts, followed_from_bytes, moved_from_share):
    """Whatever the order, the repeats, the pages, when they are written and where the replaced ones lie; and landing the
    last load twice is landing it once."""
    expected: dict[str, dict] = {}
    with (
        memory_warehouse() as warehouse,
        mock.patch.object(loading, "FOLLOWED_FROM_BYTES", followed_from_bytes),
        mock.patch.object(merging, "MOVED_FROM_SHARE", moved_from_share),
    ):
        for records, is_complete in loads:
            said = {record["id"]: record for record in records}
            expected = said if is_complete else {**expected, **said}
            items = [*in_batches(records, cuts), Finished("invoices", is_complete=is_complete)]
            land_items(warehouse, items, thin=ANY_SIZE)
            assert live(warehouse) == expected
        everything = [current(warehouse), count(warehouse, "raw_stripe.invoices__versions")]
        assert land_items(warehouse, items, thin=ANY_SIZE).written_count == 0
        assert [current(warehouse), count(warehouse, "raw_stripe.invoices__versions")] == everything


@settings(max_examples=25)
@given(st.lists(RECORD, min_size=1, max_size=6, unique_by=lambda r: r["id"]), st.randoms(), st.lists(st.integers(0, 8)))
def test_the_order_and_the_pages_of_different_records_do_not_matter(records, random, cuts):
    """A source may list by any order."""
    shuffled = random.sample(records, len(records))
    with memory_warehouse() as one, memory_warehouse() as other:
        land_items(one, [page(records), Finished("invoices")])
        land_items(other, [*in_batches(shuffled, cuts), Finished("invoices")])
        assert current(one) == current(other)


@settings(max_examples=25)
@given(st.lists(st.tuples(KEYS, st.integers(0, 2) | st.none()), max_size=12), MOVED_FROM_SHARE)
def test_every_version_is_kept_once_and_only_where_something_changed(events, moved_from_share):
    """The versions of a key and its current row tell its whole life: one row for each change, none for a repeat."""
    life: dict[str, list] = {}
    with memory_warehouse() as warehouse, mock.patch.object(merging, "MOVED_FROM_SHARE", moved_from_share):
        land_items(warehouse, [Finished("invoices")])
        for number, (key, total) in enumerate(events):
            said = Batch("invoices", deleted_keys=(key,)) if total is None else page([{"id": key, "total": total}])
            land_items(warehouse, [said, Finished("invoices")], landed_at=NOW + timedelta(days=number))
            past = life.setdefault(key, [])
            if total is None and (not past or past[-1] is None):
                continue
            if not past or past[-1] != total:
                past.append(total)
        kept = warehouse.rows(
            "select _key, list(case when not _deleted then cast(payload ->> '$.total' as int) end order by _landed_at) as life "
            "from (from raw_stripe.invoices union all from raw_stripe.invoices__versions) group by _key"
        )
        assert {row["_key"]: row["life"] for row in kept} == {key: past for key, past in life.items() if past}


@settings(max_examples=50)
@given(
    st.lists(st.dictionaries(st.text(max_size=3), st.text() | st.floats(allow_nan=False) | st.integers(), max_size=3))
)
def test_any_record_is_kept_byte_for_byte(contents):
    """Quotes, backslashes, commas, emoji and numbers of any form pass through the spool and DuckDB unchanged."""
    sent = {f"in_{n}": {**content, "id": f"in_{n}"} for n, content in enumerate(contents)}
    sent = {
        key: record
        for key, record in sent.items()
        if all(-(2**63) <= v < 2**64 for v in record.values() if type(v) is int)
    }
    with memory_warehouse() as warehouse:
        land_items(warehouse, [page(list(sent.values())), Finished("invoices")])
        assert {key: text.encode() for key, (text, _) in current(warehouse).items()} == {
            key: orjson.dumps(record) for key, record in sent.items()
        }
