"""One bad record never stops the others, and an unanswered call is never repeated blindly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexabooks.clients.odoo_errors import KeyRefused
from nexabooks.errors import AccessRefused, LedgerRefused, TransientError, UnclearOutcome
from nexabooks.ledger import MemoryJournal, make_plan
from nexabooks.ledger.batches import BATCH_SIZE, UNCLEAR_TRIES, Pace, drive, repeat
from nexabooks.ledger.run import Run
from tests.ledger.makers import an_invoice, desired_of, now, present_of


class Ledger:
    """A pretend ledger: refuses bad items (all or nothing), and may stay silent before or after doing its work."""

    def __init__(self, bad: set[int] = frozenset(), silences: list[str] | None = None) -> None:
        self.bad, self.silences = bad, list(silences or [])
        self.held: list[int] = []

    def send(self, batch: list[int]) -> None:
        silence = self.silences.pop(0) if self.silences else ""
        if silence == "before":
            raise UnclearOutcome("no answer")
        if silence == "conflict":
            raise TransientError("a conflict")
        if self.bad & set(batch):
            raise LedgerRefused("one of them is bad")
        self.held += batch
        if silence == "after":
            raise UnclearOutcome("no answer")

    def still_to_do(self, batch: list[int]) -> list[int]:
        return [item for item in batch if item not in self.held]


@given(
    st.sets(st.integers(0, 99), max_size=40),
    st.sets(st.integers(0, 99), max_size=5),
    st.lists(st.sampled_from(["", "before", "after", "conflict"]), max_size=3),
    st.integers(1, 20),
)
def test_every_good_item_is_done_once_and_every_bad_one_is_named(items, bad, silences, size):
    """Whatever is refused, and whenever the answer is lost."""
    ledger = Ledger(bad, silences)
    driven = drive(sorted(items), ledger.send, ledger.still_to_do, size=size)
    assert sorted(driven.settled) == sorted(items - bad) == sorted(ledger.held)
    assert sorted(item for item, _ in driven.refused) == sorted(items & bad)
    assert driven.unclear == []


def test_what_is_there_already_is_not_sent():
    """Another poster was faster."""
    ledger = Ledger()
    ledger.held = [1, 2]
    driven = drive([1, 2, 3], ledger.send, ledger.still_to_do)
    assert (driven.already, driven.done, ledger.held) == ([1, 2], [3], [1, 2, 3])


def test_a_ledger_that_stays_silent_is_left_alone_in_the_end():
    """The item is reported as unclear, not tried for ever."""
    ledger = Ledger(silences=["before"] * 99)
    driven = drive([1], ledger.send, ledger.still_to_do)
    assert [item for item, _ in driven.unclear] == [1]
    assert len(ledger.silences) == 99 - UNCLEAR_TRIES - 1


def test_a_missing_right_refuses_the_whole_batch_without_halving_it():
    """Halving would ask the same question again and again."""
    calls = []

    def send(batch: list[int]) -> None:
        calls.append(batch)
        raise AccessRefused("not allowed")

    driven = drive([1, 2, 3], send, list)
    assert (len(calls), len(driven.refused)) == (1, 3)


def test_a_wrong_key_ends_everything():
    """Nothing else can go on with it."""

    def send(batch: list[int]) -> None:
        raise KeyRefused("expired")

    with pytest.raises(KeyRefused):
        drive([1, 2, 3], send, list)


def test_a_harmless_write_is_repeated_until_it_is_answered():
    """And a refusal is told in words."""
    silences = [UnclearOutcome("lost"), TransientError("conflict")]

    def flaky() -> None:
        if silences:
            raise silences.pop()

    def refused() -> None:
        raise LedgerRefused("no")

    assert repeat(flaky) == ""
    assert repeat(refused) == "no"


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        pytest.param([(100, 20.0)], 100, id="neither slow nor quick"),
        pytest.param([(100, 31.0)], 50, id="slow"),
        pytest.param([(100, 31.0), (50, 40.0), (25, 40.0)], 12, id="slow again"),
        pytest.param([(1, 99.0)], 1, id="one record is never split"),
        pytest.param([(100, 31.0), (50, 5.0)], 100, id="quick again"),
        pytest.param([(100, 31.0), (7, 0.1)], 50, id="a short rest says nothing"),
        pytest.param([(100, 1.0)], BATCH_SIZE, id="never more than was measured"),
    ],
)
def test_a_slow_server_gets_smaller_batches_until_it_is_quick_again(batches, expected):
    """A call that takes longer than Odoo allows is ended by it, so the size follows the time."""
    pace = Pace()
    for record_count, seconds in batches:
        pace.took(record_count, seconds)
    assert pace.size == expected


def test_a_run_goes_on_in_smaller_batches_after_a_slow_one():
    """Every record is in one batch, in its order."""
    clock = iter([0, 40, 40, 60, 60, 61, 61, 62])
    desired = desired_of(*(an_invoice(f"in_{n}") for n in range(230)))
    plan = make_plan(desired, present_of(), mode="post", run_id="r1")
    run = Run(plan, None, MemoryJournal(), now, seconds=lambda: next(clock))
    batches = list(run.batches("posted", lambda action: action.verb == "post"))
    assert [len(batch) for batch in batches] == [100, 50, 50, 30]
    assert [action for batch in batches for action in batch] == plan.of("post")
