"""Faults on demand: each kind does to a client what it does in life, on any service."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
import requests

from nexabooks.sandbox.serving import Reply, Request, Service, json_reply


class Counter(Service):
    """Counts what it has done, so that a cut after the commit can be told from one before."""

    name = "counter"

    def __init__(self) -> None:
        super().__init__()
        self.done = 0

    def handle(self, request: Request) -> Reply:
        if request.path == "/broken":
            raise ZeroDivisionError("a handler's own mistake")
        self.done += 1
        return json_reply(
            {"done": self.done, "path": request.path, "names": request.params("name"), "body": request.body.decode()}
        )


@pytest.fixture
def service() -> Iterator[Counter]:
    counter = Counter()
    counter.start()
    yield counter
    counter.stop()


def get(service: Service, path: str = "/things", **more: object) -> requests.Response:
    with requests.Session() as session:
        return session.get(f"{service.url}{path}", timeout=5, **more)


def test_it_listens_on_loopback_only(service):
    """No port of the machine's other addresses is touched, and no port has to be free."""
    assert service.url.startswith("http://127.0.0.1:")
    assert get(service, "/things", params=[("name", "a"), ("name", "b")]).json()["names"] == ["a", "b"]


@pytest.mark.parametrize("status", [429, 500, 502])
def test_a_status_fault_is_answered_before_anything_is_done(service, status):
    """The error's body is the service's own, Retry-After is there when asked for, and the next call succeeds."""
    service.faults.add("/things", str(status), retry_after_s=3)
    answer = get(service)
    assert (answer.status_code, answer.headers["Retry-After"], service.done) == (status, "3", 0)
    assert answer.content == service.error_body(status)
    assert get(service).json()["done"] == 1


@pytest.mark.parametrize(("kind", "done"), [("cut_before", 0), ("cut_after", 1)])
def test_a_cut_connection_before_and_after_the_commit(service, kind, done):
    """The client sees the same broken connection; only the service knows whether it had happened."""
    service.faults.add("/things", kind)
    with pytest.raises(requests.exceptions.ConnectionError):
        get(service)
    assert service.done == done
    assert get(service).json()["done"] == done + 1


def test_a_malformed_body_is_half_of_one_with_status_200(service):
    """A client that trusts the status gets JSON that ends in the middle."""
    service.faults.add("/things", "malformed")
    answer = get(service)
    assert answer.status_code == 200
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.content)


def test_a_slow_answer_runs_into_the_clients_timeout(service):
    """It is done all the same, only later."""
    service.faults.add("/things", "slow", slow_s=0.4)
    with pytest.raises(requests.exceptions.ReadTimeout), requests.Session() as session:
        session.get(f"{service.url}/things", timeout=0.1)
    assert get(service).status_code == 200


def test_a_fault_is_taken_by_path_count_and_skip(service):
    """The second and third call to that path fail; other paths never do."""
    service.faults.add(r"GET /things\?page=", "500", times=2, skip=1)
    codes = [get(service, "/things?page=1").status_code for _ in range(4)]
    assert codes == [200, 500, 500, 200]
    service.faults.add("/things", "500")
    assert get(service, "/others").status_code == 200
    service.faults.clear()
    assert get(service).status_code == 200


def test_calls_are_counted_with_their_query(service):
    """A test can say how often and what was asked."""
    get(service, "/things?page=2")
    assert service.faults.calls == ["GET /things?page=2"]


def test_a_stopped_service_answers_nobody_not_even_an_open_connection(service):
    """A kept-alive client is cut too, and the same port answers again after a new start."""
    with requests.Session() as session:
        address = service.url
        assert session.get(f"{address}/things", timeout=30).status_code == 200
        service.stop()
        service.stop()
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get(f"{address}/things", timeout=30)
        service.start(int(address.rsplit(":", 1)[1]))
        assert session.get(f"{address}/things", timeout=30).json()["done"] == 2


def test_a_broken_handler_is_remembered(service):
    """The connection is cut and the traceback kept, so that a test can show it."""
    with pytest.raises(requests.exceptions.ConnectionError):
        get(service, "/broken")
    assert "ZeroDivisionError" in service.last_error
