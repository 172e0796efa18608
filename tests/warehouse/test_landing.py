from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import orjson
import pytest

from nexabooks.errors import LoadRefused, SourceContractBroken, Unreachable
from nexabooks.streams import Batch, Claim, Finished, Stream
from nexabooks.warehouse import (
    ThinLimit,
    cursor_of,
    first_load,
    land,
    loading,
    memory_warehouse,
    open_warehouse,
    record_failed_load,
)
from tests.warehouse.landings import NOW, count, current, land_items, land_records, live, page


@pytest.fixture(autouse=True, params=["when it has come", "while it comes"])
def first_loads(request, monkeypatch):
    """All of it is true whether a first load is written while it comes, or when it has come."""
    if request.param == "while it comes":
        monkeypatch.setattr(loading, "FOLLOWED_FROM_BYTES", 1)
        monkeypatch.setattr(first_load, "PIPE_BYTES", 1)


A, B = {"id": "in_a", "total": 100}, {"id": "in_b", "total": 200}


def test_a_record_is_kept_as_it_was_sent(warehouse):
    """Spacing, the order of keys and the last zero of a number are the source's."""
    sent = b'{"total":  10.10, "id":"in_a","note":"a\\tb \\u00e9 \xc3\xa9 \\"q\\" , {", "big": 12345678901234567890.5}'
    land_items(
        warehouse, [Batch("invoices", (b'{"data":[' + sent + b"]}",), "data", row_count=1), Finished("invoices")]
    )
    assert current(warehouse)["in_a"][0].encode() == sent


def test_a_page_that_is_laid_out_for_people_is_landed_like_any_other(warehouse):
    """Stripe's pages have line breaks, which end a line of the spool; those between two tokens are left out."""
    body = orjson.dumps({"data": [A, B]}, option=orjson.OPT_INDENT_2).replace(b": ", b":\t").replace(b"\n", b"\r\n")
    landed = land_items(warehouse, [Batch("invoices", (body,), "data", row_count=2), Finished("invoices")])
    assert (landed.inserted_count, landed.refused_count) == (2, 0)
    assert live(warehouse) == {"in_a": A, "in_b": B}


@pytest.mark.parametrize(
    "odd", [{"total": 1}, {"id": "in_9", "again": True}, {"id": ""}], ids=["nameless", "twice", "empty"]
)
def test_a_first_load_in_one_pass_keeps_what_the_careful_way_keeps(odd):
    """Something odd on the page makes the whole load take the careful way."""
    plain = [{"id": f"in_{n}", "total": 10.10 + n} for n in range(20)]
    kept = []
    for records in (plain, [*plain[:9], odd, *plain[9:]]):
        with memory_warehouse() as warehouse:
            assert land_records(warehouse, records).inserted_count == 20
            kept.append(warehouse.rows("select _key, _hash, payload, _deleted from raw_stripe.invoices order by _key"))
    assert kept[0] == kept[1]


def test_landing_the_same_again_changes_no_row(warehouse):
    """A run in which nothing changed changes nothing."""
    land_records(warehouse, [A, B])
    before = warehouse.rows("from raw_stripe.invoices order by _key")
    landed = land_records(warehouse, [A, B], landed_at=NOW + timedelta(days=1))
    assert (landed.unchanged_count, landed.written_count) == (2, 0)
    assert warehouse.rows("from raw_stripe.invoices order by _key") == before
    assert count(warehouse, "raw_stripe.invoices__versions") == 0


def test_a_changed_record_moves_its_old_version_aside_once(warehouse):
    """The old version keeps the time at which it was first landed."""
    land_records(warehouse, [A, B])
    later = NOW + timedelta(days=1)
    for _ in range(2):
        land_records(warehouse, [{**A, "total": 101}], landed_at=later)
    assert live(warehouse)["in_a"]["total"] == 101
    versions = warehouse.rows("select _key, _landed_at, _deleted, payload from raw_stripe.invoices__versions")
    assert [(v["_key"], v["_landed_at"], orjson.loads(v["payload"])["total"]) for v in versions] == [("in_a", NOW, 100)]


def test_reading_the_newest_does_not_cost_more_with_the_history(warehouse):
    """Replaced versions lie among the newest until they are a fifth; then they are moved."""
    records = [{"id": f"in_{n}", "total": 0} for n in range(20)]
    land_records(warehouse, records)
    beside = []
    for day in range(1, 30):
        land_records(warehouse, [{**records[day % 20], "total": day}], landed_at=NOW + timedelta(days=day))
        beside.append(count(warehouse, "raw_stripe.invoices__records") - 20)
        assert count(warehouse, "raw_stripe.invoices__versions") == day
        assert count(warehouse, "raw_stripe.invoices") == 20
    assert beside[:6] == [1, 2, 3, 4, 0, 1]
    assert max(beside) == 4


def test_what_a_complete_list_leaves_out_is_gone(warehouse):
    """A tombstone keeps the last known record, and the live version stays in the history."""
    land_records(warehouse, [A, B])
    landed = land_records(warehouse, [A], is_complete=True)
    assert landed.deleted_count == 1
    assert current(warehouse)["in_b"] == (orjson.dumps(B).decode(), True)
    assert warehouse.rows("select _key, _deleted from raw_stripe.invoices__versions") == [
        {"_key": "in_b", "_deleted": False}
    ]
    assert land_records(warehouse, [A], is_complete=True).written_count == 0


def test_a_deletion_leaves_the_versions_before_it_as_they_were(warehouse):
    """Those that still lie among the newest too."""
    records = [{"id": f"in_{n}", "total": 0} for n in range(20)]
    land_records(warehouse, records)
    land_records(warehouse, [{"id": "in_0", "total": 1}], landed_at=NOW + timedelta(days=1))
    gone = [Batch("invoices", deleted_keys=("in_0",)), Finished("invoices")]
    land_items(warehouse, gone, landed_at=NOW + timedelta(days=2))
    versions = warehouse.rows("select _landed_at, _deleted from raw_stripe.invoices__versions order by _landed_at")
    assert [tuple(row.values()) for row in versions] == [(NOW, False), (NOW + timedelta(days=1), False)]


def test_a_list_of_changes_leaves_the_others_alone(warehouse):
    """Only a complete list says what is gone."""
    land_records(warehouse, [A, B])
    assert land_records(warehouse, [A]).deleted_count == 0
    assert set(live(warehouse)) == {"in_a", "in_b"}


def test_a_record_that_comes_back_is_alive_again(warehouse):
    """Even when it is word for word what it was."""
    land_records(warehouse, [A, B])
    land_items(warehouse, [Batch("invoices", deleted_keys=("in_b", "in_never")), Finished("invoices")])
    assert set(live(warehouse)) == {"in_a"}
    assert land_records(warehouse, [B]).changed_count == 1
    assert set(live(warehouse)) == {"in_a", "in_b"}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param([page([A, {**A, "total": 7}])], 7, id="twice on a page"),
        pytest.param([page([{**A, "total": 7}]), page([A])], 100, id="on two pages"),
        pytest.param([Batch("invoices", deleted_keys=("in_a",)), page([A])], 100, id="deleted, then sent"),
        pytest.param([page([A]), Batch("invoices", deleted_keys=("in_a",))], None, id="sent, then deleted"),
    ],
)
def test_of_all_that_one_load_says_of_a_key_the_last_word_counts(warehouse, items, expected):
    """A list that shifts while it is read repeats records; the later is the newer."""
    land_items(warehouse, [*items, Finished("invoices")])
    assert live(warehouse).get("in_a", {}).get("total") == expected


def test_a_record_without_its_key_is_refused_by_name_and_the_rest_goes_on(warehouse):
    """It is kept in meta.refused_records, and the load says that it is not whole."""
    nameless = [{"total": 5}, {"id": None}, {"id": ""}, 7]
    items = [page([A, *nameless]), Finished("invoices", claims=(Claim("invoices", 5),))]
    landed = land_items(warehouse, items)
    assert (landed.received_count, landed.inserted_count, landed.refused_count, landed.is_equal) == (5, 1, 4, False)
    refused = warehouse.rows("select * from meta.refused_records")
    assert sorted(r["payload"] for r in refused) == sorted(orjson.dumps(n).decode() for n in nameless)
    assert {(r["load_id"], r["table_name"], r["reason"]) for r in refused} == {
        (landed.load_id, "invoices", "it has no id")
    }
    assert [c["is_equal"] for c in warehouse.rows("select is_equal from meta.certificates")] == [False]


def test_a_list_with_nameless_records_proves_nothing_gone(warehouse):
    """One of the nameless may be the record that is missing."""
    land_records(warehouse, [A, B])
    assert land_records(warehouse, [A, {"total": 200}], is_complete=True).deleted_count == 0


def test_a_body_that_is_no_json_is_refused_as_a_record(warehouse):
    """A record that came alone is refused alone."""
    bodies = (orjson.dumps(A), b'{"id": "in_b", ', b'{"id": "in_\xff"}')
    landed = land_items(warehouse, [Batch("invoices", bodies, row_count=3), Finished("invoices")])
    assert (landed.inserted_count, landed.refused_count) == (1, 2)
    reasons = warehouse.rows("select reason from meta.refused_records order by reason")
    assert [r["reason"] for r in reasons] == ["it is not JSON", "it is not UTF-8"]


def test_a_page_that_cannot_be_read_stops_the_load(warehouse):
    """What was on it cannot be known, so nothing is kept and the cursor stays."""
    land_records(warehouse, [A])
    broken = Batch("invoices", (b'{"data": [{"id": "in_b"}, {"id": ',), "data", row_count=2)
    with pytest.raises(SourceContractBroken, match="invoices"):
        land_items(warehouse, [page([B]), broken, Finished("invoices", {"n": 99})])
    assert set(live(warehouse)) == {"in_a"}
    assert cursor_of(warehouse, "stripe", "invoices") == {"n": 1}


def test_a_page_that_is_not_utf8_stops_the_load(warehouse):
    """As any page that cannot be read."""
    broken = Batch("invoices", (b'{"data": [{"id": "in_a"}, {"id": "in_\xff"}]}',), "data", row_count=2)
    with pytest.raises(SourceContractBroken, match="not UTF-8"):
        land_items(warehouse, [page([B]), broken, Finished("invoices")])
    assert count(warehouse, "meta.loads where outcome = 'failed'") == 1


def test_the_key_is_found_wherever_it_stands(warehouse):
    """First in its record, later, or in a part of it, which is not its key."""
    sent = [{"id": "in_a", "parts": [{"id": "in_x"}, {"id": "in_y"}]}, {"parts": [{"id": "in_z"}], "id": "in_c"}]
    assert land_records(warehouse, [*sent, B]).refused_count == 0
    assert live(warehouse) == {"in_a": sent[0], "in_c": sent[1], "in_b": B}


def test_a_read_that_fails_after_a_part_was_written_leaves_nothing_of_it(warehouse):
    """The part went into the table while the rest was awaited, in a transaction that ends with the read."""

    def read():
        yield page([A])
        yield page([B])
        raise Unreachable("stripe could not be asked. Another attempt may succeed.", source="stripe")

    with pytest.raises(Unreachable):
        land_items(warehouse, read())
    land_records(warehouse, [B])
    assert set(live(warehouse)) == {"in_b"}


def test_a_compound_key_is_joined(warehouse):
    """The lines of an invoice are a table that the invoices' read fills."""
    line = {"id": "il_1", "invoice": "in_a", "amount": 5}
    land_items(warehouse, [page([A]), page([line], "invoice_lines"), Finished("invoices")])
    assert set(live(warehouse, "invoice_lines")) == {"in_a|il_1"}


def test_a_table_that_nothing_came_for_is_there_and_empty(warehouse):
    """Models can read it."""
    land_items(warehouse, [Finished("invoices")])
    assert count(warehouse, "raw_stripe.invoices") == count(warehouse, "raw_stripe.invoice_lines") == 0


def test_a_thin_complete_list_is_refused_and_the_old_rows_stand(warehouse):
    """Less than half of what was there, and more than a few missing: the source is believed to be ill."""
    many = [{"id": f"in_{n}"} for n in range(40)]
    land_records(warehouse, many)
    with pytest.raises(LoadRefused, match="25 of 40"):
        land_records(warehouse, many[:15], is_complete=True)
    assert len(live(warehouse)) == 40
    assert cursor_of(warehouse, "stripe", "invoices") == {"n": 40}
    outcomes = warehouse.rows("select outcome from meta.loads order by outcome")
    assert [o["outcome"] for o in outcomes] == ["landed", "refused"]
    landed = land_records(warehouse, many[:15], is_complete=True, thin=ThinLimit(least_share=0.1))
    assert landed.deleted_count == 25


def test_a_few_missing_are_not_thin(warehouse):
    """Two of three drafts may well be deleted in a day."""
    land_records(warehouse, [{"id": f"in_{n}"} for n in range(3)])
    assert land_records(warehouse, [{"id": "in_0"}], is_complete=True).deleted_count == 2


def test_a_read_that_fails_leaves_everything_as_it_was(warehouse):
    """And a row in meta.loads with the sentence."""
    land_records(warehouse, [A])

    def read():
        yield page([B])
        raise Unreachable("stripe could not be asked. Another attempt may succeed.", source="stripe")

    with pytest.raises(Unreachable):
        land_items(warehouse, read())
    assert set(live(warehouse)) == {"in_a"}
    failed = warehouse.rows("select message, detail from meta.loads where outcome = 'failed'")
    assert failed[0]["message"] == "stripe could not be asked. Another attempt may succeed."
    assert orjson.loads(failed[0]["detail"])["may_retry"] is True


@pytest.mark.parametrize(
    "items", [pytest.param([page([A])], id="no end"), pytest.param([Finished("invoices"), page([A])], id="two ends")]
)
def test_a_read_without_its_end_is_not_landed(warehouse, items):
    """Only Finished says that the read is whole."""
    with pytest.raises(SourceContractBroken, match="its end"):
        land_items(warehouse, items)


def test_an_undeclared_table_is_refused(warehouse):
    """Without a stream there is no key."""
    with pytest.raises(SourceContractBroken, match="refunds"):
        land_items(warehouse, [page([A], "refunds"), Finished("invoices")])


def test_the_cursor_is_what_the_last_landed_read_left(warehouse):
    """None before the first."""
    assert cursor_of(warehouse, "stripe", "invoices") is None
    land_items(warehouse, [Finished("invoices", {"until": 5})])
    land_items(warehouse, [Finished("invoices", {"until": 6, "open": ["in_a"]})])
    assert cursor_of(warehouse, "stripe", "invoices") == {"until": 6, "open": ["in_a"]}
    assert count(warehouse, "meta.cursors") == 1


def test_a_failure_outside_of_landing_is_written_down_too(warehouse):
    """The absence of rows is never silent."""
    error = Unreachable("lago does not answer. Another attempt may succeed.")
    record_failed_load(warehouse, "lago", "invoices", error, run_id="run", started_at=NOW, now=lambda: NOW)
    row = warehouse.rows("select source, outcome, message, finished_at from meta.loads")[0]
    assert row == {"source": "lago", "outcome": "failed", "message": error.sentence, "finished_at": NOW}


OCTOBER = 1792800000  # 2026-10-24 in UTC


@pytest.mark.parametrize(
    ("claim", "is_equal"),
    [
        pytest.param(Claim("invoices", 2), True, id="as many"),
        pytest.param(Claim("invoices", 3), False, id="one more at the source"),
        pytest.param(Claim("invoices", 1, 100, "CAD", "2026-10"), True, id="count and sum of a month"),
        pytest.param(Claim("invoices", 1, 101, "CAD", "2026-10"), False, id="another sum"),
        pytest.param(Claim("invoices", 1, 100, "CAD", "2026-11"), False, id="another month"),
        pytest.param(Claim("invoice_lines", 0), True, id="nothing, and nothing came"),
    ],
)
def test_a_certificate_holds_the_claim_beside_what_is_here(warehouse, claim, is_equal):
    """The sums are read from the landed records, not from the source's own count."""
    sent = [
        {"id": "in_a", "total": 100, "currency": "cad", "created": OCTOBER},
        {"id": "in_b", "total": 7, "currency": "usd", "created": OCTOBER},
    ]
    landed = land_items(warehouse, [page(sent), Finished("invoices", claims=(claim,))])
    assert landed.is_equal is is_equal
    row = warehouse.rows("select claimed_count, claimed_minor, is_equal from meta.certificates")[0]
    assert row == {"claimed_count": claim.row_count, "claimed_minor": claim.total_minor, "is_equal": is_equal}


def test_a_claim_larger_than_the_load_speaks_of_the_whole_table(warehouse):
    """An incremental read brings what changed and may still count everything."""
    land_records(warehouse, [A, B])
    items = [page([{**A, "total": 1}]), Finished("invoices", claims=(Claim("invoices", 2),))]
    assert land_items(warehouse, items).is_equal


def test_an_unread_record_leaves_the_certificate_unequal(warehouse):
    """And the load's message names it."""
    finished = Finished("invoices", claims=(Claim("invoices", 1),), unread=("Invoice in_b was not given.",))
    landed = land_items(warehouse, [page([A]), finished])
    assert not landed.is_equal
    row = warehouse.rows(
        "select l.message, c.is_equal from meta.loads as l join meta.certificates as c using (load_id)"
    )[0]
    assert row == {"message": "Invoice in_b was not given.", "is_equal": False}


def test_streams_of_one_source_may_be_landed_from_several_threads(tmp_path):
    """Into a warehouse that has none of their tables yet."""
    streams = [Stream(f"stream_{n}", ("id",)) for n in range(6)]
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:

        def land_one(stream):
            batch = Batch(stream.name, (orjson.dumps(A), orjson.dumps(B)), row_count=2)
            items = [batch, Finished(stream.name, {"at": stream.name})]
            return land(warehouse, "stripe", stream, items, run_id="r", landed_at=NOW, now=lambda: NOW)

        with ThreadPoolExecutor(4) as pool:
            assert [landed.inserted_count for landed in pool.map(land_one, streams)] == [2] * 6
        assert {cursor_of(warehouse, "stripe", s.name)["at"] for s in streams} == {s.name for s in streams}


def test_streams_of_another_shape_share_a_warehouse(warehouse):
    """Every source has its own schema."""
    land_records(warehouse, [A])
    customers = Stream("customers", ("lago_id",))
    batch = Batch("customers", (b'{"customers": [{"lago_id": "x"}]}',), "customers", row_count=1)
    land(warehouse, "lago", customers, [batch, Finished("customers")], run_id="r", landed_at=NOW, now=lambda: NOW)
    assert count(warehouse, "raw_lago.customers") == 1
