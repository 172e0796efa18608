"""A month that is closed keeps its figures for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nexabooks.errors import PermanentError
from nexabooks.ops import ClosedFigure, open_ops

NOW = datetime(2026, 6, 2, 6, tzinfo=UTC)
FIGURE = ClosedFigure(
    "stripe", "in_1", "invoice", "NXC-1", "hosting", "CAD", "verified", True, 10_000_000_001, 0, 5_000
)  # fmt: skip
WORDS = {
    "by": "Ann",
    "note": "all looked at",
    "time_zone": "America/Toronto",
    "published_by": "refresh-1",
    "published_at": NOW,
    "open_break_count": 2,
}


def test_the_figures_are_there_after_closing_and_opening_the_store_again(ops_url):
    """Who, when, from which publication, with how many open differences; and each document to the cent."""
    with open_ops(ops_url, now=lambda: NOW) as store:
        store.months().close("2026-05", [FIGURE, replace(FIGURE, service_family="other")], **WORDS)
    with open_ops(ops_url) as store:
        (closed,) = store.months().closed()
        assert (closed.month, closed.decided_by, closed.note, closed.at) == ("2026-05", "Ann", "all looked at", NOW)
        assert (closed.published_by, closed.published_at, closed.open_break_count) == ("refresh-1", NOW, 2)
        assert store.months().figures_of(closed.position) == [FIGURE, replace(FIGURE, service_family="other")]


def test_a_closed_month_is_not_closed_again(store):
    """The figures of the first closing stand, and the refusal names who closed it."""
    store.months().close("2026-05", [FIGURE], **WORDS)
    with pytest.raises(PermanentError, match=r"2026-05 was closed already, by Ann on 2026-"):
        store.months().close("2026-05", [replace(FIGURE, invoiced_minor=1)], **WORDS)
    (closed,) = store.months().closed()
    assert store.months().figures_of(closed.position) == [FIGURE]


def test_a_month_that_is_opened_again_may_be_closed_with_other_figures(store):
    """Both closings and the reason between them stay; the last decision holds."""
    store.months().close("2026-05", [FIGURE], **WORDS)
    store.months().reopen("2026-05", by="Bob", why="an invoice of May was forgotten")
    assert store.months().closed() == []
    store.months().close("2026-05", [replace(FIGURE, invoiced_minor=7)], **WORDS)
    history = [(d.round, d.decision, d.decided_by, d.holds) for d in store.months().history()]
    assert history == [(1, "closed", "Ann", False), (2, "reopened", "Bob", False), (3, "closed", "Ann", True)]
    (closed,) = store.months().closed()
    assert [figure.invoiced_minor for figure in store.months().figures_of(closed.position)] == [7]
    assert store.months().figure_count() == 2


@pytest.mark.parametrize(
    ("act", "says"),
    [
        pytest.param(lambda m: m.close("2026-05", [], **WORDS | {"by": " "}), "name who", id="closing without a name"),
        pytest.param(lambda m: m.reopen("2026-04", by="Ann", why="a mistake"), "not closed", id="an open month"),
        pytest.param(lambda m: m.reopen("2026-05", by="Ann", why=" "), "for a reason", id="opening without a reason"),
    ],
)
def test_a_decision_has_a_name_a_reason_and_something_to_decide(store, act, says):
    """What is refused leaves nothing behind."""
    with pytest.raises(PermanentError, match=says):
        act(store.months())
    assert store.months().history() == []


def test_figures_that_are_refused_leave_the_month_open(store):
    """A document twice is no closing; the decision goes with its figures, or neither is there."""
    with pytest.raises(PermanentError, match="refused a value"):
        store.months().close("2026-05", [FIGURE, FIGURE], **WORDS)
    assert (store.months().history(), store.months().figure_count()) == ([], 0)
