"""The pretend Odoo speaks JSON-2 and XML-RPC as the real one does: shapes, statuses, names, messages (facts: odoo)."""

import xmlrpc.client

import orjson
import pytest

from nexabooks.sandbox.odoo.asking import Asker, Refused
from nexabooks.sandbox.odoo.practice import Practice


@pytest.fixture
def books():
    return Practice()


def test_the_version_is_told_to_everybody(books):
    """GET /web/version needs no key."""
    reply = books.ask.raw("/web/version", b"", verb="GET", headers={"Authorization": ""})
    assert orjson.loads(reply.body) == {"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}


def test_create_always_answers_with_a_list_in_the_order_given(books):
    """One dict, a list and an empty list are all fine."""
    first = books.ask("res.partner", "create", vals_list={"name": "J1"})
    more = books.ask("res.partner", "create", vals_list=[{"name": "J2"}, {"name": "J3"}])
    assert more == [first[0] + 1, first[0] + 2]
    assert books.ask("res.partner", "create", vals_list=[]) == []
    assert books.ask("res.partner", "write", ids=more, vals={"ref": "C", "email": None}) is True
    assert books.ask("res.partner", "read", ids=more[:1], fields=["name", "ref", "email"]) == [
        {"id": more[0], "name": "J2", "ref": "C", "email": False}
    ]
    assert books.ask("res.partner", "unlink", ids=more) is True
    assert books.ask("res.users", "context_get") == {"lang": "en_US", "tz": "America/Toronto", "uid": 2}


CALLS = {
    "no required argument": ("res.partner", "create", {"vals": {}}, 422, "werkzeug.exceptions.UnprocessableEntity", "missing a required argument: 'vals_list'"),
    "an unknown argument": ("res.partner", "search_count", {"domain": [], "x": 1}, 422, "werkzeug.exceptions.UnprocessableEntity", "got an unexpected keyword argument 'x'"),
    "an unknown argument where any is taken": ("res.partner", "search_read", {"domian": []}, 500, "builtins.TypeError", "BaseModel._read_format() got an unexpected keyword argument 'domian'"),
    "ids where there are none": ("res.partner", "search_count", {"ids": [1], "domain": []}, 422, "werkzeug.exceptions.UnprocessableEntity", "cannot call res.partner.search_count with ids"),
    "an unknown model": ("no.model", "search", {"domain": []}, 404, "werkzeug.exceptions.NotFound", "the model 'no.model' does not exist"),
    "a model of the Enterprise edition": ("helpdesk.ticket", "search", {"domain": []}, 404, "werkzeug.exceptions.NotFound", "the model 'helpdesk.ticket' does not exist"),
    "an unknown method": ("res.partner", "nope", {}, 404, "werkzeug.exceptions.NotFound", "The method 'res.partner.nope' does not exist"),
    "a private method": ("res.partner", "_write", {}, 403, "odoo.exceptions.AccessError", "Private methods (such as 'res.partner._write') cannot be called remotely."),
    "an unknown field at create": ("res.partner", "create", {"vals_list": [{"name": "A", "nope": 1}]}, 500, "builtins.ValueError", "Invalid field 'nope' in 'res.partner'"),
    "an unknown field at read": ("res.partner", "read", {"ids": [1], "fields": ["nope"]}, 500, "builtins.ValueError", "Invalid field 'nope' on 'res.partner'"),
    "an unknown field in a domain": ("res.partner", "search", {"domain": [["nope", "=", 1]]}, 500, "builtins.ValueError", "Invalid field res.partner.nope in condition ('nope', '=', 1)"),
    "an unknown field in the order": ("res.partner", "search", {"domain": [], "order": "nope"}, 500, "builtins.ValueError", "Invalid field 'nope' on model 'res.partner'"),
    "a contact without a name": ("res.partner", "create", {"vals_list": [{"email": "a@b.c"}]}, 422, "odoo.exceptions.ValidationError", "The operation cannot be completed: Contacts require a name"),
    "a bad selection value": ("account.move", "create", {"vals_list": [{"move_type": "bogus"}]}, 500, "builtins.ValueError", "Wrong value for account.move.move_type: 'bogus'"),
    "a bad date": ("account.move", "create", {"vals_list": [{"invoice_date": "2026-13-40"}]}, 500, "builtins.ValueError", "time data '2026-13-40' does not match format '%Y-%m-%d'"),
    "a record that is not there": ("res.partner", "write", {"ids": [999999], "vals": {"name": "x"}}, 404, "odoo.exceptions.MissingError", "Record does not exist or has been deleted.\n(Record: res.partner(999999,), User: 2)"),
    "a company of somebody else": ("res.partner", "search", {"domain": [], "context": {"allowed_company_ids": [7]}}, 403, "odoo.exceptions.AccessError", "Access to unauthorized or invalid companies."),
    "a language that is not installed": ("res.partner", "search", {"domain": [], "context": {"lang": "fr_CA"}}, 422, "odoo.exceptions.UserError", "Invalid language code: fr_CA"),
    "what the pretend server does not do": ("project.task", "create", {"vals_list": []}, 501, "nexabooks.sandbox.NotPretended", "The pretend Odoo does not implement the model project.task; the real one does."),
}  # fmt: skip


@pytest.mark.parametrize(("model", "method", "named", "status", "name", "message"), CALLS.values(), ids=CALLS.keys())
def test_a_refusal_has_its_status_its_name_and_its_message(books, model, method, named, status, name, message):
    """Each case of the table of errors."""
    with pytest.raises(Refused) as refused:
        books.ask(model, method, **named)
    assert (refused.value.status, refused.value.name, refused.value.message) == (status, name, message)


def test_the_body_of_a_refusal_carries_a_traceback_that_nobody_should_log(books):
    """name, message, arguments, context and a long debug."""
    with pytest.raises(Refused) as refused:
        books.ask("res.partner", "create", vals_list=[{"email": "x@y.z"}])
    body = orjson.loads(refused.value.body)
    assert body["arguments"] == [body["message"]] and body["context"] == {}
    assert body["debug"].startswith("Traceback") and len(body["debug"]) > 1000


def test_a_wrong_key_and_no_key_are_told_apart(books):
    """401 both, with different messages."""
    for header, message in (
        ("bearer wrong", "Invalid apikey"),
        ("", "User not authenticated, use an API Key with a Bearer Authorization header."),
    ):
        reply = books.ask.raw("/json/2/res.partner/search", b"{}", headers={"Authorization": header})
        body = orjson.loads(reply.body)
        assert (reply.status, body["name"], body["message"]) == (401, "werkzeug.exceptions.Unauthorized", message)
        assert body["arguments"] == [message, 401]
    assert reply.headers["WWW-Authenticate"] == "Bearer "


def test_requests_that_are_no_calls_are_refused(books):
    """Bad JSON, an array as the body, a wrong content type, a wrong database, GET."""
    path = "/json/2/res.partner/search"
    bad = orjson.loads(books.ask.raw(path, b'{"domain": x}').body)
    assert bad["name"] == "werkzeug.exceptions.BadRequest"
    assert bad["message"] == "could not parse the body as json: Expecting value: line 1 column 12 (char 11)"
    assert orjson.loads(books.ask.raw(path, b"[1]").body)["message"] == "missing a required argument: 'domain'"
    wrong_type = books.ask.raw(path, b"{}", headers={"Content-Type": "text/plain"})
    assert (wrong_type.status, wrong_type.content_type) == (415, "text/html")
    wrong_database = books.ask.raw(path, b"{}", headers={"X-Odoo-Database": "other"})
    assert wrong_database.status == 404 and b"No database is selected" in wrong_database.body
    assert books.ask.raw(path, b"{}", headers={"X-Odoo-Database": "books"}).status == 422
    assert (
        orjson.loads(books.ask.raw(path, b"", verb="GET").body)["message"]
        == "Did you mean POST /json/2/<model>/<method>?"
    )


def test_a_call_is_all_or_nothing(books):
    """A create of three with a bad third leaves none."""
    before = books.ask("res.partner", "search_count", domain=[])
    with pytest.raises(Refused):
        books.ask("res.partner", "create", vals_list=[{"name": "A"}, {"name": "B"}, {"email": "no name"}])
    assert books.ask("res.partner", "search_count", domain=[]) == before


RIGHTS = {
    "the billing user may not create contacts": ("billing", "res.partner", "create", {"vals_list": [{"name": "x"}]}, "Contact/Creation"),
    "nor accounts": ("billing", "account.account", "create", {"vals_list": []}, "Accounting/Administrator"),
    "nor fields": ("billing", "ir.model.fields", "create", {"vals_list": []}, "Access Rights"),
    "nor set lock dates": ("billing", "res.company", "write", {"ids": [1], "vals": {}}, "Access Rights"),
    "nor look for external ids": ("billing", "ir.model.data", "search", {"domain": []}, "Access Rights"),
    "the plain user may not create invoices": ("plain", "account.move", "create", {"vals_list": []}, "Accounting/Invoicing"),
    "nobody may create constraints": ("admin", "ir.model.constraint", "create", {"vals_list": []}, "No group currently allows this operation."),
}  # fmt: skip


@pytest.mark.parametrize(("who", "model", "method", "named", "needs"), RIGHTS.values(), ids=RIGHTS.keys())
def test_rights_are_what_the_real_groups_give(books, who, model, method, named, needs):
    """403 AccessError, naming the group that may."""
    ask = Asker(books.service, getattr(books.service, f"{who}_key"))
    with pytest.raises(Refused) as refused:
        ask(model, method, **named)
    assert (refused.value.status, refused.value.name) == (403, "odoo.exceptions.AccessError")
    assert needs in refused.value.message


def test_the_billing_user_does_the_daily_work(books):
    """Invoices, posting, payments, load and reading taxes are his."""
    books.ask.key = books.service.billing_key
    taxes = books.ask("account.tax", "search_count", domain=[["type_tax_use", "=", "sale"]])
    assert taxes == 15
    books.ask.key = books.service.admin_key
    line = books.line(100)
    header = {
        "move_type": "out_invoice",
        "partner_id": books.partner,
        "invoice_date": "2026-10-05",
        "invoice_line_ids": [line],
    }
    books.ask.key = books.service.billing_key
    id = books.ask("account.move", "create", vals_list=[header])[0]
    books.ask("account.move", "action_post", ids=[id])
    books.pay(id)
    assert books.move(id, "payment_state") == "paid"
    loaded = books.ask("account.move", "load", fields=["id", ".id", "ref"], data=[["fc.x", str(id), "R"]])
    assert loaded["ids"] == [id]


class Local(xmlrpc.client.Transport):
    """XML-RPC through the service's own handler."""

    def __init__(self, ask):
        super().__init__()
        self.ask = ask

    def request(self, host, handler, request_body, verbose=False):
        reply = self.ask.raw(handler, request_body)
        return xmlrpc.client.loads(reply.body)[0]


@pytest.fixture
def rpc(books):
    def door(name):
        return xmlrpc.client.ServerProxy(f"http://pretend/xmlrpc/2/{name}", transport=Local(books.ask))

    return door


def test_xmlrpc_authenticates_and_tells_its_version(books, rpc):
    """A bad secret returns False, not a fault."""
    service = books.service
    assert rpc("common").version()["server_serie"] == "19.0"
    assert rpc("common").authenticate("books", "billing", service.billing_key, {}) == 6
    assert rpc("common").authenticate("books", "billing", "wrong", {}) is False


def test_xmlrpc_cannot_return_none_and_says_so_after_the_commit(books, rpc):
    """button_draft faults, and the invoice is a draft all the same; action_post returns False and works."""
    id = books.draft(100)
    credentials = ("books", 2, books.service.admin_key)
    assert rpc("object").execute_kw(*credentials, "account.move", "action_post", [[id]]) is False
    with pytest.raises(xmlrpc.client.Fault, match="cannot marshal None unless allow_none is enabled") as fault:
        rpc("object").execute_kw(*credentials, "account.move", "button_draft", [[id]])
    assert fault.value.faultCode == 1
    assert books.move(id, "state") == "draft"


def test_xmlrpc_cannot_return_numbers_as_keys(books, rpc):
    """So external ids are asked one by one, by either transport."""
    with pytest.raises(xmlrpc.client.Fault, match="dictionary key must be string"):
        rpc("object").execute_kw("books", 2, books.service.admin_key, "account.tax", "get_external_id", [[1]])


def test_xmlrpc_answers_a_dict_with_an_id_and_a_list_with_a_list(books, rpc):
    """JSON-2 would answer both with a list; the context goes in the keyword arguments."""
    credentials = ("books", 2, books.service.admin_key)
    one = rpc("object").execute_kw(*credentials, "res.partner", "create", [{"name": "X1"}])
    two = rpc("object").execute_kw(
        *credentials, "res.partner", "create", [[{"name": "X2"}]], {"context": {"lang": "en_US"}}
    )
    assert two == [one + 1]


FAULTS = {
    "a bad key": ("res.partner", "search", [[]], "wrong", 3, "Access Denied"),
    "an unknown model": ("no.model", "search", [[]], "", 2, "Object no.model doesn't exist"),
    "an unknown method": ("res.partner", "nope", [], "", 1, "res.partner.nope"),
    "a missing record": ("res.partner", "write", [[999999], {"name": "x"}], "", 2, "Record does not exist"),
    "an unknown field": ("res.partner", "create", [{"nope": 1}], "", 1, "builtins.ValueError"),
    "a name that is missing": ("res.partner", "create", [{"email": "x"}], "", 2, "Contacts require a name"),
}


@pytest.mark.parametrize(("model", "method", "args", "key", "code", "says"), FAULTS.values(), ids=FAULTS.keys())
def test_xmlrpc_faults_have_their_codes(books, rpc, model, method, args, key, code, says):
    """The last column of the table of errors."""
    with pytest.raises(xmlrpc.client.Fault) as fault:
        rpc("object").execute_kw("books", 2, key or books.service.admin_key, model, method, args)
    assert fault.value.faultCode == code and says in fault.value.faultString


def test_the_server_listens_on_loopback_and_faults_come_on_demand(books):
    """A cut after the commit leaves the record and no answer."""
    import requests

    service = books.service
    service.start()
    try:
        assert service.url.startswith("http://127.0.0.1:")
        headers = {"Authorization": f"bearer {service.admin_key}"}
        service.faults.add("/json/2/res.partner/create", "cut_after")
        url = f"{service.url}/json/2/res.partner/create"
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.post(url, json={"vals_list": [{"name": "Cut"}]}, headers=headers, timeout=30)
        assert books.ask("res.partner", "search_count", domain=[["name", "=", "Cut"]]) == 1
        service.faults.add("/json/2/res.partner/create", "500")
        answer = requests.post(url, json={"vals_list": [{"name": "Late"}]}, headers=headers, timeout=30)
        assert answer.json()["name"] == "psycopg2.errors.SerializationFailure"
    finally:
        service.stop()
