"""One table decides what is worth another attempt; everything else is a person's work."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from nexabooks.errors import AccessRefused, NexabooksError, PermanentError, RateLimited, TransientError, Unreachable

T = TypeVar("T")

# HTTP status -> the error it is. A status that is not here is permanent when below 500 and transient from 500 on.
STATUS_ERRORS: dict[int, type[NexabooksError]] = {
    401: AccessRefused,
    403: AccessRefused,
    408: Unreachable,
    409: TransientError,
    425: TransientError,
    429: RateLimited,
}


def error_for_status(
    status: int, sentence: str, *, source: str = "", record: str = "", retry_after_s: float | None = None
) -> NexabooksError:
    """The error that an HTTP `status` is, with the verdict on another attempt added to `sentence`."""
    kind = STATUS_ERRORS.get(status) or (Unreachable if status >= 500 else PermanentError)
    verdict = "Another attempt may succeed." if kind.may_retry else "Another attempt will not help."
    text = f"{sentence}: HTTP {status}. {verdict}"
    if kind is RateLimited:
        return RateLimited(text, retry_after_s=retry_after_s, source=source, record=record)
    return kind(text, source=source, record=record)


def pause(seconds: float) -> None:
    """The wait between two attempts; a test puts its own in this place."""
    time.sleep(seconds)


def with_retries(
    call: Callable[[], T],
    *,
    attempts: int = 5,
    first_wait_s: float = 0.5,
    longest_wait_s: float = 30,
    sleep: Callable[[float], None] | None = None,
    on_wait: Callable[[float, NexabooksError], None] | None = None,
) -> T:
    """`call()`, again after a transient error: waits double with full jitter, or as long as the service itself asked.

    Raises the last error when the attempts are used up, and a permanent one at once.
    """
    for attempt in range(1, attempts + 1):
        try:
            return call()
        except TransientError as error:
            if attempt == attempts:
                raise
            ceiling = min(longest_wait_s, first_wait_s * 2 ** (attempt - 1))
            wait_s = ceiling / 2 + random.random() * ceiling / 2
            if isinstance(error, RateLimited) and error.retry_after_s is not None:
                wait_s = min(max(error.retry_after_s, 0), longest_wait_s) + random.random() * 0.05
            if on_wait:
                on_wait(wait_s, error)
            (sleep or pause)(wait_s)
    raise AssertionError("unreachable: the loop returns or raises")
