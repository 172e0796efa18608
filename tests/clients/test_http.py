"""The read-only wire: what it sends, what it refuses, what it makes of each answer."""

from __future__ import annotations

import pytest

from nexabooks.clients.http import ReadOnlyWire, retry_after_header
from nexabooks.clients.limits import Limiter
from nexabooks.errors import AccessRefused, NexabooksError, PermanentError, RateLimited, Unreachable
from nexabooks.sandbox.serving import Reply, Request, Service

pytestmark = pytest.mark.usefixtures("waits")


class Echo(Service):
    """Answers each request with the next of `replies`, else with what it was asked."""

    name = "echo"

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[Reply] = []
        self.asked: list[Request] = []

    def handle(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.replies.pop(0) if self.replies else Reply(200, b'{"rate": 9.975}')


@pytest.fixture
def service():
    service = Echo()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def wire(service):
    made = []

    def make(**options):
        wire = ReadOnlyWire("Echo", service.url, limiter=Limiter(100_000), **{"timeout_s": 5, **options})
        made.append(wire)
        return wire

    yield make
    for one in made:
        one.close()


def test_a_body_comes_back_as_the_bytes_that_came_and_read_once(wire):
    """9.975 is not money here; whoever lands it takes the bytes."""
    answer = wire().get("/things", {"page": 2})
    assert answer.body == b'{"rate": 9.975}'
    assert answer.parsed() is answer.parsed()


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE", "post", "Delete"])
def test_a_verb_that_writes_is_refused_before_it_is_sent(wire, service, verb):
    """Reading credentials are read-only, and the client does not rely on it."""
    with pytest.raises(PermanentError, match="reads only"):
        wire().send(verb, "/things")
    assert service.asked == []


def test_a_post_is_sent_only_to_the_address_that_needs_one(wire, service):
    """A login, and nothing that begins like it."""
    login = wire(allow_post_to=frozenset({"/login"}))
    login.send("POST", "/login", form={"name": "x"})
    assert [(r.verb, r.body) for r in service.asked] == [("POST", b"name=x")]
    with pytest.raises(PermanentError):
        login.send("POST", "/login/../things")


@pytest.mark.parametrize("kind", ["429", "500", "502", "cut_before", "cut_after", "malformed"])
def test_one_trouble_is_no_failure(wire, service, kind):
    """Also a body that was cut: it is parsed within the attempt."""
    service.faults.add("/things", kind)
    assert wire().get("/things").parsed() == {"rate": 9.975}
    assert len(service.faults.calls) == 2


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply(401, b"{}"), AccessRefused, "HTTP 401. Another attempt will not help"),
        (Reply(403, b"{}"), AccessRefused, "HTTP 403"),
        (Reply(404, b"{}"), PermanentError, "HTTP 404"),
        (Reply(204, b""), PermanentError, "HTTP 204"),
        (Reply(301, b"", {"Location": "/elsewhere"}), PermanentError, "HTTP 301"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else "",
)
def test_what_a_person_must_mend_is_asked_once(wire, service, reply, error, words):
    """And a redirect is not followed: it would carry the key to another house."""
    service.replies = [reply]
    with pytest.raises(NexabooksError, match=words) as raised:
        wire(headers={"Authorization": "Bearer very-secret"}).get("/things", what="things, page 1")
    assert type(raised.value) is error
    assert str(raised.value).startswith("Echo refused things, page 1")
    assert len(service.asked) == 1
    assert "very-secret" not in repr(raised.value)


def test_a_service_that_is_not_there_is_unreachable_after_all_attempts(wire, service, waits):
    """The sentence names the address, not the exception."""
    there = wire(attempts=3)
    service.stop()
    with pytest.raises(Unreachable, match="could not be asked for /things at http://127"):
        there.get("/things")
    assert len(waits) == 2


def test_a_slow_answer_is_unreachable(wire, service):
    """The wire does not wait for ever."""
    service.faults.add("/things", "slow", slow_s=0.5)
    with pytest.raises(Unreachable, match="no answer in time"):
        wire(timeout_s=0.1, attempts=1).get("/things")


def test_a_429_holds_every_caller_of_the_limiter(service):
    """As long as the service asks for, at most thirty seconds."""
    held: list[float] = []
    limit = Limiter(100_000)
    limit.hold = held.append
    wire = ReadOnlyWire("Echo", service.url, limiter=limit, attempts=2)
    service.replies = [Reply(429, b"{}", {"Retry-After": "90"}), Reply(429, b"{}", {})]
    with pytest.raises(RateLimited):
        wire.get("/things")
    wire.close()
    assert held == [30]


def test_an_error_that_comes_with_status_200_is_what_the_source_says_it_is(wire, service):
    """Some services answer everything with 200 and say so inside."""
    service.replies = [Reply(200, b'{"success": false}')]

    def classify(status, headers, body, what):
        return AccessRefused(f"{what}: no") if b"false" in body else None

    with pytest.raises(AccessRefused, match="things: no"):
        wire(classify=classify).get("/things", what="things")


def test_a_password_file_of_the_machine_does_not_replace_the_key(wire, service, tmp_path, monkeypatch):
    """The HTTP library would put it there."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    wire(headers={"Authorization": "Bearer mine"}).get("/things")
    assert service.asked[0].headers["Authorization"] == "Bearer mine"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("nan", None),
        ("inf", None),
        ("-1", None),
    ],
)
def test_a_wait_is_read_only_where_it_is_a_sensible_number(text, seconds):
    """A date is no wish we follow."""
    assert retry_after_header({"Retry-After": text}) == seconds
