"""One client for vTiger's two servers: the self-hosted `webservice.php` and the cloud's REST paths. It only reads.

The same operations by two doors (facts: vtiger "Two different servers"): self-hosted by a challenge and a session, the
cloud by HTTP Basic with the access key. Operations that write are refused here by name, before anything is sent.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from nexabooks.clients.http import Answer, ReadOnlyWire, retry_after_header
from nexabooks.clients.limits import limiter
from nexabooks.errors import AccessRefused, PermanentError, SourceContractBroken
from nexabooks.settings import Settings, secret
from nexabooks.sources.vtiger.errors import SessionLost, TokenSpoiled, classify

READING_OPERATIONS = frozenset(
    [
        "getchallenge",
        "login",
        "listtypes",
        "describe",
        "relatedtypes",
        "retrieve",
        "query",
        "retrieve_related",
        "query_related",
        "me",
    ]
)
SELFHOSTED_PATH = "webservice.php"
CLOUD_PATH = "restapi/v1/vtiger/default"
HANDSHAKES = 3
CALLS_KEPT_BACK = 5  # of the cloud's minute, for the people who work with the CRM


class VtigerApi:
    """The reading calls of one vTiger server. `server_time_s`: the server's unix time at login, None in the cloud."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_cloud = settings.vtiger_transport == "cloud"
        self._limiter = limiter(f"vtiger {settings.vtiger_url}", settings.vtiger_requests_per_s, burst=2)
        self._wire = ReadOnlyWire(
            "vtiger",
            settings.vtiger_url,
            auth=(settings.vtiger_username, secret(settings.vtiger_access_key)) if self._is_cloud else None,
            limiter=self._limiter,
            timeout_s=settings.request_timeout_s,
            allow_post_to=frozenset() if self._is_cloud else frozenset({SELFHOSTED_PATH}),
            classify=classify,
            retry_after=_retry_after,
            setting="NEXABOOKS_VTIGER_URL",
        )
        self._session_name = ""
        self._login_lock = threading.Lock()
        self.server_time_s: int | None = None

    def connect(self) -> None:
        """Log in (self-hosted), or make one small call (cloud). Raises AccessRefused or Unreachable."""
        if self._is_cloud:
            self.call("me", what="me")
        else:
            self._log_in()

    def call(self, operation: str, params: Mapping[str, str] | None = None, *, what: str = "") -> Answer:
        """One reading operation; `answer.parsed()["result"]` is what it gives. Logs in again once when the session is gone."""
        if operation not in READING_OPERATIONS:
            raise PermanentError(
                f"The vtiger client reads only; it refused the operation {operation}.", source="vtiger"
            )
        what = what or operation
        if self._is_cloud:
            answer = self._wire.get(f"{CLOUD_PATH}/{operation}", params, what=what)
            self._spare(answer.headers)
            return answer
        session_name = self._session_name
        try:
            return self._with_session(operation, params, what)
        except SessionLost:
            with self._login_lock:  # streams may be read side by side; one of them logs in for all
                if self._session_name == session_name:
                    self._log_in()
        try:
            return self._with_session(operation, params, what)
        except SessionLost as error:
            raise AccessRefused(
                f"vTiger forgot a session right after its login ({error}) Its administrator must look.", source="vtiger"
            ) from None

    def result(self, operation: str, params: Mapping[str, str] | None = None, *, what: str = "") -> Any:
        """The `result` of one reading operation, parsed."""
        return self.call(operation, params, what=what).parsed()["result"]

    def close(self) -> None:
        """Give the connections back; the client is not used after it."""
        # No logout: on PHP 8 it answers nothing and the session lives on (facts: vtiger "Session end").
        self._wire.close()

    def _with_session(self, operation: str, params: Mapping[str, str] | None, what: str) -> Answer:
        # GET: these operations read only the query string.
        asked = {"operation": operation, "sessionName": self._session_name, **(params or {})}
        return self._wire.get(SELFHOSTED_PATH, asked, what=what)

    def _log_in(self) -> None:
        for attempt in range(1, HANDSHAKES + 1):
            try:
                return self._handshake()
            except TokenSpoiled:
                # A user has one live challenge; whoever asks last wins, so ask again.
                if attempt == HANDSHAKES:
                    raise
        raise AssertionError("unreachable: the loop returns or raises")

    def _handshake(self) -> None:
        user = self._settings.vtiger_username
        asked = {"operation": "getchallenge", "username": user}
        challenge = self._wire.get(SELFHOSTED_PATH, asked, what="a login challenge").parsed()["result"]
        proof = f"{challenge['token']}{secret(self._settings.vtiger_access_key)}"
        form = {
            "operation": "login",
            "username": user,
            # md5 is what vTiger's login asks for; the key itself is never sent.
            "accessKey": hashlib.md5(proof.encode(), usedforsecurity=False).hexdigest(),
        }
        try:
            login = self._wire.send("POST", SELFHOSTED_PATH, form=form, what="the login").parsed()["result"]
        except AccessRefused:
            raise AccessRefused(
                "vTiger does not accept NEXABOOKS_VTIGER_USERNAME with NEXABOOKS_VTIGER_ACCESS_KEY (the access key is on "
                "the user's preferences page; it is not the password). Another attempt will not help.",
                source="vtiger",
            ) from None
        if not isinstance(login, dict) or not login.get("sessionName"):
            raise SourceContractBroken("vTiger accepted the login and gave no sessionName.", source="vtiger")
        self._session_name = login["sessionName"]
        self.server_time_s = int(challenge["serverTime"])

    def _spare(self, headers: Mapping[str, str]) -> None:
        """Wait for the cloud's next minute when this one is nearly used up."""
        remaining = headers.get("X-FloodControl-Remaining", "")
        if remaining.isdigit() and int(remaining) <= CALLS_KEPT_BACK:
            self._limiter.hold(min(_retry_after(headers) or 0, 60))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until X-FloodControl-Reset, a unix time, by the server's own clock (its Date header), and not below zero."""
    try:
        reset_s = float(headers.get("X-FloodControl-Reset", ""))  # seconds, not money
        server_s = parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (TypeError, ValueError):
        return retry_after_header(headers)
    return max(reset_s - server_s, 0)
