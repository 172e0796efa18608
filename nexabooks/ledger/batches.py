"""Sending in batches so that one bad record never stops the others, and an unanswered call is never sent blindly again.

A call to Odoo is all or nothing. A refused batch is halved until the record at fault stands alone. After an unclear
outcome the books are looked at first, and only what is still to do is sent again, in smaller batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from nexabooks.clients.odoo_errors import KeyRefused
from nexabooks.errors import (
    AccessRefused,
    NexabooksError,
    PermanentError,
    SettingsError,
    SourceContractBroken,
    TransientError,
    UnclearOutcome,
)
from nexabooks.ledger.journal import Outcome

BATCH_SIZE = 100  # measured on Odoo 19: 100 a call stay well under its 60 s of CPU (facts: odoo "Performance")
UNCLEAR_TRIES = 4
SLOW_S, QUICK_S = 30.0, 10.0  # Odoo ends a request after 60 s of CPU; no call of a batch takes longer than all of them

T = TypeVar("T")


@dataclass
class Driven(Generic[T]):
    """What became of each item: `done` by our call, `already` there when looked at, or a sentence why not."""

    done: list[T] = field(default_factory=list)
    already: list[T] = field(default_factory=list)
    refused: list[tuple[T, str]] = field(default_factory=list)
    unclear: list[tuple[T, str]] = field(default_factory=list)

    @property
    def settled(self) -> list[T]:
        """What is in Odoo now: what was done here, and what was there already."""
        return [*self.done, *self.already]

    @property
    def troubles(self) -> list[tuple[T, Outcome, str]]:
        """What is not known to be in Odoo, refused or unclear, and why."""
        refused: list[tuple[T, Outcome, str]] = [(item, "refused", said) for item, said in self.refused]
        return refused + [(item, "unclear", said) for item, said in self.unclear]


@dataclass
class Pace:
    """How many records make a batch: half as many after a slow one, twice as many again after a quick one."""

    size: int = BATCH_SIZE

    def took(self, record_count: int, seconds: float) -> None:
        """A batch of so many records took so long, with all its calls."""
        if seconds > SLOW_S:
            self.size = max(1, min(self.size, record_count) // 2)
        elif seconds < QUICK_S and record_count >= self.size:
            self.size = min(BATCH_SIZE, self.size * 2)


def drive(
    items: Sequence[T],
    send: Callable[[list[T]], object],
    still_to_do: Callable[[list[T]], list[T]],
    *,
    size: int = BATCH_SIZE,
    look_first: bool = True,
) -> Driven[T]:
    """Send `items` in batches until each is settled, refused or unclear.

    `still_to_do` looks at the books and says which of a batch are not done yet. Raises KeyRefused and SettingsError at
    once, and Unreachable when not even looking is possible: what was sent until then stands, and a later run goes on.
    """
    driven: Driven[T] = Driven()
    waiting = deque((list(items[i : i + size]), 0) for i in range(0, len(items), size))
    while waiting:
        batch, tries = waiting.popleft()
        if look_first and not tries:
            left = still_to_do(batch)
            driven.already += [item for item in batch if item not in left]
            batch = left
        if not batch:
            continue
        try:
            send(batch)
            driven.done += batch
        except (KeyRefused, SettingsError, SourceContractBroken):
            raise
        except AccessRefused as error:
            driven.refused += [(item, str(error)) for item in batch]
        except (UnclearOutcome, TransientError) as error:
            _go_on(driven, waiting, batch, still_to_do(batch), tries, error)
        except PermanentError as error:
            left = still_to_do(batch)
            driven.already += [item for item in batch if item not in left]
            if len(left) == 1 and len(batch) == 1:
                driven.refused.append((left[0], str(error)))
            else:
                waiting.extendleft((half, 1) for half in reversed(_halves(left)) if half)
    return driven


def repeat(call: Callable[[], object], *, tries: int = UNCLEAR_TRIES) -> str:
    """A single write that is harmless to repeat (it sets what is already set): '' when it is done, else why not."""
    said = ""
    for _ in range(tries):
        try:
            call()
            return ""
        except (KeyRefused, SettingsError):
            raise
        except (UnclearOutcome, TransientError) as error:
            said = str(error)
        except PermanentError as error:
            return str(error)
    return said


def _go_on(
    driven: Driven[T],
    waiting: deque[tuple[list[T], int]],
    batch: list[T],
    left: list[T],
    tries: int,
    error: NexabooksError,
) -> None:
    """After a call without an answer: what is there was done by it, the rest is sent again a few times at most."""
    driven.done += [item for item in batch if item not in left]
    if not left:
        return
    if tries >= UNCLEAR_TRIES:
        driven.unclear += [(item, str(error)) for item in left]
        return
    waiting.extendleft((half, tries + 1) for half in reversed(_halves(left)) if half)


def _halves(batch: list[T]) -> list[list[T]]:
    middle = (len(batch) + 1) // 2
    return [batch[:middle], batch[middle:]]
