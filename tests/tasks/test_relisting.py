"""What a relist tells: what incremental reading missed, by its keys; and as another thing what only a whole list can tell."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from nexabooks.sandbox import story
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.sandbox.world import World
from nexabooks.settings import load_settings
from nexabooks.warehouse import open_warehouse
from tasks.ingest import SourceRead, ingest
from tasks.relisting import WholeList, list_whole, name_missed
from tasks.run import Run, run_of

INVOICE = "in_0LPWxV6FkX1UR8fiQ2saRqWB"  # void for seven weeks, so nothing reads it again by itself
CASE = "401"


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    with Sandbox(story.day_1(), tmp_path_factory.mktemp("world"), services=("stripe", "lago", "vtiger")) as box:
        yield box


@pytest.fixture
def box(services, tmp_path, monkeypatch):
    """The first day of the story, which every source has been read on."""
    monkeypatch.setattr("nexabooks.clients.retry.pause", lambda seconds: None)
    services.show(story.day_1())
    for name, value in (services.environment() | {"NEXABOOKS_HOME": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    with run_of("refresh", needs_ledger=False) as run:
        for source in ("stripe", "lago", "vtiger"):
            ingest(run, source)
    yield services
    for name in ("stripe", "lago", "vtiger"):
        services.services[name].faults.clear()


def relist(
    *sources: str, before_the_lists: Callable[[], None] = lambda: None, later: timedelta = timedelta(0)
) -> list[tuple[Any, ...]]:
    """(table, kind, is_missed, keys, fields) of what a relist of these sources finds. `later`: how late it is when it asks again.

    It is a second later than the run before, as it is in life: of two versions landed at one moment nobody knows the older.
    """
    os.environ["NEXABOOKS_CLOCK"] = (
        load_settings().now() + timedelta(seconds=1)
    ).isoformat()  # `box` puts back what was there
    with run_of("relist", needs_ledger=False) as run:
        reads = [ingest(run, source) for source in sources]
        before_the_lists()
        lists = [list_whole(run, read) for read in reads]
        name_missed(at(run, later), lists)
    return found(run)


def at(run: Run, later: timedelta) -> Run:
    return replace(run, settings=run.settings.model_copy(update={"clock": run.settings.now() + later}))


def found(run: Run) -> list[tuple[Any, ...]]:
    with open_warehouse(run.settings.warehouse_path) as db:
        rows = db.rows(
            "select source || '.' || table_name as name, kind, is_missed, cast(record_keys as varchar[]) as record_keys, fields "
            "from meta.relist_findings where run_id = ? order by name, kind",
            [run.run_id],
        )
    return [tuple(row.values()) for row in rows]


def newest_of(table: str, key: str) -> str:
    """Which reading brought the record as it is in raw now."""
    with open_warehouse(load_settings().warehouse_path) as db:
        (row,) = db.rows(
            f"select split_part(run_id, '-', 1) || ' ' || mode as reading from raw_{table} join meta.loads on _load_id = load_id "
            "where _key = ?",
            [key],
        )
    return row["reading"]


def with_invoice(world: World, id: str, **changes: Any) -> World:
    return replace(world, invoices=tuple(replace(i, **changes) if i.id == id else i for i in world.invoices))


def with_case(world: World, **changes: Any) -> World:
    return replace(world, cases=tuple(replace(c, **changes) if c.id == CASE else c for c in world.cases))


def with_customer(world: World, index: int, **changes: Any) -> World:
    users = list(world.users)
    users[index] = replace(users[index], **changes)
    return replace(world, users=tuple(users))


def test_a_change_that_no_event_tells_is_named_with_its_key_and_its_field(box, capsys):
    """The void invoice has another number and nothing says so: refreshes would never have learnt of it."""
    box.show(with_invoice(box.world, INVOICE, number="NXC-9999"))
    assert relist("stripe") == [("stripe.invoices", "changed", True, [INVOICE], "number")]
    said = capsys.readouterr().out
    assert f"Incremental reading missed a change in number of 1 record of stripe invoices ({INVOICE})." in said
    assert "missed nothing" not in said
    assert relist("stripe") == []  # the whole list has brought it


def test_a_new_record_that_is_listed_with_an_old_date_is_named(box):
    """It was created before the cursor, and no event tells of it; its children are named under their own tables."""
    old = next(i for i in box.world.invoices if i.id == INVOICE)
    late = replace(
        old,
        id="in_late",
        number="NXC-9998",
        payments=(),
        lines=tuple(replace(line, id=f"{line.id}L") for line in old.lines),
    )
    box.show(replace(box.world, invoices=(*box.world.invoices, late)))
    assert ("stripe.invoices", "new", True, ["in_late"], "") in relist("stripe")


def test_a_quiet_world_gives_no_finding(box, capsys):
    """And the run says how much it compared: 16 streams of Stripe, the invoices of Lago, three of vTiger."""
    assert relist("stripe", "lago", "vtiger") == []
    assert (
        "Incremental reading missed nothing: 20 streams were listed whole after it and compared."
        in capsys.readouterr().out
    )


def test_what_incremental_reading_brings_is_not_called_missed(box):
    """Changes with their events and times come with the first reading of the relist, before anything is listed whole."""
    later = box.world.now - timedelta(minutes=5)
    world = with_case(
        with_customer(box.world, 0, full_name="Ann Other", updated_at=later), title="Done", modified_at=later
    )
    box.show(world)
    assert relist("stripe", "vtiger") == []
    assert newest_of("stripe.customers", world.users[0].stripe_customer_id) == "relist incremental"
    assert newest_of("vtiger.cases", "17x401") == "relist incremental"


def test_what_changed_between_the_two_readings_is_not_called_missed(box):
    """The customer's event and the case's modifiedtime say so when they are asked once more."""
    later = box.world.now + timedelta(seconds=10)
    world = with_case(
        with_customer(box.world, 0, full_name="Ann Other", updated_at=later), title="Done", modified_at=later
    )

    def change() -> None:
        box.show(replace(world, now=later + timedelta(minutes=5)))

    assert relist("stripe", "vtiger", before_the_lists=change, later=timedelta(minutes=5)) == []
    assert newest_of("stripe.customers", world.users[0].stripe_customer_id) == "relist full"
    assert newest_of("vtiger.cases", "17x401") == "relist full"


def test_a_change_so_new_that_its_event_is_not_told_yet_is_said_with_a_doubt(box, capsys):
    """Stripe's events lag behind, so nobody can tell it from a missed one: the sentence says that too."""
    later = box.world.now + timedelta(seconds=10)
    world = with_customer(box.world, 0, full_name="Ann Other", updated_at=later)
    found = relist("stripe", before_the_lists=lambda: box.show(replace(world, now=later + timedelta(seconds=2))))
    assert [finding[:3] for finding in found] == [("stripe.customers", "changed", True)]
    assert "unless it is only minutes old" in capsys.readouterr().out


def test_an_account_that_linking_filled_in_is_no_hole(box, capsys):
    """vTiger gives no sign of it (docs/contracts/vtiger.md): it is told as what it is, and the rest of the case would be missed."""
    box.show(with_case(box.world, account_id="102"))
    assert relist("vtiger") == [("vtiger.cases", "untold", False, ["17x401"], "parent_id")]
    said = capsys.readouterr().out
    assert "Changed only in parent_id, of which vtiger gives no sign: 1 record of vtiger cases (17x401)." in said
    assert "Incremental reading missed nothing" in said
    box.show(with_case(box.world, title="Done", account_id="103"))
    assert relist("vtiger") == [("vtiger.cases", "changed", True, ["17x401"], "parent_id, ticket_title")]


def test_what_is_gone_without_a_sign_is_told_as_gone(box, capsys, monkeypatch):
    """A customer of Stripe who is deleted, and whose event nobody has any more."""
    box.show(with_customer(box.world, 0, stripe_is_deleted=True))
    id = box.world.users[0].stripe_customer_id
    assert relist("stripe") == [("stripe.customers", "gone", False, [id], "")]
    said = capsys.readouterr().out
    assert f"Gone at the source since it was last listed whole: 1 record of stripe customers ({id})." in said
    box.show(with_customer(box.world, 0, stripe_is_deleted=False))
    monkeypatch.setenv("NEXABOOKS_CLOCK", (box.world.now + timedelta(minutes=5)).isoformat())
    assert relist("stripe") == [("stripe.customers", "returned", False, [id], "")]


def test_a_record_that_is_only_written_in_another_way_is_no_finding(box):
    """As after an upgrade that hashes records in a new way: the whole list lands it anew, and nothing of it is different."""
    with open_warehouse(load_settings().warehouse_path) as db:
        db.con.execute("update raw_stripe.invoices__records set _hash = 'of before' where _key = ?", [INVOICE])
    assert relist("stripe") == []
    assert newest_of("stripe.invoices", INVOICE) == "relist full"


def test_the_first_load_misses_nothing_and_is_read_once(box, tmp_path, monkeypatch):
    """An empty warehouse: everything was read whole, so nothing is read again."""
    monkeypatch.setenv("NEXABOOKS_HOME", str(tmp_path / "new"))
    box.stripe.faults.calls.clear()
    assert relist("stripe", "lago", "vtiger") == []
    assert len([call for call in box.stripe.faults.calls if call.startswith("GET /v1/customers?")]) == 1


def test_a_stream_without_a_cursor_is_not_read_twice(box):
    """Of Lago only the invoices are read on, so only they are listed whole besides."""
    with run_of("relist", needs_ledger=False) as run:
        whole = list_whole(run, ingest(run, "lago"))
    assert [landed.stream for landed in whole.read.landed] == ["invoices"]


def test_a_source_that_is_down_is_asked_and_told_of_once(box, capsys):
    """What does not answer now is not asked for its whole list."""
    box.lago.faults.add("", "500", times=1_000)
    capsys.readouterr()
    with run_of("relist", needs_ledger=False) as run:
        read = ingest(run, "lago")
        box.lago.faults.calls.clear()
        whole = list_whole(run, read)
        name_missed(run, [whole])
    assert (len(read.unread), whole, box.lago.faults.calls) == (1, WholeList(SourceRead("lago")), [])
    assert capsys.readouterr().out.count(read.unread[0]) == 1
    assert run.unread == list(read.unread)


def test_a_stream_that_does_not_answer_now_is_not_asked_for_its_whole_list(box):
    """The others of its source are."""
    box.stripe.faults.add("/v1/refunds", "500", times=1_000)
    with run_of("relist", needs_ledger=False) as run:
        read = ingest(run, "stripe")
        box.stripe.faults.calls.clear()
        whole = list_whole(run, read)
    assert (len(read.unread), len(whole.read.landed), whole.read.unread) == (1, 15, ())
    assert [call for call in box.stripe.faults.calls if "/v1/refunds" in call] == []


def test_what_was_read_whole_for_its_old_cursor_is_not_listed_again(box, monkeypatch):
    """After 25 days Stripe is read whole by itself; only its events, of which it keeps some, are never all of them."""
    monkeypatch.setenv("NEXABOOKS_CLOCK", (box.world.now + timedelta(days=26)).isoformat())
    with run_of("relist", needs_ledger=False) as run:
        whole = list_whole(run, ingest(run, "stripe"))
    assert [landed.stream for landed in whole.read.landed] == ["events"]


def test_what_both_readings_are_refused_is_told_once(box, capsys):
    """A right that is missing is missing for the list too."""
    box.stripe.denied.add("refunds")
    try:
        with run_of("relist", needs_ledger=False) as run:
            read = ingest(run, "stripe")
            whole = list_whole(run, read)
    finally:
        box.stripe.denied.clear()
    assert (len(read.unread), whole.read.unread, len(whole.read.landed)) == (1, (), 15)
    assert capsys.readouterr().out.count(read.unread[0]) == 1
    assert (read.may_retry, whole.read.may_retry) == (False, False)


def test_what_could_not_be_asked_again_is_said_with_the_reason(box, capsys):
    """vTiger goes down after its lists: whether the case changed meanwhile nobody knows."""
    box.show(with_case(box.world, title="Done"))
    with run_of("relist", needs_ledger=False) as run:
        whole = list_whole(run, ingest(run, "vtiger"))
        box.vtiger.faults.add("", "500", times=1_000)
        name_missed(run, [whole])
    assert [finding[:4] for finding in found(run)] == [("vtiger.cases", "changed", True, ["17x401"])]
    assert "or it came meanwhile, which could not be asked: " in capsys.readouterr().out


def test_a_stream_that_could_not_be_read_on_is_listed_whole_and_not_judged(box):
    """Its cursor names a record that Stripe refuses for good: the list still comes, and what it brings is no finding."""
    with open_warehouse(load_settings().warehouse_path) as db:
        db.con.execute(
            """update meta.cursors set state = json_merge_patch(state, '{"open": ["in/broken/x/y"]}')
               where source = 'stripe' and stream = 'invoices'"""
        )
    box.show(with_invoice(box.world, INVOICE, number="NXC-9999"))
    with run_of("relist", needs_ledger=False) as run:
        read = ingest(run, "stripe")
        whole = list_whole(run, read)
        name_missed(run, [whole])
    assert len(read.unread) == 1
    assert {one.stream: one.changed_count for one in whole.read.landed}["invoices"] == 1
    assert found(run) == []
