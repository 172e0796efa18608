"""A shared limiter: one bucket a name, so that every stream of one source shares that source's allowance."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Limiter:
    """At most `per_s` calls a second, evenly spaced, with a burst of `burst`; safe over threads.

    `hold(seconds)` makes everybody wait, for when the service says so (Retry-After, X-RateLimit-Reset).
    """

    def __init__(
        self,
        per_s: float,
        burst: int = 1,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if per_s <= 0:
            raise ValueError("A limiter needs more than zero calls a second.")
        self._step_s = 1 / per_s
        self._slack_s = self._step_s * max(burst - 1, 0)
        self._now, self._sleep = now, sleep
        self._lock = threading.Lock()
        self._next_at = now()

    def wait(self) -> None:
        """Return when the caller may send one request."""
        with self._lock:
            now = self._now()
            at = max(self._next_at, now - self._slack_s)
            self._next_at = at + self._step_s
        if at > now:
            self._sleep(at - now)

    def hold(self, seconds: float) -> None:
        """Nobody sends for `seconds`."""
        with self._lock:
            self._next_at = max(self._next_at, self._now() + seconds)


_limiters: dict[str, Limiter] = {}
_limiters_lock = threading.Lock()


def limiter(name: str, per_s: float, burst: int = 1) -> Limiter:
    """The limiter of `name`, the same one for everybody who asks with the same name and rate."""
    with _limiters_lock:
        return _limiters.setdefault(f"{name}@{per_s}", Limiter(per_s, burst))
