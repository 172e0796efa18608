"""Fetch a PDF from an address that a source's own record names: read only, bounded, and without any key of ours.

The address carries the right to read the document (Stripe's and Lago's links open for whoever has them), so it is a secret:
no sentence, log or receipt repeats more of it than its host.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

import requests

from nexabooks.clients.retry import error_for_status
from nexabooks.errors import NexabooksError, PermanentError, Unreachable

LIMIT_BYTES = 10 * 1024 * 1024  # an invoice of a few hundred lines is below one; Odoo keeps every byte for ever
REDIRECTS = 3  # Lago's address is that of a redirect to its storage
_CHUNK_BYTES = 64 * 1024


class PdfReader:
    """Reads PDFs over https; and over plain http from `loopback_origins` (the pretend services), which must be on loopback."""

    def __init__(self, loopback_origins: Iterable[str] = (), *, timeout_s: float = 30) -> None:
        self._origins = {origin for origin in map(_origin, loopback_origins) if _is_loopback(origin)}
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._session.auth = _as_it_is  # requests would put a password from a .netrc file into the request

    def fetch(self, url: str, what: str) -> bytes:
        """The bytes of the PDF of `what`. Raises Unreachable when another attempt may help, else PermanentError: an address
        that is not read, a status, something that is no PDF, more than LIMIT_BYTES."""
        give_up_at = time.monotonic() + 2 * self._timeout_s
        for _ in range(REDIRECTS + 1):
            self._refuse_unread(url, what)
            try:
                with self._session.get(
                    url,
                    headers={"Accept": "application/pdf"},
                    timeout=(min(10, self._timeout_s), self._timeout_s),
                    allow_redirects=False,
                    stream=True,
                ) as got:
                    if got.is_redirect:
                        url = urljoin(url, got.headers["Location"])
                        continue
                    return _body(got, what, give_up_at)
            except requests.exceptions.RequestException as error:
                kind = (
                    "no answer in time" if isinstance(error, requests.exceptions.Timeout) else "the connection failed"
                )
                raise Unreachable(
                    f"The PDF of {what} could not be fetched from {_host(url)}: {kind}. Another attempt may succeed."
                ) from None
        raise _refused(what, url, f"it redirects more than {REDIRECTS} times")

    def close(self) -> None:
        """Give the connections back; the reader is not used after it."""
        self._session.close()

    def _refuse_unread(self, url: str, what: str) -> None:
        try:
            scheme, is_named = urlsplit(url).scheme, bool(_host(url))
        except ValueError:
            raise _refused(what, "", "its address cannot be read") from None
        if not is_named or not (scheme == "https" or _origin(url) in self._origins):
            raise _refused(what, url, "it is not offered over https")


def _body(got: requests.Response, what: str, give_up_at: float) -> bytes:
    if got.status_code != 200:
        raise _status_error(got, what)
    kind = got.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/pdf":
        raise _refused(what, got.url, f"it is {kind or 'of no named type'}, not application/pdf")
    body = bytearray()
    for chunk in got.iter_content(_CHUNK_BYTES):
        body += chunk
        if len(body) > LIMIT_BYTES:
            raise _refused(what, got.url, f"it is larger than {LIMIT_BYTES // (1024 * 1024)} MB")
        if time.monotonic() > give_up_at:
            raise Unreachable(
                f"The PDF of {what} could not be fetched from {_host(got.url)}: it came too slowly. Another attempt may succeed."
            )
    if not body.startswith(b"%PDF-"):
        raise _refused(what, got.url, "what came is no PDF")
    return bytes(body)


def _status_error(got: requests.Response, what: str) -> NexabooksError:
    return error_for_status(got.status_code, f"{_host(got.url)} refused the PDF of {what}", source="", record="")


def _refused(what: str, url: str, why: str) -> PermanentError:
    return PermanentError(f"The PDF of {what} was not taken{f' from {_host(url)}' if url else ''}: {why}.")


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(origin: str) -> bool:
    host = _host(origin)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
