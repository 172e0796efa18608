"""What a table looks like: numbers and ids in one piece, a pipe's rows a line each, money with its currency."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from rich.console import Console

from nexabooks.cli import console as room
from nexabooks.cli.screen import read_together, show_relisted, steps_in_words
from tasks.report import CloseReport

RUN = "post_approved-2026-06-04-62d06bbc"
ROWS = [
    {
        "run_id": RUN,
        "invoice_count": 1_234,
        "total_minor": 340_346,
        "currency_code": "CAD",
        "says": "a sentence that is far too long for what is left of a terminal of eighty columns",
    },
    {"run_id": "refresh-1", "invoice_count": 1, "total_minor": None, "currency_code": "CAD", "says": ""},
]
COLUMNS = {"run_id": "run", "invoice_count": "invoices", "total_minor": "with tax", "says": "says"}


@pytest.fixture
def printed(monkeypatch):
    """What print_rows writes on a terminal of `width` columns, or in a pipe when there is none."""

    def lines(rows, columns=None, *, width=0):
        file = io.StringIO()
        terminal = bool(width)
        monkeypatch.setattr(
            room, "console",
            Console(file=file, width=width or 80, force_terminal=terminal, soft_wrap=not terminal, no_color=True, highlight=False),
        )  # fmt: skip
        room.print_rows(rows, columns=columns)
        return re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue()).splitlines()

    return lines


@pytest.mark.parametrize("width", [80, 100, 140])
def test_a_number_and_an_id_keep_their_line(printed, width):
    """Only the sentence is broken, and nothing of it is lost."""
    lines = printed(ROWS, COLUMNS, width=width)
    said = " ".join(line.strip() for line in lines)
    assert RUN in said
    assert "1,234" in said
    assert "3,403.46 CAD" in said
    assert all(len(line) <= width for line in lines)
    assert [word for word in ROWS[0]["says"].split() if word not in said.split()] == []


def test_in_a_pipe_a_row_is_a_line_in_columns(printed):
    """However long; what is missing is a dash, so that no column slips to the left."""
    head, first, second = printed([ROWS[0] | {"says": "two\nlines"}, ROWS[1]], COLUMNS)
    assert head.split() == ["run", "invoices", "with", "tax", "says"]
    assert first.endswith("1,234  3,403.46 CAD  two lines")
    assert second.split() == ["refresh-1", "1", "-", "-"]
    assert first.index("two") == second.rindex("-")


def test_a_moment_says_that_it_is_utc(printed):
    """Without seconds and offsets."""
    assert "2026-06-02 06:00 UTC" in printed([{"at": datetime(2026, 6, 2, 6, tzinfo=UTC)}])[1]


def test_the_steps_in_odoo_are_told_in_words_and_in_their_order():
    """What was not done is named as it is in the receipts."""
    steps = [
        {"action": "pay", "outcome": "done", "count": 23},
        {"action": "post", "outcome": "refused", "count": 2},
        {"action": "partner_create", "outcome": "done", "count": 7},
    ]
    assert steps_in_words(steps) == ["customers made: 7", "payments booked: 23", "post refused: 2"]


def test_what_several_runs_read_is_added_up():
    """A line a source, with what the last run says of it."""

    def report(read, changed, says):
        row = {"source": "lago", "stream_count": 8, "read_count": read, "changed_count": changed, "says": says}
        return CloseReport("r", "daily_close", "2026-06-02", "post", {"sources": [row]})

    (row,) = read_together([report(54, 54, None), report(0, 0, "down"), report(46, 4, None)])
    assert (row["read_count"], row["changed_count"], row["stream_count"], row["says"]) == (100, 58, 8, None)


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([], ["  nothing: what was read on held all of it"]),
        (
            [{"kind": "changed", "is_missed": True, "says": "A."}, {"kind": "gone", "is_missed": False, "says": "B."}],
            ["  what    says", "  missed  A.", "  gone    B."],
        ),
    ],
    ids=["nothing was found", "something was"],
)
def test_a_relist_shows_what_was_missed_beside_what_only_a_list_can_tell(capsys, rows, shown):
    """Whether a new record was missed or a change: for a person both are missed, and the sentence says which."""
    show_relisted(CloseReport("r", "relist", "2026-06-07", "dry_run", {"relisted": rows}))
    assert capsys.readouterr().out.rstrip("\n").split("\n") == shown
