"""A PDF is fetched by the address that a source gives: bounded, checked, and its address never repeated."""

from __future__ import annotations

import pytest

from nexabooks.clients import files
from nexabooks.clients.files import PdfReader
from nexabooks.errors import NexabooksError, PermanentError, Unreachable
from nexabooks.sandbox.pdf import invented_pdf
from nexabooks.sandbox.serving import Reply, Request, Service

PDF = invented_pdf("an invoice")


class Storage(Service):
    """Files by their path; `asked` keeps what was asked and with which headers."""

    name = "storage"

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, Reply] = {"/a/pdf": Reply(200, PDF, content_type="application/pdf; charset=binary")}
        self.asked: list[Request] = []

    def handle(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.replies.get(request.path, Reply(404, b"", content_type="text/html"))


@pytest.fixture
def storage():
    service = Storage()
    service.start()
    yield service
    service.stop()


def fetch(storage, path: str = "/a/pdf", origin: str = "") -> bytes:
    reader = PdfReader([origin or f"{storage.url}/api/v1"], timeout_s=5)
    try:
        return reader.fetch(f"{storage.url}{path}?token=SECRET", "stripe invoice in_1")
    finally:
        reader.close()


def test_a_pdf_comes_as_it_is_and_no_key_of_ours_goes_there(storage):
    """Its bytes, whatever parameters its type has."""
    assert fetch(storage) == PDF
    (asked,) = storage.asked
    assert "Authorization" not in asked.headers
    assert asked.verb == "GET"


def test_a_redirect_is_followed_where_it_may_be_read(storage):
    """Lago's address is one of a redirect to its storage; one that leads to plain http elsewhere is not followed."""
    storage.replies["/r"] = Reply(302, b"", {"Location": "/a/pdf"})
    assert fetch(storage, "/r") == PDF
    storage.replies["/r"] = Reply(302, b"", {"Location": "http://169.254.169.254/latest/meta-data"})
    with pytest.raises(PermanentError, match=r"not taken from 169\.254\.169\.254: it is not offered over https"):
        fetch(storage, "/r")
    storage.replies["/r"] = Reply(302, b"", {"Location": "/r"})
    with pytest.raises(PermanentError, match="redirects more than 3 times"):
        fetch(storage, "/r")


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        pytest.param(Reply(200, PDF, content_type="text/html"), PermanentError, "it is text/html", id="another type"),
        pytest.param(
            Reply(200, b"<html>", content_type="application/pdf"), PermanentError, "no PDF", id="not what it says"
        ),
        pytest.param(
            Reply(200, PDF + bytes(2000), content_type="application/pdf"), PermanentError, "larger than", id="too large"
        ),
        pytest.param(Reply(404, b""), PermanentError, "HTTP 404. Another attempt will not help", id="gone"),
        pytest.param(Reply(503, b""), Unreachable, "HTTP 503. Another attempt may succeed", id="not now"),
    ],
)
def test_what_is_no_pdf_is_refused_in_a_sentence_without_its_address(storage, reply, kind, says, monkeypatch):
    """The address opens the document for whoever has it: the sentence names the invoice and the host."""
    monkeypatch.setattr(files, "LIMIT_BYTES", len(PDF) + 1000)
    storage.replies["/a/pdf"] = reply
    with pytest.raises(NexabooksError, match=says) as error:
        fetch(storage)
    assert type(error.value) is kind
    assert "stripe invoice in_1" in str(error.value)
    assert "SECRET" not in str(error.value)
    assert "/a/pdf" not in str(error.value)


def test_a_host_that_does_not_answer_may_do_so_later(storage):
    """Cut, or nobody there."""
    storage.faults.add("/a/pdf", "cut_before")
    with pytest.raises(Unreachable, match="the connection failed") as error:
        fetch(storage)
    assert "SECRET" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    ["http://example.com/a.pdf", "ftp://example.com/a.pdf", "file:///etc/passwd", "https://", "", "http://[broken"],
)
def test_only_https_is_read(url):
    """Plain http is for the pretend services alone, and their settings must name loopback."""
    reader = PdfReader(["http://example.com", "https://api.stripe.com"])
    with pytest.raises(PermanentError, match="was not taken"):
        reader.fetch(url, "stripe invoice in_1")
    reader.close()


def test_plain_http_on_loopback_is_read_only_where_a_source_is(storage):
    """Another port of this machine is another service."""
    with pytest.raises(PermanentError, match="not offered over https"):
        fetch(storage, origin="http://127.0.0.1:1")
