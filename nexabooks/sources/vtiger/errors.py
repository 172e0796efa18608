"""What vTiger's refusals mean: one table from its codes to our errors (facts: vtiger "Errors", "Login and session")."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from nexabooks.errors import (
    AccessRefused,
    NexabooksError,
    PermanentError,
    SettingsError,
    SourceContractBroken,
    TransientError,
    Unreachable,
)


class SessionLost(PermanentError):
    """The session is gone; a new login and the same call again will do."""


class TokenSpoiled(PermanentError):
    """Another login by the same user used up our challenge; a new handshake will do."""


class QueryRefused(PermanentError):
    """The server does not understand the query."""


CODES: dict[str, type[NexabooksError]] = {
    "SESSION_EXPIRED": SessionLost,
    "SESSION_LEFT_IDLE": SessionLost,
    "INVALID_SESSIONID": SessionLost,
    "AUTHENTICATION_REQUIRED": SessionLost,
    "AUTHENTICATION_FAILURE": SessionLost,
    "INVALID_AUTH_TOKEN": TokenSpoiled,
    "INVALID_USER_CREDENTIALS": AccessRefused,
    "ACCESS_DENIED": AccessRefused,  # an unknown module or field, and a missing right: vTiger does not tell them apart
    "ACCESSKEY_UNDEFINED": AccessRefused,
    "QUERY_SYNTAX_ERROR": QueryRefused,
    "DATABASE_QUERY_ERROR": TransientError,
    "INTERNAL_SERVER_ERROR": TransientError,
}


# The server is there, and what we ask for is not: another address, or the other kind of server.
ELSEWHERE = (301, 302, 307, 308, 404)


def classify(status: int, headers: Mapping[str, str], body: bytes, what: str) -> NexabooksError | None:
    """The error that an answer is, or None: HTTP 200 may carry `success: false`, and the cloud's 400 carries a body."""
    if status == 401:
        return AccessRefused(
            "vTiger does not accept NEXABOOKS_VTIGER_USERNAME with NEXABOOKS_VTIGER_ACCESS_KEY (HTTP 401). "
            "Another attempt will not help.",
            source="vtiger",
        )
    if status in ELSEWHERE:
        return SettingsError(
            f"vTiger could not be asked for {what} (HTTP {status}): NEXABOOKS_VTIGER_URL or NEXABOOKS_VTIGER_TRANSPORT is "
            "wrong. Cloud wants https://<instance>.odN.vtiger.com, selfhosted the folder of webservice.php.",
            source="vtiger",
        )
    if status not in (200, 400):
        return None  # the table of HTTP statuses decides
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        if status != 200:
            return None
        # PHP's fatal errors and a proxy's page come as HTML, a cut body as half a JSON.
        return Unreachable(
            f"vTiger answered {what} with a body that is not JSON ({len(body)} bytes). Another attempt may succeed.",
            source="vtiger",
        )
    if isinstance(parsed, dict) and parsed.get("success") is True and "result" in parsed:
        return None
    if isinstance(parsed, dict) and isinstance(parsed.get("error"), dict):
        return _refusal(parsed["error"], what)
    if status != 200:
        return None
    return SourceContractBroken(f"vTiger answered {what} without `success` and `result`.", source="vtiger")


def _refusal(error: dict[str, object], what: str) -> NexabooksError:
    code = str(error.get("code"))
    kind = CODES.get(code, PermanentError)
    verdict = "Another attempt may succeed." if kind.may_retry else "Another attempt will not help."
    return kind(f"vTiger refused {what}: {code}, {error.get('message')}. {verdict}", source="vtiger")
