"""Lago's HTTP answers: pages and single invoices, and what its refusals mean (facts: lago "Errors", "Rate limits")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from nexabooks.clients.http import ReadOnlyWire, retry_after_header
from nexabooks.clients.limits import limiter
from nexabooks.errors import (
    AccessRefused,
    NexabooksError,
    PermanentError,
    SettingsError,
    SourceContractBroken,
    Unreachable,
)
from nexabooks.rawjson import records_in
from nexabooks.settings import Settings, secret

PER_PAGE = 100  # the default of Lago's code; no upper bound is documented for its cloud


class NotThere(PermanentError):
    """HTTP 404: Lago does not have, or does not show, this record."""


class RightMissing(AccessRefused):
    """HTTP 403: the key is known, and has no right to this resource."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its rows as they came, the ids of them, and what its meta says."""

    rows: tuple[bytes, ...]
    ids: tuple[str, ...]
    next_page: int | None
    total_count: int


class LagoApi:
    """The reading calls of one Lago organization. Raises NexabooksError, with the list and page in the sentence."""

    def __init__(self, settings: Settings) -> None:
        self._wire = ReadOnlyWire(
            "lago",
            settings.lago_url,
            headers={"Authorization": f"Bearer {secret(settings.lago_api_key)}"},
            limiter=limiter(f"lago {settings.lago_url}", settings.lago_requests_per_s, burst=4),
            timeout_s=settings.request_timeout_s,
            classify=_classify,
            retry_after=_retry_after,
            setting="NEXABOOKS_LAGO_URL",
        )

    def check(self) -> None:
        """One small call, so that a wrong key or a dead host is said once and not once a stream."""
        try:
            with suppress(RightMissing):  # the customers stream says so itself; the other streams may be allowed
                self._wire.get("customers", {"page": 1, "per_page": 1}, what="customers")
        except NotThere:
            raise SettingsError(
                f"There is no Lago at {self._wire.base_url} (HTTP 404). NEXABOOKS_LAGO_URL must end in /api/v1.",
                source="lago",
            ) from None

    def page(self, plural: str, page: int, per_page: int, filters: Sequence[tuple[str, str]] = ()) -> Page:
        """Page `page` of the list `plural`, cut into pages of `per_page` rows."""
        what = f"{plural}, page {page}"
        params = [("page", str(page)), ("per_page", str(per_page)), *filters]
        answer = self._wire.get(plural, params, what=what)
        parsed = answer.parsed()
        try:
            rows, meta = parsed[plural], parsed["meta"]
            ids = tuple(row["lago_id"] for row in rows)
            # Lago ignores names it does not know, so a server that ignored `page` would give page 1 for ever.
            if rows and meta["current_page"] != page:
                raise SourceContractBroken(
                    f"Lago was asked for {what} and answered page {meta['current_page']}.", source="lago"
                )
            cut = tuple(bytes(row) for row in records_in(answer.body, plural))
            return Page(cut, ids, meta["next_page"], meta["total_count"])
        except (KeyError, TypeError):
            raise SourceContractBroken(
                f"Lago answered {what} without a list of records that have a lago_id, or without its meta.",
                source="lago",
            ) from None

    def invoice(self, lago_id: str, number: str) -> tuple[bytes, dict[str, Any]]:
        """The detail of one invoice: the body as it came (in its envelope) and its parsed record."""
        what = f"invoice {lago_id} ({number})"
        answer = self._wire.get(f"invoices/{lago_id}", what=what)
        parsed = answer.parsed()
        record = parsed.get("invoice") if isinstance(parsed, dict) else None
        if not isinstance(record, dict) or record.get("lago_id") != lago_id or not isinstance(record.get("fees"), list):
            raise SourceContractBroken(
                f"Lago answered {what} without that invoice or without its fees.", record=lago_id
            )
        return answer.body, record

    def close(self) -> None:
        """Give the connections back; the client is not used after it."""
        self._wire.close()


def _classify(status: int, headers: Mapping[str, str], body: bytes, what: str) -> NexabooksError | None:
    if status == 200:
        return (
            None
            if _is_json(body)
            else Unreachable(
                f"Lago answered {what} with a body that is not JSON ({len(body)} bytes). Another attempt may succeed.",
                source="lago",
            )
        )
    if status == 401:
        return AccessRefused(
            "Lago does not accept the key in NEXABOOKS_LAGO_API_KEY (HTTP 401). Another attempt will not help.",
            source="lago",
        )
    if status == 403:
        return RightMissing(
            f"Lago refused {what}: the key lacks a right ({_code_of(body)}). Give the key that right; "
            "another attempt before will not help.",
            source="lago",
        )
    if status == 404:
        return NotThere(f"Lago has no {what} ({_code_of(body)}). Another attempt will not help.", source="lago")
    return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait after a 429: X-RateLimit-Reset is a span and not a moment (facts: lago "Rate limits")."""
    try:
        return float(headers.get("X-RateLimit-Reset", ""))  # seconds, not money
    except ValueError:
        return retry_after_header(headers)


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def _code_of(body: bytes) -> str:
    """Lago's own code for its refusal, or its HTTP words when there is none."""
    parsed = orjson.loads(body) if _is_json(body) else {}
    return str(parsed.get("code") or parsed.get("error") or "no code") if isinstance(parsed, dict) else "no code"
