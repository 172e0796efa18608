"""Every stream of one source shares that source's allowance."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexabooks.clients.limits import Limiter, limiter


class Clock:
    """A clock that goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@given(
    per_s=st.sampled_from([1, 5, 20]),
    burst=st.integers(1, 10),
    pauses_s=st.lists(st.floats(0, 2), min_size=2, max_size=40),
)
def test_no_span_of_time_holds_more_calls_than_allowed(per_s, burst, pauses_s):
    """In any span of t seconds at most t x rate calls and one burst, whatever the callers do between them."""
    clock = Clock()
    limit = Limiter(per_s, burst, now=clock.now, sleep=clock.sleep)
    sent_at = []
    for pause_s in pauses_s:
        clock.sleep(pause_s)
        limit.wait()
        sent_at.append(clock.now_s)
    for first, begun_at in enumerate(sent_at):
        for last in range(first, len(sent_at)):
            allowed = (sent_at[last] - begun_at) * per_s + burst
            assert last - first + 1 <= allowed + 1e-6


def test_a_quiet_limiter_lets_a_burst_through_and_then_spaces():
    """Five at once at two a second, then one every half second."""
    clock = Clock()
    limit = Limiter(2, 5, now=clock.now, sleep=clock.sleep)
    clock.sleep(60)
    sent_at = []
    for _ in range(7):
        limit.wait()
        sent_at.append(clock.now_s - 160)
    assert sent_at == [0, 0, 0, 0, 0, 0.5, 1.0]


def test_hold_makes_everybody_wait():
    """What the service told one caller concerns all."""
    clock = Clock()
    limit = Limiter(10, now=clock.now, sleep=clock.sleep)
    limit.hold(7)
    limit.wait()
    assert clock.now_s == 107


def test_two_threads_never_get_the_same_place():
    """The place is taken under a lock, the wait is not."""
    clock, slept = Clock(), []
    limit = Limiter(10, now=clock.now, sleep=slept.append)
    threads = [threading.Thread(target=limit.wait) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(round(s, 6) for s in slept) == [round(at / 10, 6) for at in range(1, 20)]


def test_one_name_is_one_limiter():
    """Whoever asks for it."""
    assert limiter("a service", 5) is limiter("a service", 5)
    assert limiter("a service", 5) is not limiter("another", 5)


def test_a_limiter_of_nothing_is_refused():
    """It would wait for ever."""
    with pytest.raises(ValueError, match="more than zero"):
        Limiter(0)
