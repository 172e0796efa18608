"""Why no answer came, told apart as far as the machine knows: a name that nobody has, nobody listening, a cut, or time."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import requests

from nexabooks.errors import NexabooksError, PermanentError, Unreachable

# What the resolver says when it cannot tell for the moment; everything else it says is that there is no such name.
FOR_THE_MOMENT = frozenset({socket.EAI_AGAIN, socket.EAI_SYSTEM, socket.EAI_MEMORY})


def lost(
    error: requests.exceptions.RequestException, said: str, *, setting: str = "", source: str = ""
) -> NexabooksError:
    """What a request that got no answer means. `said` says what was tried ("Lago could not be asked for fees at https://…"),
    `setting` names the setting that holds the address.

    A name that does not exist is PermanentError, for it is most likely a wrong setting; all else is Unreachable.
    """
    cause = next((c for c in _causes(error) if isinstance(c, socket.gaierror | ConnectionRefusedError)), None)
    if isinstance(cause, socket.gaierror) and cause.errno not in FOR_THE_MOMENT:
        look = f"Look at {setting}: it is" if setting else "It is"
        return PermanentError(
            f"{said}: there is no host of that name. {look} most likely wrong; if it is right, the name could not be looked up for "
            "a moment, and a later run succeeds.",
            source=source,
        )
    if isinstance(cause, socket.gaierror):
        why = "its name cannot be looked up just now"
    elif isinstance(cause, ConnectionRefusedError):
        why = "nothing listens there"
    else:
        why = "no answer in time" if isinstance(error, requests.exceptions.Timeout) else "the connection failed"
    look = f"; if it stays so, look at {setting}" if setting and cause else ""
    return Unreachable(f"{said}: {why}. Another attempt may succeed{look}.", source=source)


def is_unknown_name(error: requests.exceptions.RequestException) -> bool:
    """Whether the resolver said that there is no host of the name, and not only that it cannot tell now."""
    return any(isinstance(c, socket.gaierror) and c.errno not in FOR_THE_MOMENT for c in _causes(error))


def is_page(body: bytes) -> bool:
    """Whether an answer is a web page or other markup, where JSON was asked for."""
    return body[:64].lstrip().startswith(b"<")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came of: the HTTP library hangs the socket's error below two of its own."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        yield current
        inner = getattr(current.args[0], "reason", None) if current.args else None
        current = inner if isinstance(inner, BaseException) else current.__cause__ or current.__context__
