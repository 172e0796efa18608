"""The wire to Stripe: the SDK words and signs each request, our own read-only wire sends it and judges the answer.

So one table decides about retries (the SDK does not retry a 429, and nothing at all unless told), the verbs that write
are refused below everything, and the body stays bytes: the SDK builds objects at 400 ms a page of 1.4 MB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import stripe

from nexabooks.clients.http import Answer, ReadOnlyWire, retry_after_header
from nexabooks.clients.limits import limiter
from nexabooks.clients.retry import error_for_status, with_retries
from nexabooks.errors import (
    AccessRefused,
    NexabooksError,
    PermanentError,
    RateLimited,
    SourceContractBroken,
    Unreachable,
)
from nexabooks.settings import Settings, secret
from nexabooks.sources.stripe.streams import API_VERSION

stripe.enable_telemetry = False

# Stripe indents its bodies, a record in a list deeper than the same record alone. A line break cannot stand inside a JSON
# string, so it and the indentation behind it go, and a record reads the same wherever it came from.
_INDENTATION = re.compile(rb"\n[ \n]*")
_KEPT_HEADERS = ("Authorization", "Stripe-Version")


class Gone(PermanentError):
    """Stripe has no such record (any more)."""


class CursorGone(PermanentError):
    """The last record of a page was deleted before the next page was asked for."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: the body as it came (without indentation), and its records as values, for ids, states and counts only."""

    body: bytes
    records: list[dict[str, Any]]
    has_more: bool


class StripeWire:
    """GET requests to Stripe in the pinned version. One thread at a time."""

    def __init__(self, settings: Settings, *, attempts: int = 5) -> None:
        base_url = settings.stripe_url.rstrip("/")
        self._attempts = attempts
        self._wire = ReadOnlyWire(
            "Stripe",
            base_url,
            headers={"User-Agent": "nexabooks"},
            limiter=limiter(f"stripe {base_url}", settings.stripe_requests_per_s, burst=5),
            timeout_s=settings.request_timeout_s,
            attempts=1,
            classify=classify,
            setting="NEXABOOKS_STRIPE_URL",
        )
        self._carrier = _Carrier(self._wire, base_url)
        self.client = stripe.StripeClient(
            secret(settings.stripe_api_key),
            base_addresses={"api": base_url},
            stripe_version=API_VERSION,
            http_client=self._carrier,
        )

    def page(self, path: str, params: Mapping[str, Any], *, what: str) -> Page:
        """One page of a list, asked for again while that may help. Raises CursorGone and the errors of the table."""
        return with_retries(lambda: _as_page(self._ask(path, params, what)), attempts=self._attempts)

    def record(self, path: str, *, what: str) -> tuple[bytes, dict[str, Any]]:
        """One record by its id: its bytes and its values. Raises Gone when Stripe no longer has it."""
        answer = with_retries(lambda: self._ask(path, {}, what), attempts=self._attempts)
        if not isinstance(answer.parsed(), dict):
            raise _unexpected(what, "a body that is no record")
        return _INDENTATION.sub(b"", answer.body), answer.parsed()

    def _ask(self, path: str, params: Mapping[str, Any], what: str) -> Answer:
        self._carrier.what = what
        self.client.raw_request("get", path, **params)
        return self._carrier.answer

    def close(self) -> None:
        """Give the connections back; the wire is not used after it."""
        self._wire.close()


class _Carrier(stripe.HTTPClient):
    """Sends over our wire what the SDK worded, and keeps the bytes to itself: the SDK would parse them again."""

    name = "nexabooks"

    def __init__(self, wire: ReadOnlyWire, base_url: str) -> None:
        super().__init__()
        self._wire, self._base_url = wire, base_url
        self.what = ""
        self.answer: Answer

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        kept = {name: value for name, value in (headers or {}).items() if name in _KEPT_HEADERS}
        self.answer = self._wire.send(method, url.removeprefix(self._base_url), headers=kept, what=self.what)
        return "{}", 200, {}

    def close(self) -> None:
        self._wire.close()


def classify(status: int, headers: Mapping[str, str], body: bytes, what: str) -> NexabooksError | None:
    """What Stripe's own error form means, or None for HTTP 200. Neither the key nor Stripe's message (which may quote
    the key) gets into the sentence."""
    if status == 200:
        return None
    told = _error_of(body)
    code, request_id = str(told.get("code") or ""), headers.get("Request-Id", "")
    words = ", ".join(word for word in (f"HTTP {status}", code, request_id) if word)
    if code == "rate_limit" and status != 429:
        return RateLimited(f"Stripe refused {what}: {words}. Another attempt may succeed.", source="stripe")
    if code == "resource_missing" and told.get("param") == "starting_after":
        return CursorGone(f"Stripe no longer has the record after which {what} was asked for.", source="stripe")
    if code == "resource_missing" and status == 404:
        return Gone(f"Stripe has no {what} ({words}).", source="stripe")
    if status == 401:
        return AccessRefused(
            f"Stripe refused the key when asked for {what} ({words}): it is wrong, expired or revoked. "
            "Set another in NEXABOOKS_STRIPE_API_KEY; another attempt will not help.",
            source="stripe",
        )
    if status == 403:
        right = re.search(r"rak_\w+", str(told.get("message") or ""))
        wanted = f"the right {right.group()}" if right else f"read access to {what.split(',')[0]}"
        return AccessRefused(
            f"Stripe refused {what} ({words}): grant the restricted key {wanted}. Another attempt will not help.",
            source="stripe",
        )
    told_more = ", ".join(word for word in (code, request_id) if word)
    sentence = f"Stripe refused {what}" + (f" ({told_more})" if told_more else "")
    return error_for_status(status, sentence, source="stripe", retry_after_s=retry_after_header(headers))


def _as_page(answer: Answer) -> Page:
    """The answer as a page of a list, or the error that it is: none of these ends a list silently."""
    values, what = answer.parsed(), answer.what
    if not isinstance(values, dict) or not isinstance(values.get("data"), list):
        raise _unexpected(what, "something that is not a list")
    records, has_more = values["data"], values.get("has_more")
    if not isinstance(has_more, bool):
        raise _unexpected(what, "a list that does not say whether it goes on (has_more)")
    if any(not isinstance(r, dict) or not isinstance(r.get("id"), str) for r in records):
        raise _unexpected(what, "a record without an id")
    if has_more and not records:
        raise Unreachable(
            f"Stripe answered {what} with an empty page and says that more follow. Another attempt may succeed.",
            source="stripe",
        )
    return Page(_INDENTATION.sub(b"", answer.body), records, has_more)


def _unexpected(what: str, got: str) -> SourceContractBroken:
    return SourceContractBroken(f"Stripe answered {what} with {got}. Another attempt will not help.", source="stripe")


def _error_of(body: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    error = told.get("error") if isinstance(told, dict) else None
    return error if isinstance(error, dict) else {}
