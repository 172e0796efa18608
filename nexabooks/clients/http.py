"""A read-only HTTP wire: status -> error, timeouts, retries, the shared limiter. It refuses every verb that writes.

The body comes back as bytes, unparsed: what a record says is kept as its source sent it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import requests

from nexabooks.clients.limits import Limiter
from nexabooks.clients.retry import error_for_status, with_retries
from nexabooks.errors import NexabooksError, PermanentError, Unreachable

READING_VERBS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. `parsed()` reads the JSON once more each time: keep it if you need it twice."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    what: str
    source: str

    def parsed(self) -> Any:
        """The body as Python values. Raises Unreachable when it is not JSON: a cut or garbled body may be whole next time."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise Unreachable(
                f"{self.source} answered {self.what} with a body that is not JSON ({len(self.body)} bytes). "
                "Another attempt may succeed.",
                source=self.source,
            ) from None


class ReadOnlyWire:
    """GET requests to one service.

    `allow_post_to`: the few addresses (exact paths below `base_url`) where reading needs a POST, such as a login.
    `classify`: a hook that turns an answer with its own error form (HTTP 200 with `success: false`) into an error, or None.
    `retry_after`: reads the wait in seconds from the headers of a 429.
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
    ) -> None:
        self.source, self.base_url = source, base_url.rstrip("/")
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json", **(headers or {})})
        self._session.auth = auth
        self._limiter, self._timeout_s, self._attempts = limiter, timeout_s, attempts
        self._allow_post_to = allow_post_to
        self._classify, self._retry_after = classify, retry_after or retry_after_header

    def get(self, path: str, params: Any = None, *, what: str = "") -> Answer:
        """GET `path`, repeated while another attempt may help. `what` names the request in errors ("invoices, page 14")."""
        return self.send("GET", path, params=params, what=what)

    def send(self, verb: str, path: str, *, params: Any = None, form: Any = None, what: str = "") -> Answer:
        """One request by a reading verb, or a POST to an address named in `allow_post_to`."""
        verb = verb.upper()
        if verb not in READING_VERBS and not (verb == "POST" and path in self._allow_post_to):
            raise PermanentError(f"The {self.source} client reads only; it refused {verb} {path}.", source=self.source)
        what = what or path
        return with_retries(lambda: self._once(verb, path, params, form, what), attempts=self._attempts)

    def _once(self, verb: str, path: str, params: Any, form: Any, what: str) -> Answer:
        self._limiter.wait()
        url = f"{self.base_url}/{path.lstrip('/')}"
        try:
            got = self._session.request(
                verb, url, params=params, data=form, timeout=(min(10, self._timeout_s), self._timeout_s), allow_redirects=False
            )
        except requests.exceptions.RequestException as error:
            kind = "no answer in time" if isinstance(error, requests.exceptions.Timeout) else "the connection failed"
            raise Unreachable(
                f"{self.source} could not be asked for {what} at {self.base_url}: {kind}. Another attempt may succeed.",
                source=self.source,
            ) from None
        if self._classify:
            error = self._classify(got.status_code, got.headers, got.content, what)
            if error:
                raise error
        if got.status_code != 200:
            wait_s = self._retry_after(got.headers)
            if got.status_code == 429 and wait_s:
                self._limiter.hold(min(wait_s, 30))
            raise error_for_status(
                got.status_code, f"{self.source} refused {what}", source=self.source, record=path, retry_after_s=wait_s
            )
        return Answer(got.status_code, got.content, got.headers, what, self.source)

    def close(self) -> None:
        self._session.close()


def retry_after_header(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the Retry-After header says, or None; a date there is read as "no wish"."""
    try:
        return float(headers.get("Retry-After", ""))
    except ValueError:
        return None
