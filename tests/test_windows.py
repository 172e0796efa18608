"""Windows keep their start and give up their end; the accounting day is cut where the company lives."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexabooks.windows import Window, accounting_day

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone follows
TORONTO = "America/Toronto"


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=40)), st.timedeltas(timedelta(hours=1), timedelta(days=9)))
def test_a_split_tiles_its_window(start_at, length, step):
    """Neighbours share an edge and no moment; none is longer than asked."""
    window = Window(start_at, start_at + length)
    parts = window.split(step)
    assert [p.start_at for p in parts[1:]] == [p.end_at for p in parts[:-1]]
    assert sum((p.end_at - p.start_at for p in parts), timedelta(0)) == length
    assert all(timedelta(0) < p.end_at - p.start_at <= step for p in parts)
    if parts:
        assert (parts[0].start_at, parts[-1].end_at) == (window.start_at, window.end_at)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=9)), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_moment_is_in_exactly_one_part(start_at, length, later):
    """Or in none, when it is not in the window either."""
    window = Window(start_at, start_at + length)
    moment = start_at + later
    assert sum(moment in part for part in window.split(timedelta(hours=5))) == (moment in window)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-01T03:59:59+00:00", False),
        ("2026-11-01T04:00:00+00:00", True),
        ("2026-11-02T04:59:59+00:00", True),
        ("2026-11-02T05:00:00+00:00", False),
    ],
    ids=["the second before", "the first", "the last, an hour later than the day before", "the next day's first"],
)
def test_a_day_keeps_its_start_and_gives_up_its_end(moment, expected):
    """1 November 2026 is 25 hours long in Toronto."""
    assert (datetime.fromisoformat(moment) in Window.of_day(date(2026, 11, 1), TORONTO)) is expected


@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.integers(0, 90))
def test_days_side_by_side_are_their_span(first, count):
    """Whatever the clocks do in between."""
    days = [Window.of_day(first + timedelta(days=at), TORONTO) for at in range(count)]
    span = Window.of_days(first, first + timedelta(days=count), TORONTO)
    assert [d.start_at for d in days] + [span.end_at] == [span.start_at, *[d.end_at for d in days]]


@given(MOMENTS)
def test_the_accounting_day_is_the_day_whose_window_holds_the_moment(moment):
    """The two ways to ask agree."""
    assert moment in Window.of_day(accounting_day(moment, TORONTO), TORONTO)


def test_half_past_eleven_on_the_31st_is_still_october():
    """In UTC it is November already."""
    assert accounting_day(datetime(2026, 11, 1, 3, 30, tzinfo=UTC), TORONTO) == date(2026, 10, 31)


def test_edges_without_a_time_zone_are_refused():
    """Nobody knows which moment they are."""
    with pytest.raises(ValueError, match="time zone"):
        Window(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001 - that is the point


def test_a_window_that_ends_before_it_starts_is_refused():
    """An empty one is not."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="ends after it starts"):
        Window(at, at - timedelta(seconds=1))
    assert Window(at, at).split(timedelta(days=1)) == []


def test_two_zones_that_mean_one_moment_are_one_edge():
    """An edge is a moment, not a text."""
    east = timezone(timedelta(hours=9))
    assert datetime(2026, 1, 1, 9, tzinfo=east) in Window.of_day(date(2026, 1, 1), "UTC")
