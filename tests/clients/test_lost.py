"""A wrong address is told from a moment's trouble as far as the machine can tell, and its setting is named."""

from __future__ import annotations

import socket

import pytest
import requests

from nexabooks.clients.http import ReadOnlyWire
from nexabooks.clients.limits import Limiter
from nexabooks.clients.odoo import server_version
from nexabooks.clients.odoo_json2 import lost_connection
from nexabooks.errors import NexabooksError, PermanentError, SettingsError, Unreachable
from nexabooks.sandbox.serving import Reply, Request, Service
from nexabooks.settings import Settings
from nexabooks.sources.registry import SOURCES

pytestmark = pytest.mark.usefixtures("waits")

PAGE = Reply(200, b"\n<!doctype html><title>Welcome</title>", content_type="text/html")


class Page(Service):
    """Something else that listens at the address: it answers every path with `reply`."""

    name = "page"
    reply = PAGE

    def handle(self, request: Request) -> Reply:
        return self.reply


@pytest.fixture
def page():
    service = Page()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def resolver(monkeypatch):
    """The resolver of the machine, made to answer every name with one error."""

    def says(code: int) -> None:
        def getaddrinfo(*_, **__):
            raise socket.gaierror(code, "as the machine says it")

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return says


def asked(url: str, attempts: int = 3) -> NexabooksError:
    """What asking a wire at `url` ends with."""
    wire = ReadOnlyWire("lago", url, limiter=Limiter(100_000), attempts=attempts, setting="NEXABOOKS_LAGO_URL")
    with pytest.raises(NexabooksError) as raised:
        wire.get("fees", what="fees, page 1")
    wire.close()
    return raised.value


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_NODATA])
def test_a_name_that_nobody_has_is_a_persons_work_and_asked_once(resolver, waits, code):
    """Most likely the setting is wrong; that looking names up may fail for a moment is said too."""
    resolver(code)
    error = asked("http://lago.exmaple/api/v1")
    assert type(error) is PermanentError
    assert waits == []
    assert str(error) == (
        "lago could not be asked for fees, page 1 at http://lago.exmaple/api/v1: there is no host of that name. Look at "
        "NEXABOOKS_LAGO_URL: it is most likely wrong; if it is right, the name could not be looked up for a moment, and a later "
        "run succeeds."
    )


def test_a_resolver_that_cannot_tell_now_is_asked_again(resolver, waits):
    """It said nothing of the name."""
    resolver(socket.EAI_AGAIN)
    error = asked("http://lago.example/api/v1")
    assert isinstance(error, Unreachable)
    assert len(waits) == 2
    assert (
        "its name cannot be looked up just now. Another attempt may succeed; if it stays so, look at NEXABOOKS_LAGO_URL."
        in str(error)
    )


def test_a_port_at_which_nobody_listens_names_the_setting(page, waits):
    """The service may be down, or the port another one."""
    url = page.url
    page.stop()
    error = asked(url)
    assert isinstance(error, Unreachable)
    assert len(waits) == 2
    assert "nothing listens there. Another attempt may succeed; if it stays so, look at NEXABOOKS_LAGO_URL." in str(
        error
    )


@pytest.mark.parametrize(("status", "kind"), [(200, Unreachable), (404, PermanentError), (503, Unreachable)])
def test_a_web_page_in_the_place_of_json_names_the_setting(page, status, kind):
    """Another service at this address, or a page that stands before the right one for a moment."""
    page.reply = Reply(status, PAGE.body, content_type="text/html")
    error = asked(page.url, attempts=1)
    assert isinstance(error, kind)
    assert str(error).endswith("A web page came: if that stays so, look at host, port and path in NEXABOOKS_LAGO_URL.")


def test_a_body_that_was_cut_says_nothing_of_the_address(page):
    """It began as JSON."""
    page.reply = Reply(200, b'{"fees": [')
    assert "NEXABOOKS_LAGO_URL" not in str(asked(page.url, attempts=1))


@pytest.mark.parametrize("name", ["stripe", "lago", "vtiger"])
def test_each_source_names_its_own_setting(resolver, name):
    """The sentence is read by whoever has to change it."""
    resolver(socket.EAI_NONAME)
    settings = Settings(
        _env_file=None, stripe_api_key="rk_1", lago_api_key="k", vtiger_username="u", vtiger_access_key="k",
        **{f"{name}_url": "https://nobody.example/api/v1"},
    )  # fmt: skip
    source = SOURCES[name]
    with pytest.raises(PermanentError, match=f"Look at NEXABOOKS_{name.upper()}_URL"), source.open(settings) as session:
        next(iter(session.read(source.streams[0], None)))


def test_odoos_first_contact_says_that_its_name_is_wrong(resolver):
    """Before anything is sent."""
    resolver(socket.EAI_NONAME)
    with pytest.raises(
        PermanentError, match=r"at http://odoo\.exmaple: there is no host of that name. Look at NEXABOOKS_ODOO_URL"
    ):
        server_version("http://odoo.exmaple")


def test_a_page_is_no_odoo(page):
    """Such as the front page of something else on that port."""
    with pytest.raises(SettingsError, match=r"There is no Odoo at http.*a web page came"):
        server_version(page.url)


def test_in_the_middle_of_a_run_odoos_name_was_known_a_moment_ago(resolver):
    """So nothing is refused for it: what was not sent may be sent again."""
    resolver(socket.EAI_NONAME)
    with pytest.raises(requests.exceptions.ConnectionError) as raised:
        requests.get("http://odoo.example", timeout=1)
    error = lost_connection(raised.value, "account.move/create", is_write=True)
    assert isinstance(error, Unreachable)
    assert "there is no host of that name (NEXABOOKS_ODOO_URL)" in str(error)
