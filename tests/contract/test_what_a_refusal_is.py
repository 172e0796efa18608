"""Every way in which Odoo says no that can be provoked: which of our errors it is, and whether another attempt may help.

Where two wordings are given, the second is that of Odoo 18.
The names and statuses are those of facts: odoo "Errors"; the two transports name them differently and mean the same.
"""

from __future__ import annotations

import pytest
import requests

from nexabooks.clients.odoo_errors import KeyRefused, RowsRefused, error_of_answer
from nexabooks.clients.odoo_json2 import Json2, decode
from nexabooks.errors import AccessRefused, LedgerRefused, NexabooksError, PermanentError, SettingsError
from nexabooks.settings import secret
from tests.contract.test_what_the_ledger_relies_on import invoice, partner, post

GONE = 999_999_999
# What was wrong -> (model, method, arguments, our error, Odoo's words). `{p}` stands for a customer of this run.
REFUSALS = {
    "a private method": ("res.partner", "_write", {"ids": ["{p}"], "vals": {}}, AccessRefused, "Private methods"),
    "no right to create": (
        "account.account",
        "create",
        {"vals_list": [{"code": "9", "name": "N", "account_type": "income"}]},
        AccessRefused,
        "not allowed to create 'Account'",
    ),
    "no right to read": ("ir.model.data", "search_count", {"domain": []}, AccessRefused, "not allowed to access"),
    "an unknown model": ("no.model", "search_count", {"domain": []}, PermanentError, "no.model' does|no.model doesn't"),
    "an unknown method": ("res.partner", "nope", {}, PermanentError, "The method '(res.partner.)?nope' does not exist"),
    "a record that is gone": (
        "res.partner",
        "write",
        {"ids": [GONE], "vals": {"name": "A"}},
        LedgerRefused,
        "does not exist or has been deleted",
    ),
    "an action on a record that is gone": ("account.move", "action_post", {"ids": [GONE]}, LedgerRefused, "deleted"),
    "a link to a record that is gone": (
        "account.move",
        "create",
        {"vals_list": [{"move_type": "out_invoice", "partner_id": GONE}]},
        LedgerRefused,
        "res.partner",
    ),
    "a record without its name": (
        "res.partner",
        "create",
        {"vals_list": [{"email": "a@b.example"}]},
        LedgerRefused,
        "Contacts require a name",
    ),
    "a missing argument": ("res.partner", "search_count", {}, PermanentError, "argument: 'domain'"),
    "an unknown argument": (
        "res.partner",
        "search_count",
        {"domain": [], "x": 1},
        PermanentError,
        "unexpected keyword argument 'x'",
    ),
    "an unknown argument of a method that passes them on": (
        "res.partner",
        "search_read",
        {"domain": [], "fields": ["name"], "domian": []},
        PermanentError,
        "unexpected keyword argument 'domian'",
    ),
    "ids where none are wanted": (
        "res.partner",
        "search_count",
        {"ids": ["{p}"], "domain": []},
        PermanentError,
        "search_count",
    ),
    "an unknown field to create": (
        "res.partner",
        "create",
        {"vals_list": [{"nope": 1}]},
        PermanentError,
        "Invalid field 'nope' (in|on model) 'res.partner'",
    ),
    "an unknown field to read": (
        "res.partner",
        "read",
        {"ids": ["{p}"], "fields": ["nope"]},
        PermanentError,
        "Invalid field 'nope' on (model )?'res.partner'",
    ),
    "an unknown field to search": (
        "res.partner",
        "search_count",
        {"domain": [["nope", "=", 1]]},
        PermanentError,
        "Invalid field res.partner.nope in (condition|leaf)",
    ),
    "an unknown field to order by": (
        "res.partner",
        "search_read",
        {"domain": [], "fields": ["name"], "order": "nope"},
        PermanentError,
        "Invalid field 'nope' on model",
    ),
    "an unknown column to load": (
        "res.partner",
        "load",
        {"fields": ["id", "nope"], "data": [["a.b", "1"]]},
        PermanentError,
        "Invalid field name 'nope'|KeyError: 'nope'",
    ),
    "a kind that is not in the list": (
        "account.move",
        "create",
        {"vals_list": [{"move_type": "bogus"}]},
        PermanentError,
        "Wrong value for account.move.move_type: 'bogus'",
    ),
    "a day that does not exist": (
        "account.move",
        "create",
        {"vals_list": [{"move_type": "out_invoice", "invoice_date": "2026-13-40"}]},
        PermanentError,
        "does not match format",
    ),
    "several where one is wanted": (
        "account.move",
        "message_post",
        {"ids": ["{m}", "{n}"], "body": "A"},
        PermanentError,
        "Expected singleton: account.move",
    ),
    "text where a number belongs": (
        "res.partner",
        "search_count",
        {"domain": [["id", "=", "abc"]]},
        LedgerRefused,
        "invalid input syntax for type integer",
    ),
    "making a key from outside": ("res.users.apikeys", "generate", {}, PermanentError, "does not exist"),
    "a language that is not installed": (
        "res.partner",
        "search_count",
        {"domain": [], "context": {"lang": "fr_CA"}},
        LedgerRefused,
        "Invalid language code",
    ),
}


def needs_json2(server) -> None:
    if server.version < 19:
        pytest.skip("before 19 there is no JSON-2")


def is_plain(error: NexabooksError) -> bool:
    """Whether no part of a traceback is in the sentence."""
    return not any(sign in str(error) for sign in ("Traceback", 'File "', "\n"))


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_never_worth_another_attempt(server, name):
    """Whatever status or fault it comes with, and its traceback stays behind."""
    if name == "a language that is not installed" and server.version < 18:
        pytest.skip("17 answers in English")
    model, method, arguments, kind, words = REFUSALS[name]
    records = {"{p}": lambda: partner(server)} | {
        f"{{{n}}}": lambda n=n: invoice(server, f"no_{n}", ["1.00"]) for n in "mn"
    }
    arguments = dict(arguments)
    if "ids" in arguments:
        arguments["ids"] = [records[id]() if id in records else id for id in arguments["ids"]]
    with pytest.raises(kind, match=words) as caught:
        server.client.write_call(model, method, **arguments)
    assert not caught.value.may_retry
    assert is_plain(caught.value)


def test_what_is_gone_is_left_out_of_a_read(server):
    """And is no error."""
    id = partner(server)
    assert [r["id"] for r in server.client.read("res.partner", [GONE, id], ["name"])] == [id]


def test_a_wrong_key_is_said_so(server):
    """The next one is a person's work."""
    with server.other(key="0" * 40) as client, pytest.raises(KeyRefused, match="Renew the API key") as caught:
        client.search_count("res.partner", [])
    assert is_plain(caught.value)


def test_a_wrong_database_is_a_wrong_setting(server):
    """And no reason to try again."""
    with (
        server.other(database="nb_there_is_none") as client,
        pytest.raises(SettingsError, match="ODOO_DATABASE") as caught,
    ):
        client.search_count("res.partner", [])
    assert not caught.value.may_retry
    assert is_plain(caught.value)


def test_a_company_that_is_not_ours_is_refused(server):
    """`allowed_company_ids` goes with every call."""
    with (
        server.other(company_id=9_999) as client,
        pytest.raises(AccessRefused, match="unauthorized or invalid companies"),
    ):
        client.search_count("res.partner", [])


def test_a_code_that_is_taken_is_refused(server):
    """An account's and a journal's, also for the administrator."""
    code = server.books.accounts["NCR.HOSTIN"].code
    vals = {"code": code, "name": "Again", "account_type": "income"}
    with pytest.raises(LedgerRefused, match=r"Account codes must be unique|code of the account must be unique"):
        server.admin.write_call("account.account", "create", vals_list=[vals])
    journal = {"code": server.books.payment_journals["NCSTR"].code, "name": "Again", "type": "bank"}
    with pytest.raises(LedgerRefused, match="Journal codes must be unique"):
        server.admin.write_call("account.journal", "create", vals_list=[journal])


def test_a_field_must_be_ours_by_its_name_and_only_once(server):
    """As `nexabooks odoo setup` makes them."""
    ids = {
        r["model"]: r["id"] for r in server.admin.search_read("ir.model", [["model", "=", "account.move"]], ["model"])
    }
    own = {"model_id": ids["account.move"], "field_description": "Again", "ttype": "char"}
    for name, words in (("fc_own", "must have a name that starts with 'x_'"), ("x_fc_run_id", "unique per model")):
        with pytest.raises(LedgerRefused, match=words):
            server.admin.write_call("ir.model.fields", "create", vals_list=[own | {"name": name}])


def test_a_bad_cell_of_a_load_is_named_and_nothing_is_written(server):
    """Odoo answers HTTP 200."""
    sent = [[server.key("cell"), "Cell", "base.nope"]]
    with pytest.raises(RowsRefused, match=r"external id 'base\.nope'") as caught:
        server.client.load("res.partner", ("id", "name", "country_id/id"), sent)
    assert len(caught.value.messages) == 1
    assert server.holds("res.partner", "cell") is None


POSTS = {
    "no lines": ({"invoice_line_ids": []}, "Even magicians can't post nothing|You need to add a line before posting"),
    "no customer": ({"partner_id": False}, "The 'Customer' field is required|The field 'Customer' is required"),
    "a negative total": (None, "negative total amount"),
}


@pytest.mark.parametrize("name", POSTS)
def test_what_cannot_be_posted_stays_a_draft(server, name):
    """Odoo takes the draft and refuses the post."""
    vals, words = POSTS[name]
    if vals is None:
        id = invoice(server, "post_negative", ["-10.00"])
    else:
        given = {"move_type": "out_invoice", "partner_id": partner(server), "invoice_date": "2026-10-05"}
        given["invoice_line_ids"] = [[0, 0, {"name": "A", "price_unit": 1, "tax_ids": [[6, 0, []]]}]]
        (id,) = server.client.write_call("account.move", "create", vals_list=[given | vals])
    with pytest.raises(LedgerRefused, match=words):
        post(server, id)
    assert server.client.read("account.move", [id], ["state"])[0]["state"] == "draft"


# What not even an administrator may: (model, method, arguments, our error, Odoo's words).
ADMIN_REFUSALS = {
    "a constraint of his own": (
        "ir.model.constraint",
        "create",
        {"vals_list": [{"name": "mine"}]},
        AccessRefused,
        "No group currently allows this operation",
    ),
    "an external id that is taken": (
        "ir.model.data",
        "create",
        {"vals_list": [{"module": "base", "name": "user_admin", "model": "res.users", "res_id": 2}]},
        LedgerRefused,
        "ir_model_data_module_name_uniq_index",
    ),
    "a savepoint in a server action": (
        "ir.actions.server",
        "create",
        {
            "vals_list": [
                {"name": "A", "model_id": "{move}", "state": "code", "code": "with env.cr.savepoint():\n    pass"}
            ]
        },
        LedgerRefused,
        "forbidden opcode",
    ),
}


@pytest.mark.parametrize("name", ADMIN_REFUSALS)
def test_what_an_administrator_may_not_either(server, name):
    """A constraint, a second meaning of a name, a transaction of his own within a call."""
    if server.version < 19 and name == "a constraint of his own":
        pytest.skip("before 19 an administrator may")
    model, method, arguments, kind, words = ADMIN_REFUSALS[name]
    move = server.admin.search_read("ir.model", [["model", "=", "account.move"]], ["id"])[0]["id"]
    vals = [{k: move if v == "{move}" else v for k, v in given.items()} for given in arguments["vals_list"]]
    with pytest.raises(kind, match=words) as caught:
        server.admin.write_call(model, method, vals_list=vals)
    assert not caught.value.may_retry
    assert is_plain(caught.value)


WRONG_REQUESTS = {
    "no key": ({"Authorization": ""}, b"{}", 401, KeyRefused),
    "a body that is no JSON": ({}, b"{'a': 1}", 400, PermanentError),
    "another content type": ({"Content-Type": "text/plain"}, b"{}", 415, PermanentError),
    "another verb": ({}, None, 404, PermanentError),
}


@pytest.mark.parametrize("name", WRONG_REQUESTS)
def test_a_request_that_is_none_has_its_own_status(server, name):
    """What our client never sends, sent by hand; JSON-2 alone has such statuses."""
    needs_json2(server)
    headers, body, status, kind = WRONG_REQUESTS[name]
    key, database = secret(server.settings.odoo_api_key), server.settings.odoo_database
    sent = {"Authorization": f"bearer {key}", "Content-Type": "application/json", "X-Odoo-Database": database} | headers
    url = server.settings.odoo_url.rstrip("/")
    verb = "GET" if body is None else "POST"
    got = requests.request(verb, f"{url}/json/2/res.users/context_get", data=body, headers=sent, timeout=60)
    assert got.status_code == status
    answer = decode(got.content) if got.headers["Content-Type"].startswith("application/json") else None
    error = error_of_answer(got.status_code, answer, what="res.users/context_get", is_write=False, database=database)
    assert type(error) is kind
    assert is_plain(error)


def test_an_error_carries_its_traceback_and_we_do_not(server):
    """`debug` holds it, by JSON-2; it names files of the server."""
    needs_json2(server)
    with Json2(
        server.settings.odoo_url, server.settings.odoo_database, secret(server.settings.odoo_api_key), timeout_s=60
    )._session as session:
        url = server.settings.odoo_url.rstrip("/")
        got = session.post(f"{url}/json/2/res.partner/create", data=b'{"vals_list":[{"nope":1}]}', timeout=60)
    answer = decode(got.content)
    assert answer["debug"].startswith("Traceback (most recent call last)")
    assert set(answer) == {"name", "message", "arguments", "context", "debug"}
