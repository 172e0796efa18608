"""The Odoo client against a scripted server: what is sent, what each answer is, what is repeated and what never is."""

from __future__ import annotations

import xmlrpc.client
from contextlib import suppress
from decimal import Decimal

import orjson
import psycopg2.errorcodes
import psycopg2.errors
import pytest

from nexabooks.clients.odoo import OdooReader, OdooWriter, open_odoo, server_version
from nexabooks.clients.odoo_errors import KeyRefused, RowsRefused, error_of
from nexabooks.clients.odoo_json2 import Json2, decode, encode
from nexabooks.clients.odoo_xmlrpc import XmlRpc, parse_answer
from nexabooks.errors import (
    AccessRefused,
    LedgerRefused,
    PermanentError,
    SettingsError,
    TransientError,
    UnclearOutcome,
    Unreachable,
)
from nexabooks.sandbox.serving import Reply, Request, Service, json_reply
from nexabooks.settings import Settings


class Scripted(Service):
    """Answers what the test says, and remembers what was asked."""

    name = "scripted"

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[Reply] = []
        self.asked: list[Request] = []

    def handle(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def body(self, index: int = -1) -> dict:
        return orjson.loads(self.asked[index].body)


@pytest.fixture
def server():
    service = Scripted()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def client(server):
    with OdooWriter(Json2(server.url, "books", "a-key", timeout_s=2), 7, attempts=2) as client:
        yield client


def odoo_error(name: str, message: str, status: int) -> Reply:
    return json_reply({"name": name, "message": message, "debug": "Traceback: secret"}, status)


ERRORS = {
    "a wrong key": ("werkzeug.exceptions.Unauthorized", 401, KeyRefused),
    "a missing right": ("odoo.exceptions.AccessError", 403, AccessRefused),
    "an unknown model": ("werkzeug.exceptions.NotFound", 404, PermanentError),
    "a missing record": ("odoo.exceptions.MissingError", 404, LedgerRefused),
    "a refused record": ("odoo.exceptions.ValidationError", 422, LedgerRefused),
    "an unknown argument": ("werkzeug.exceptions.UnprocessableEntity", 422, PermanentError),
    "an unknown field, with HTTP 500": ("builtins.ValueError", 500, PermanentError),
    "a conflict, with HTTP 500": ("psycopg2.errors.SerializationFailure", 500, TransientError),
    "a database that restarts": ("psycopg2.OperationalError", 500, TransientError),
    "a value that the database refuses": ("psycopg2.errors.NumericValueOutOfRange", 500, LedgerRefused),
    "a lock": ("odoo.exceptions.LockError", 409, TransientError),
}


@pytest.mark.parametrize(("name", "status", "kind"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_is_what_its_name_says_and_not_its_status(server, client, name, status, kind):
    """The traceback in `debug` is never shown; whether to try again is always said."""
    server.replies = [odoo_error(name, "Contacts require a name", status)]
    with pytest.raises(kind) as caught:
        client.write_call("res.partner", "create", vals_list=[{}])
    assert type(caught.value) is kind
    assert "Contacts require a name" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert len(server.asked) == 1


# SQLSTATE class, or code, of what passes: a lost connection, an undone transaction, no resources, a server going down.
PASSES = ("08", "40", "53", "57", "55P03", "25P03")
STAYS = {"08P01", "40002", "53400", "57P04"}  # a protocol error, a constraint, a limit, a database that was dropped


NAMED = sorted(code for name, code in vars(psycopg2.errorcodes).items() if name.isupper() and len(str(code)) == 5)


def test_what_postgresql_says_in_passing_is_worth_another_attempt_and_nothing_else():
    """By the name that its driver gives each SQLSTATE, which is what Odoo answers; 25006 is a server that is not yet, or no
    longer, the one that is written to."""
    named = {}
    for state in NAMED:
        with suppress(KeyError):  # some codes have no error of their own
            named[state] = f"psycopg2.errors.{psycopg2.errors.lookup(state).__name__}"
    passing = {s for s, name in named.items() if error_of(name, "said", what="account.move/action_post").may_retry}
    assert passing - {"25006"} == {s for s in named if s.startswith(PASSES) and s not in STAYS}


BUTTON = "{'view_mode': 'list', 'domain': [('id', 'in', [4])]}"
BUTTONS = {
    "by JSON-2": f"There are still drafts.\n{BUTTON}\nShow them\nNone",
    "by XML-RPC": f"('There are still drafts.', {BUTTON}, 'Show them', None)",
}


@pytest.mark.parametrize("name", BUTTONS)
def test_a_refusal_with_a_button_is_said_without_it(name):
    """Nobody can press it here."""
    said = str(error_of("odoo.exceptions.RedirectWarning", BUTTONS[name], what="res.company/write"))
    assert said == "Odoo refused res.company/write: There are still drafts. Another attempt will not help."


def test_every_call_names_its_company(server, client):
    """Without it a user of two companies gets the taxes of both; the key is in a header, never in the body."""
    server.replies = [json_reply(3)]
    assert client.search_count("res.partner", [["id", ">", 0]]) == 3
    assert server.body() == {"domain": [["id", ">", 0]], "context": {"allowed_company_ids": [7]}}
    assert server.asked[0].path == "/json/2/res.partner/search_count"
    assert server.asked[0].headers["Authorization"] == "bearer a-key"
    assert server.asked[0].headers["X-Odoo-Database"] == "books"


@pytest.mark.parametrize("kind", ["500", "502", "cut_before", "cut_after", "malformed"])
def test_a_read_is_repeated_and_a_write_never_is(server, client, kind):
    """After a write without an answer somebody must look first."""
    server.replies = [json_reply([1])]
    server.faults.add("search_read", kind)
    assert client.search_read("res.partner", [], ["id"]) == [1]
    server.faults.add("create", kind)
    calls = len(server.faults.calls)
    with pytest.raises(UnclearOutcome, match="look before acting again"):
        client.write_call("res.partner", "create", vals_list=[{}])
    assert len(server.faults.calls) == calls + 1


def test_a_slow_write_is_unclear(server):
    """No answer in time is neither a failure nor a success."""
    server.replies = [json_reply([1])]
    server.faults.add("create", "slow", slow_s=0.5)
    client = OdooWriter(Json2(server.url, "books", "a-key", timeout_s=0.1), 1)
    with pytest.raises(UnclearOutcome, match="no answer in time"):
        client.write_call("res.partner", "create", vals_list=[{}])
    client.close()


def test_a_server_that_is_down_was_never_asked(server, client):
    """A refused connection sent nothing, so a write may simply be tried again."""
    server.stop()
    with pytest.raises(Unreachable):
        client.write_call("res.partner", "create", vals_list=[{}])


def test_an_html_404_is_a_wrong_database(server, client):
    """Odoo answers a wrong X-Odoo-Database with a page, not with JSON."""
    server.replies = [Reply(404, b"<html>No database is selected</html>", content_type="text/html")]
    with pytest.raises(SettingsError, match="NEXABOOKS_ODOO_DATABASE"):
        client.search_count("res.partner", [])


@pytest.mark.parametrize(
    "method", ["create", "write", "unlink", "load", "action_post", "reconcile", "message_post", "copy"]
)
def test_the_reading_face_refuses_every_writing_method(server, method):
    """Before anything is sent."""
    server.replies = [json_reply(True)]
    reader = OdooReader(Json2(server.url, "books", "a-key", timeout_s=2), 1)
    with pytest.raises(PermanentError, match="only reads"):
        reader.call("account.move", method)
    assert server.asked == []
    assert not hasattr(reader, "write_call")
    reader.close()


def test_load_gives_ids_or_odoos_own_words(server, client):
    """`load` answers HTTP 200 also when it refuses."""
    server.replies = [json_reply({"ids": [4, 5], "messages": [], "nextrow": 0})]
    assert client.load("res.partner", ["id", "name"], [["nexabooks.a", "A"], ["nexabooks.b", "B"]]) == [4, 5]
    messages = [{"type": "error", "message": "Contacts require a name", "record": 1}]
    server.replies = [json_reply({"ids": False, "messages": messages})]
    with pytest.raises(RowsRefused, match="Contacts require a name"):
        client.load("res.partner", ["id", "name"], [["nexabooks.a", ""]])
    conflict = [{"type": "error", "message": "could not serialize access due to concurrent update\n"}]
    server.replies = [json_reply({"ids": False, "messages": conflict})]
    with pytest.raises(TransientError, match="may succeed"):
        client.load("res.partner", ["id", "name"], [["nexabooks.a", "A"]])


def test_pages_go_by_id_and_end(server, client):
    """A page that is not full is the last; one out of order is refused rather than read for ever."""
    pages = [[{"id": 1}, {"id": 2}], [{"id": 5}]]
    server.replies = [json_reply(page) for page in pages]
    assert [records for _, records in client.pages("res.partner", [], ["id"], size=2)] == pages
    assert [server.body(i)["domain"] for i in (0, 1)] == [[["id", ">", 0]], [["id", ">", 2]]]
    server.replies = [json_reply([{"id": 1}, {"id": 2}])]
    with pytest.raises(PermanentError, match="out of order"):
        list(client.pages("res.partner", [], ["id"], size=2))


def test_amounts_keep_their_digits_in_both_directions():
    """A Decimal is written as it is and a number is read as it stands; a float is refused."""
    assert encode({"amount": Decimal("-3.93"), "big": Decimal("1E+3")}) == b'{"amount":-3.93,"big":1000}'
    assert decode(b'{"a": 3403.46, "b": 0.1}') == {"a": Decimal("3403.46"), "b": Decimal("0.1")}
    with pytest.raises(TypeError, match="float"):
        encode({"lines": [[0, 0, {"price_unit": 0.1}]]})


def test_the_version_chooses_the_transport(server):
    """19 speaks JSON-2, 17 and 18 speak XML-RPC and need a login, 16 is refused."""
    settings = Settings(odoo_url=server.url, odoo_database="books", odoo_api_key="k", _env_file=None)
    for major, expected in ((19, Json2), (20, Json2)):
        server.replies = [json_reply({"version_info": [major, 0, 0, "final", 0, ""], "version": f"{major}.0"})]
        with open_odoo(settings) as client:
            assert isinstance(client._transport, expected)
            assert type(client) is OdooReader
    for major in (18, 17):
        server.replies = [json_reply({"version_info": [major, 0, 0, "final", 0, ""]})]
        with pytest.raises(SettingsError, match="NEXABOOKS_ODOO_LOGIN"):
            open_odoo(settings)
        with open_odoo(settings.model_copy(update={"odoo_login": "bot"}), "write") as client:
            assert isinstance(client._transport, XmlRpc)
            assert (type(client), client.major_version) == (OdooWriter, major)
    server.replies = [json_reply({"version_info": [16, 0, 0, "final", 0, ""]})]
    with pytest.raises(SettingsError, match=r"Odoo 16 .* is too old: 17 is the oldest"):
        open_odoo(settings)


LOGINS = {
    "an administrator of his own": ({"odoo_admin_login": "boss"}, "boss"),
    "one user for both": ({}, "bot"),
}


@pytest.mark.parametrize("name", LOGINS)
def test_an_older_server_is_told_whose_key_the_admin_key_is(server, name):
    """By JSON-2 a key says so itself."""
    more, login = LOGINS[name]
    server.replies = [json_reply({"version_info": [18, 0, 0, "final", 0, ""]})]
    found = Settings(
        odoo_url=server.url,
        odoo_database="books",
        odoo_api_key="k",
        odoo_admin_key="a",
        odoo_login="bot",
        _env_file=None,
        **more,
    )
    with open_odoo(found, "admin") as admin, open_odoo(found, "write") as client:
        assert (admin._transport.login, client._transport.login) == (login, "bot")


def test_an_older_server_tells_its_version_by_xmlrpc(server):
    """/web/version is not on every server."""
    answer = xmlrpc.client.dumps(({"server_version_info": [17, 0]},), methodresponse=True)
    server.replies = [Reply(404, b"<html/>", content_type="text/html"), Reply(200, answer.encode())]
    assert server_version(server.url) == 17


def test_something_that_is_no_odoo_is_said_so(server):
    """A wrong address is a setting, not a riddle."""
    server.replies = [Reply(404, b"<html/>", content_type="text/html")]
    with pytest.raises(SettingsError, match="There is no Odoo"):
        server_version(server.url)


def test_missing_settings_are_named_together():
    """Before anything is sent."""
    with pytest.raises(SettingsError, match="NEXABOOKS_ODOO_URL, NEXABOOKS_ODOO_DATABASE, NEXABOOKS_ODOO_ADMIN_KEY"):
        open_odoo(Settings(_env_file=None), "admin")


def answer(value) -> Reply:
    return Reply(
        200, xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True).encode(), content_type="text/xml"
    )


def fault(code: int, words: str) -> Reply:
    return Reply(200, xmlrpc.client.dumps(xmlrpc.client.Fault(code, words)).encode(), content_type="text/xml")


@pytest.fixture
def older(server):
    client = OdooWriter(XmlRpc(server.url, "books", "bot", "a-key", timeout_s=2), 7, attempts=2)
    yield client
    client.close()


def test_xmlrpc_sends_the_same_call(server, older):
    """The key stands in the place of the password, the context among the named arguments, a list for `create`."""
    server.replies = [answer(9), answer([14])]
    assert older.write_call("res.partner", "create", vals_list=[{"name": "A", "amount": Decimal("0.10")}]) == [14]
    params, method = xmlrpc.client.loads(server.asked[1].body)
    assert method == "execute_kw"
    assert params[:5] == ("books", 9, "a-key", "res.partner", "create")
    assert params[5] == [[{"name": "A", "amount": 0.10}]]
    assert params[6] == {"context": {"allowed_company_ids": [7]}}
    assert b"<double>0.10</double>" in server.asked[1].body


FAULTS = {
    "no access": (3, "Access Denied", KeyRefused),
    "no right": (4, "You are not allowed", AccessRefused),
    "a refused record": (2, "Contacts require a name", LedgerRefused),
    "a traceback": (1, "Traceback…\nValueError: Invalid field 'nope' in 'res.partner'", PermanentError),
    "a conflict": (1, "Traceback…\npsycopg2.errors.SerializationFailure: could not serialize access", TransientError),
    "a lock": (2, "Cannot grab a lock on records", TransientError),
    "a deadlock": (
        1,
        'Traceback…\n  File "sql_db.py", line 4, in execute\n    self._obj.execute()\n'
        "psycopg2.errors.DeadlockDetected: deadlock detected\nDETAIL:  Process 1 waits.\nHINT:  See server log.",
        TransientError,
    ),
    "a value that the database refuses": (
        1,
        'Traceback…\n  File "sql_db.py", line 4, in execute\n    self._obj.execute()\n'
        "psycopg2.errors.NumericValueOutOfRange: integer out of range\n",
        LedgerRefused,
    ),
}


@pytest.mark.parametrize(("code", "words", "kind"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_what_its_code_says(server, older, code, words, kind):
    """Only the last line of a traceback is shown."""
    server.replies = [answer(9), fault(code, words)]
    with pytest.raises(kind) as caught:
        older.write_call("res.partner", "write", ids=[1], vals={})
    assert "Traceback" not in str(caught.value)


def test_xmlrpc_sends_values_by_their_place(server, older):
    """An older Odoo has models that name them otherwise: `ResCompany.write(self, values)`."""
    server.replies = [answer(9), answer(True)]
    older.write_call("res.company", "write", ids=[1], vals={"name": "A"})
    params, _ = xmlrpc.client.loads(server.asked[1].body)
    assert params[5:] == ([[1], {"name": "A"}], {"context": {"allowed_company_ids": [7]}})


def test_a_none_that_cannot_be_sent_means_done(server, older):
    """The fault comes after the commit (facts: odoo "XML-RPC calls")."""
    server.replies = [answer(9), fault(1, "TypeError: cannot marshal None unless allow_none is enabled")]
    assert older.write_call("account.move", "button_draft", ids=[1]) is None


def test_xmlrpc_leaves_out_what_xml_cannot_hold(server, older):
    """One control character in one description would make the whole call unreadable."""
    server.replies = [answer(9), answer([14])]
    older.write_call("res.partner", "create", vals_list=[{"name": "A\x0b\x00<B>\tC"}])
    assert xmlrpc.client.loads(server.asked[1].body)[0][5] == [[{"name": "A<B>\tC"}]]


def test_xmlrpc_reads_amounts_by_their_digits(server, older):
    """And shows them as JSON-2 would."""
    server.replies = [answer(9), answer([{"id": 1, "amount_total": 3403.46, "name": False}])]
    assert older.search_read("account.move", [], ["amount_total"]) == [
        {"id": 1, "amount_total": Decimal("3403.46"), "name": False}
    ]


def test_a_login_that_is_not_accepted_is_a_wrong_key(server, older):
    """A bad secret returns False, not a fault."""
    server.replies = [answer(False)]
    with pytest.raises(KeyRefused):
        older.search_count("res.partner", [])


def test_what_is_not_xmlrpc_is_said_so():
    """A cut answer is no answer."""
    with pytest.raises(ValueError, match="not XML-RPC"):
        parse_answer(b"<?xml version='1.0'?><methodResp")


def test_an_unknown_error_name_is_a_persons_work():
    """Nothing is retried that nobody understands."""
    assert type(error_of("some.NewError", "What", what="x/y")) is PermanentError
