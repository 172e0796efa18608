"""A read-only HTTP wire: status -> error, timeouts, retries, the shared limiter. It refuses every verb that writes.

The body comes back as bytes, so that what a record says is kept as its source sent it. It is parsed once beside that,
inside the attempt: a body that was cut or garbled on its way is asked for again like any other failure of the wire.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import requests

from nexabooks.clients.limits import Limiter
from nexabooks.clients.lost import is_page, lost
from nexabooks.clients.retry import error_for_status, with_retries
from nexabooks.errors import NexabooksError, PermanentError, RateLimited, Unreachable

READING_VERBS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its bytes, and their values as read once."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    what: str
    source: str
    values: Any = field(default=None, repr=False)

    def parsed(self) -> Any:
        """The body as Python values, for paging and counting. Its fractions are floats: no money is read from here."""
        return self.values


class ReadOnlyWire:
    """GET requests to one service.

    `allow_post_to`: the few addresses (exact paths below `base_url`) where reading needs a POST, such as a login.
    `classify`: a hook that turns an answer with its own error form (HTTP 200 with `success: false`) into an error, or
    None.
    `retry_after`: reads the wait in seconds from the headers of a 429.
    `setting`: the setting that holds `base_url`; errors that may come of a wrong address name it.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        limiter: Limiter,
        timeout_s: float = 30,
        attempts: int = 5,
        allow_post_to: frozenset[str] = frozenset(),
        classify: Callable[[int, Mapping[str, str], bytes, str], NexabooksError | None] | None = None,
        retry_after: Callable[[Mapping[str, str]], float | None] | None = None,
        setting: str = "",
    ) -> None:
        self.source, self.base_url = source, base_url.rstrip("/")
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json", **(headers or {})})
        # Left without one, requests would put a password from a .netrc file in the place of our header.
        self._session.auth = auth or _as_it_is
        self._limiter, self._timeout_s, self._attempts = limiter, timeout_s, attempts
        self._allow_post_to, self._setting = allow_post_to, setting
        self._classify, self._retry_after = classify, retry_after or retry_after_header

    def get(self, path: str, params: Any = None, *, what: str = "") -> Answer:
        """GET `path`, again while that may help. `what` names the request in errors ("invoices, page 14")."""
        return self.send("GET", path, params=params, what=what)

    def send(
        self,
        verb: str,
        path: str,
        *,
        params: Any = None,
        form: Any = None,
        headers: Mapping[str, str] | None = None,
        what: str = "",
    ) -> Answer:
        """One request by a reading verb, or a POST to an address named in `allow_post_to`. The answer is JSON.

        Raises RateLimited, Unreachable, AccessRefused, PermanentError, or what `classify` makes of the answer.
        """
        verb = verb.upper()
        if verb not in READING_VERBS and not (verb == "POST" and path in self._allow_post_to):
            raise PermanentError(f"The {self.source} client reads only; it refused {verb} {path}.", source=self.source)
        what = what or path
        return with_retries(lambda: self._once(verb, path, params, form, headers, what), attempts=self._attempts)

    def _once(
        self, verb: str, path: str, params: Any, form: Any, headers: Mapping[str, str] | None, what: str
    ) -> Answer:
        self._limiter.wait()
        url = f"{self.base_url}/{path.lstrip('/')}"
        try:
            got = self._session.request(
                verb,
                url,
                params=params,
                data=form,
                headers=headers,
                timeout=(min(10, self._timeout_s), self._timeout_s),
                allow_redirects=False,
            )
        except requests.exceptions.RequestException as error:
            said = f"{self.source} could not be asked for {what} at {self.base_url}"
            raise lost(error, said, setting=self._setting, source=self.source) from None
        refusal = self._classify(got.status_code, got.headers, got.content, what) if self._classify else None
        if refusal is None and got.status_code != 200:
            refusal = error_for_status(
                got.status_code,
                f"{self.source} refused {what}",
                source=self.source,
                record=path,
                retry_after_s=self._retry_after(got.headers),
            )
        if refusal:
            self._say_where(refusal, got.content)
            if isinstance(refusal, RateLimited) and refusal.retry_after_s:
                self._limiter.hold(min(refusal.retry_after_s, 30))
            raise refusal
        return Answer(
            got.status_code, got.content, got.headers, what, self.source, self._values(verb, got.content, what)
        )

    def _values(self, verb: str, body: bytes, what: str) -> Any:
        if verb == "HEAD":
            return None
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            error = Unreachable(
                f"{self.source} answered {what} with a body that is not JSON ({len(body)} bytes). "
                "Another attempt may succeed.",
                source=self.source,
            )
            self._say_where(error, body)
            raise error from None

    def _say_where(self, error: NexabooksError, body: bytes) -> None:
        """A web page in the place of JSON comes from a proxy, a server in trouble, or another service at this address."""
        if self._setting and is_page(body) and self._setting not in error.sentence:
            error.sentence += f" A web page came: if that stays so, look at host, port and path in {self._setting}."

    def close(self) -> None:
        """Give the connections back; the wire is not used after it."""
        self._session.close()


def retry_after_header(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the Retry-After header says, or None; a date, or no sensible number, is read as "no wish"."""
    try:
        wait_s = float(headers.get("Retry-After", ""))  # seconds, not money
    except ValueError:
        return None
    return wait_s if math.isfinite(wait_s) and wait_s >= 0 else None


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
