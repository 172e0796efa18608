"""One table decides what is worth another attempt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexabooks.clients.retry import error_for_status, with_retries
from nexabooks.errors import AccessRefused, PermanentError, RateLimited, TransientError, Unreachable


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PermanentError),
        (401, AccessRefused),
        (403, AccessRefused),
        (404, PermanentError),
        (405, PermanentError),
        (408, Unreachable),
        (409, TransientError),
        (422, PermanentError),
        (425, TransientError),
        (429, RateLimited),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_a_status_is_one_error_and_says_whether_to_try_again(status, kind):
    """A 405 was once repeated 5,363 times."""
    error = error_for_status(status, "Lago refused invoices", source="lago", record="in_1")
    assert type(error) is kind
    verdict = "Another attempt may succeed." if error.may_retry else "Another attempt will not help."
    assert str(error) == f"Lago refused invoices: HTTP {status}. {verdict}"
    assert (error.source, error.record) == ("lago", "in_1")


class Flaky:
    """Fails with these errors, one a call, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.calls = list(errors), 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def test_a_transient_error_is_tried_again_until_it_passes():
    """Three failures of five attempts are none."""
    call = Flaky(Unreachable("a"), TransientError("b"), RateLimited("c"))
    assert with_retries(call, sleep=lambda s: None) == "answer"
    assert call.calls == 4


def test_the_last_error_is_raised_when_the_attempts_are_used_up():
    """And not the first."""
    call = Flaky(*(Unreachable(str(at)) for at in range(1, 9)))
    with pytest.raises(Unreachable, match="3"):
        with_retries(call, attempts=3, sleep=lambda s: None)
    assert call.calls == 3


@pytest.mark.parametrize("error", [PermanentError("no"), AccessRefused("no"), KeyError("a bug")], ids=repr)
def test_any_other_error_travels_up_at_once(error):
    """A wrong key does not become right, and a bug is not weather."""
    call = Flaky(error)
    with pytest.raises(type(error)):
        with_retries(call, sleep=lambda s: None)
    assert call.calls == 1


@given(st.integers(1, 12))
def test_the_waits_double_with_jitter_and_stay_below_the_longest(attempts):
    """Between half and the whole of 0.5, 1, 2, 4 ... seconds, never above 30."""
    waits: list[float] = []
    call = Flaky(*(Unreachable("x") for _ in range(attempts)))
    with pytest.raises(Unreachable):
        with_retries(call, attempts=attempts, sleep=waits.append)
    for at, wait_s in enumerate(waits):
        ceiling = min(30, 0.5 * 2**at)
        assert ceiling / 2 <= wait_s <= ceiling


@given(st.floats(-5, 10_000))
def test_the_wish_of_the_service_is_kept_up_to_the_longest_wait(wish_s):
    """Retry-After says better than a guess how long."""
    waits: list[float] = []
    with_retries(Flaky(RateLimited("x", retry_after_s=wish_s)), sleep=waits.append)
    assert min(max(wish_s, 0), 30) <= waits[0] <= min(max(wish_s, 0), 30) + 0.05


def test_somebody_who_watches_is_told_of_each_wait():
    """For progress on a screen."""
    told: list[str] = []
    with_retries(Flaky(Unreachable("slow")), sleep=lambda s: None, on_wait=lambda s, error: told.append(str(error)))
    assert told == ["slow"]
