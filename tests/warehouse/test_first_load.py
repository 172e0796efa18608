from __future__ import annotations

import os
import threading

import pytest

from nexabooks.streams import Batch, Finished, Stream
from nexabooks.warehouse import first_load, land, loading
from nexabooks.warehouse.first_load import Inlet
from tests.warehouse.landings import NOW, land_items, live, page

MORE_THAN_A_PIPE = 3 << 20


def started(statement):
    inlet = Inlet(statement)
    inlet.start()
    return inlet


def no_link(*_):
    raise OSError("another file system")


def test_a_statement_reads_files_as_they_grow(tmp_path):
    """Each from its beginning, in the order in which they were named, and nothing twice."""
    first, second, has_read, read = tmp_path / "1", tmp_path / "2", threading.Event(), []

    def statement(path):
        with path.open("rb", buffering=0) as pipe:
            read.append(pipe.read(2))
            has_read.set()
            read.append(pipe.readall())

    inlet = started(statement)
    first.write_bytes(b"abc")
    inlet.feed({first: 2})
    assert has_read.wait(60)
    inlet.feed({first: 3})
    second.write_bytes(b"d" * MORE_THAN_A_PIPE)
    inlet.feed({first: 3, second: 1})
    inlet.feed({first: 3, second: MORE_THAN_A_PIPE})
    inlet.end()
    assert b"".join(read) == b"abc" + b"d" * MORE_THAN_A_PIPE


def test_a_first_load_of_much_is_written_while_it_comes(warehouse, monkeypatch):
    """Before its source has said that it ended, the database reads."""
    monkeypatch.setattr(loading, "FOLLOWED_FROM_BYTES", 1)
    followed = []
    monkeypatch.setattr(first_load.FirstLoad, "follow", lambda self, spooled: followed.append(spooled.row_count))
    land_items(warehouse, [page([{"id": "in_1"}]), page([{"id": "in_2"}]), Finished("invoices")])
    assert followed == [1, 2]


def test_what_a_statement_raises_is_raised_at_the_end(tmp_path):
    """It has read nothing of what it was fed with, and nobody waits for it."""

    def fail(path):
        raise KeyError(path.name)

    inlet = started(fail)
    (tmp_path / "1").write_bytes(b"d" * MORE_THAN_A_PIPE)
    inlet.feed({tmp_path / "1": MORE_THAN_A_PIPE})
    with pytest.raises(KeyError):
        inlet.end()


def test_a_file_that_cannot_be_read_is_no_end_of_what_there_is(tmp_path):
    """The statement has ended well, without the rest."""
    inlet = started(lambda path: path.read_bytes())
    inlet.feed({tmp_path / "gone": 1})
    with pytest.raises(FileNotFoundError):
        inlet.end()


def test_a_statement_that_is_given_up_ends(tmp_path):
    """However much it could still have read."""
    has_begun, read = threading.Event(), []

    def statement(path):
        has_begun.set()
        read.append(path.read_bytes())

    inlet = started(statement)
    inlet.feed({})
    assert has_begun.wait(60)
    inlet.close()
    inlet.close()
    assert read == [b""]


@pytest.mark.parametrize("begun", [0, 1, 2])
@pytest.mark.parametrize("is_late", [False, True], ids=["before it began", "after it began"])
def test_a_signal_between_the_two_threads_leaves_none_behind(monkeypatch, begun, is_late):
    """The caller's own start of a thread may be cut off; a statement that nobody knows of would hold the database."""
    threads = [thread for thread in threading.enumerate() if thread.name == "first-load"]
    start, left = threading.Thread.start, [begun]

    def cut_off(thread):
        if not left[0] and not is_late:
            raise KeyboardInterrupt
        start(thread)
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1

    read = []
    inlet = Inlet(lambda path: read.append(path.read_bytes()))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", cut_off)
        if begun < 2:
            with pytest.raises(KeyboardInterrupt):
                inlet.start()
    inlet.close()
    for thread in threading.enumerate():
        if thread.name == "first-load" and thread not in threads:
            thread.join(10)
            assert not thread.is_alive()
    assert read in ([], [b""])


@pytest.mark.parametrize("length", [1_999_990, 2_000_010, 5_000_000])
def test_a_record_that_is_longer_than_a_buffer_is_landed(warehouse, monkeypatch, length):
    """The database begins to read before anybody knows how long the longest will be."""
    monkeypatch.setattr(loading, "FOLLOWED_FROM_BYTES", 1)
    long = {"id": "in_2", "note": "x" * length}
    landed = land_items(warehouse, [page([{"id": "in_1"}]), page([long, {"id": "in_3"}]), Finished("invoices")])
    assert (landed.inserted_count, live(warehouse)["in_2"]) == (3, long)


def test_two_tables_that_come_at_once_are_both_filled(warehouse, monkeypatch):
    """One while it comes, the other afterwards: a connection runs one statement at a time."""
    monkeypatch.setattr(loading, "FOLLOWED_FROM_BYTES", 1)
    monkeypatch.setattr(first_load, "PIPE_BYTES", 1)
    items = []
    for n in range(50):
        line = {"id": f"il_{n}", "invoice": f"in_{n}", "amount": n}
        items += [page([line], "invoice_lines"), page([{"id": f"in_{n}", "total": n}])]
    landed = land_items(warehouse, [*items, Finished("invoices")])
    assert landed.inserted_count == 100
    assert (len(live(warehouse)), len(live(warehouse, "invoice_lines"))) == (50, 50)


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_grows_is_landed_once(warehouse, tmp_path, monkeypatch, has_links):
    """It is named again and again while PostgreSQL still copies into it; without links between files it is taken last."""
    monkeypatch.setattr(loading, "FOLLOWED_FROM_BYTES", 1)
    if not has_links:
        monkeypatch.setattr(os, "link", no_link)
    columns = (("id", "VARCHAR"), ("amount", "DECIMAL(18,2)"))
    plans, sent = Stream("plans", ("id",), columns=columns), tmp_path / "plans.csv"

    def read():
        for n in range(3):
            with sent.open("a") as file:
                file.write(f'hash_{n},"plan_{n}","{n}.50"\n')
            yield Batch("plans", csv_path=sent, is_growing=n < 2, columns=columns, row_count=3 * (n == 2))
        sent.unlink()
        yield Finished("plans", is_complete=True)

    landed = land(warehouse, "nexacloud", plans, read(), run_id="r", landed_at=NOW)
    assert landed.inserted_count == 3
    rows = warehouse.rows("select _key, amount::varchar as amount from raw_nexacloud.plans order by _key")
    assert [(row["_key"], row["amount"]) for row in rows] == [
        ("plan_0", "0.50"),
        ("plan_1", "1.50"),
        ("plan_2", "2.50"),
    ]
