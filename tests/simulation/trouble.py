"""What goes wrong: a wire that loses calls, a process that dies at any call or line, two posters in turns."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from types import FrameType
from typing import Any

from nexabooks.clients.odoo_errors import error_of_answer, no_answer
from nexabooks.clients.odoo_json2 import decode, encode
from nexabooks.ledger import Intent, MemoryJournal, Receipt
from nexabooks.sandbox.odoo.service import OdooService
from nexabooks.sandbox.serving import Request

TROUBLES = (
    "cut before",
    "cut after",
    "500",
    "502 before",
    "502 after",
    "429",
    "conflict",
    "half",
    "die before",
    "die after",
)


class Killed(BaseException):
    """The process dies: nothing of ours may catch it."""


@dataclass
class Luck:
    """How often a call goes wrong, and the dice. `told` is what happened, for whoever replays the seed."""

    rng: Random
    rate: float
    told: list[str] = field(default_factory=list)

    def trouble(self, what: str, kinds: Iterable[str], *, weight: float = 1.0) -> str:
        """The kind of trouble that this step meets, '' for none."""
        if self.rng.random() >= self.rate * weight:
            return ""
        kind = self.rng.choice(tuple(kinds))
        self.told.append(f"    {kind}: {what}")
        return kind


class Wire:
    """JSON-2 without the sockets: the same bytes, the same errors. `turn` is called before each call."""

    def __init__(self, service: OdooService, luck: Luck, turn: Callable[[], None]) -> None:
        self._service, self._luck, self._turn = service, luck, turn
        self._headers = {"Authorization": f"bearer {service.posting_key}", "Content-Type": "application/json"}

    def send(self, model: str, method: str, arguments: dict[str, Any], *, is_write: bool) -> bytes:
        self._turn()
        what = f"{model}/{method}"
        kinds = TROUBLES if is_write else ("cut before", "half", "die before")
        # The client repeats a read that fails, so a close rarely ends there; without this few would come to a write.
        kind = self._luck.trouble(what, kinds, weight=1.0 if is_write else 0.1)
        if kind == "die before":
            raise Killed
        if kind in ("cut before", "502 before"):
            raise no_answer(what, kind, is_write=is_write)
        if kind in ("500", "429"):
            raise self._refusal(int(kind), what, is_write)
        if kind == "conflict":
            self._service.conflict(model, method)
        body = self._ask(what, encode(arguments), is_write)
        if kind == "die after":
            raise Killed
        if kind in ("cut after", "502 after"):
            raise no_answer(what, kind, is_write=is_write)
        return body[: len(body) // 2] if kind == "half" and len(body) > 6 else body

    def _ask(self, what: str, sent: bytes, is_write: bool) -> bytes:
        reply = self._service.handle(Request("POST", f"/json/2/{what}", [], self._headers, sent))
        if reply.status == 200:
            return reply.body
        raise self._error(reply.status, reply.body, what, is_write)

    def _refusal(self, status: int, what: str, is_write: bool) -> Exception:
        return self._error(status, self._service.error_body(status), what, is_write)

    def _error(self, status: int, body: bytes, what: str, is_write: bool) -> Exception:
        try:
            values = decode(body)
        except ValueError:
            values = None
        return error_of_answer(status, values, what=what, is_write=is_write, database="books")

    def parse(self, body: bytes, what: str, *, is_write: bool) -> Any:
        try:
            return decode(body)
        except ValueError:
            raise no_answer(what, "half", is_write=is_write) from None

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class MortalJournal:
    """A journal that stays when its process dies, before or after it wrote."""

    kept: MemoryJournal
    luck: Luck

    def intent(self, intents: Iterable[Intent]) -> None:
        self._write(lambda: self.kept.intent(intents), "an intent")

    def receipt(self, receipts: Iterable[Receipt]) -> None:
        self._write(lambda: self.kept.receipt(receipts), "a receipt")

    def _write(self, write: Callable[[], None], what: str) -> None:
        kind = self.luck.trouble(what, ("die before", "die after"))
        if kind == "die before":
            raise Killed
        write()
        if kind:
            raise Killed


@contextmanager
def killed_at_line(nth: int) -> Iterator[None]:
    """The process dies at the n-th line that it runs in the ledger room, if it gets that far."""
    left = nth

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal left
        if "/nexabooks/ledger/" not in frame.f_code.co_filename.replace("\\", "/"):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise Killed
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


class Turns:
    """Several posters, one of whom runs at a time; the dice decide at each call who goes on. So a seed replays exactly."""

    def __init__(self, rng: Random) -> None:
        self._rng, self._changed = rng, threading.Condition()
        self._running: list[int] = []
        self._now = -1

    def run(self, posters: list[Callable[[Callable[[], None]], None]]) -> list[BaseException | None]:
        """Run them all to their ends. Returns what each raised, or None."""
        ends: list[BaseException | None] = [None] * len(posters)

        def one(number: int) -> None:
            self._wait_for(number)
            try:
                posters[number](lambda: self._pass_on(number))
            except BaseException as error:  # noqa: BLE001 - handed to whoever started it
                ends[number] = error
            self._leave(number)

        self._running = list(range(len(posters)))
        threads = [threading.Thread(target=one, args=(n,)) for n in self._running]
        self._now = self._rng.choice(self._running)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return ends

    def _pass_on(self, number: int) -> None:
        with self._changed:
            self._now = self._rng.choice(self._running)
            self._changed.notify_all()
        self._wait_for(number)

    def _wait_for(self, number: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._now == number)

    def _leave(self, number: int) -> None:
        with self._changed:
            self._running.remove(number)
            self._now = self._rng.choice(self._running) if self._running else -1
            self._changed.notify_all()
