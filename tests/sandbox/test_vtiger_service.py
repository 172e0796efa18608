"""The pretend vTiger behaves as facts/vtiger.md says the real ones do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import requests

from nexabooks.sandbox.making import utc
from nexabooks.sandbox.vtiger_service import VtigerService
from nexabooks.sandbox.world import Account, Case, ServiceContract, World

NOW = utc("2026-06-02T06:00")


def a_world(case_count: int = 3) -> World:
    return World(
        "w",
        NOW,
        accounts=(Account("150", "Ash's Ltd", modified_at=NOW), Account("151", 'Æ <b>"Oak"</b>', modified_at=NOW)),
        contracts=(
            ServiceContract(
                "300", "SERCON1", "x", "150", date(2026, 1, 1), date(2026, 12, 31), Decimal(20), Decimal(1024)
            ),
        ),
        cases=tuple(
            Case(str(400 + n), f"TT{n}", f"Case {n}", "150", "300", "Open", Decimal("0.25"), NOW)
            for n in range(case_count)
        ),
    )


class Door:
    """A client of the self-hosted door, as small as can be."""

    def __init__(self, service: VtigerService) -> None:
        self.service, self.world, self.session = service, a_world(), ""
        service.get_world = lambda: self.world

    def get(self, operation: str, **params: Any) -> Any:
        asked = {"operation": operation, "sessionName": self.session, **params}
        return requests.get(f"{self.service.url}/webservice.php", params=asked, timeout=30)

    def answer(self, operation: str, **params: Any) -> Any:
        """The result, or (code, message)."""
        told = self.get(operation, **params)
        assert told.status_code == 200
        body = told.json()
        return body["result"] if body["success"] else (body["error"]["code"], body["error"]["message"])

    def query(self, text: str) -> Any:
        return self.answer("query", query=text)

    def log_in(self, key: str = "", user: str = "", token: str = "") -> Any:
        token = token or self.answer("getchallenge", username=user or self.service.username)["token"]
        proof = hashlib.md5(f"{token}{key or self.service.access_key}".encode()).hexdigest()
        form = {"operation": "login", "username": user or self.service.username, "accessKey": proof}
        body = requests.post(f"{self.service.url}/webservice.php", data=form, timeout=30).json()
        if body["success"]:
            self.session = body["result"]["sessionName"]
            return "in"
        return body["error"]["code"]


@pytest.fixture
def door() -> Iterator[Door]:
    service = VtigerService(a_world)
    service.start()
    opened = Door(service)
    opened.log_in()
    yield opened
    service.stop()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"user": "nobody"}, "ACCESS_DENIED"),
        ({"key": "wrong"}, "INVALID_USER_CREDENTIALS"),
        ({"token": "old"}, "INVALID_AUTH_TOKEN"),
        ({}, "in"),
    ],
)
def test_a_login_ends_as_vtigers_does(door, changes, code):
    """Each way to fail has its own code, with HTTP 200."""
    assert door.log_in(**changes) == code


def test_a_token_is_good_once_and_a_new_challenge_ends_the_old_one(door):
    """One live token a user."""
    old = door.answer("getchallenge", username=door.service.username)["token"]
    new = door.answer("getchallenge", username=door.service.username)["token"]
    assert door.log_in(token=new) == "in"
    assert door.log_in(token=old) == "INVALID_AUTH_TOKEN"


def test_a_call_without_a_session_and_with_a_dead_one_differ(door):
    """AUTHENTICATION_REQUIRED and INVALID_SESSIONID."""
    door.service.end_sessions()
    assert door.answer("listtypes")[0] == "INVALID_SESSIONID"
    door.session = ""
    assert door.answer("listtypes") == ("AUTHENTICATION_REQUIRED", "Authencation required")


def test_a_reading_operation_by_post_is_denied(door):
    """GET operations read only the query string."""
    form = {"operation": "query", "sessionName": door.session, "query": "SELECT * FROM Accounts;"}
    body = requests.post(f"{door.service.url}/webservice.php", data=form, timeout=30).json()
    assert body["error"] == {
        "code": "ACCESS_DENIED",
        "message": "Permission to perform the operation is denied for query",
    }


@pytest.mark.parametrize("operation", ["sync", "nosuch"])
def test_a_php_fatal_is_an_empty_500_and_no_json(door, operation):
    """An unknown operation, and sync on PHP 8."""
    answer = door.get(operation)
    assert (answer.status_code, answer.content) == (500, b"")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT * FROM Accounts", "QUERY_SYNTAX_ERROR"),
        ("SELECT * FROM accounts;", "ACCESS_DENIED"),
        ("SELECT nosuch FROM Accounts;", "ACCESS_DENIED"),
        ("SELECT * FROM Accounts WHERE (id > '11x0');", "QUERY_SYNTAX_ERROR"),
        ("SELECT * FROM Accounts WHERE id <> '11x0';", "QUERY_SYNTAX_ERROR"),
        ("SELECT * FROM Accounts WHERE NOT id = '11x0';", "QUERY_SYNTAX_ERROR"),
        ("SELECT * FROM Accounts WHERE accountname IS NULL;", "QUERY_SYNTAX_ERROR"),
        ("SELECT * FROM Accounts WHERE id BETWEEN '11x0' AND '11x9';", "QUERY_SYNTAX_ERROR"),
        ("SELECT DISTINCT accountname FROM Accounts;", "QUERY_SYNTAX_ERROR"),
        ("SELECT * FROM Accounts GROUP BY id;", "QUERY_SYNTAX_ERROR"),
        (r"SELECT * FROM Accounts WHERE accountname = 'O\'Brien';", "QUERY_SYNTAX_ERROR"),
        ('SELECT * FROM Accounts WHERE accountname = "x";', "INTERNAL_SERVER_ERROR"),
        ("SELECT * FROM HelpDesk WHERE parent_id = '';", "INTERNAL_SERVER_ERROR"),
        ("SELECT * FROM HelpDesk WHERE parent_id = '150';", "INVALID_ID_ATTRIBUTE"),
    ],
)
def test_a_query_it_does_not_know_is_refused_as_vtiger_refuses_it(door, query, code):
    """No parentheses, no <>, NOT, IS NULL, BETWEEN, DISTINCT, GROUP BY; doubled quotes only."""
    assert door.query(query)[0] == code


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("accountname = 'Ash''s Ltd'", ["11x150"]),
        ("accountname LIKE 'ash%'", ["11x150"]),
        ("id IN ('11x151','11x9')", ["11x151"]),
        ("id != '11x150'", ["11x151"]),
        ("modifiedtime >= '2026-06-02'", ["11x150", "11x151"]),
        ("modifiedtime > '2026-06-02 06:00:00' OR modifiedtime = '2026-06-02 06:00:00' AND id > '11x150'", ["11x151"]),
        ("id > '11x99' ORDER BY id DESC", ["11x151", "11x150"]),
        ("id > '11x0' ORDER BY id LIMIT 1,1", ["11x151"]),
    ],
)
def test_a_query_it_knows_is_answered(door, where, ids):
    """Ids compare by number, dates as moments, AND binds before OR."""
    found = [r["id"] for r in door.query(f"SELECT accountname FROM Accounts WHERE {where};")]
    assert (found if "ORDER" in where else sorted(found)) == ids


def test_the_hundred_and_first_row_is_silently_missing(door):
    """No LIMIT and LIMIT 500 both give 100; count(*) knows better, as text."""
    door.world = a_world(136)
    assert len(door.query("SELECT * FROM HelpDesk;")) == len(door.query("SELECT * FROM HelpDesk LIMIT 500;")) == 100
    assert len(door.query("SELECT * FROM HelpDesk LIMIT 100,100;")) == 36
    assert door.query("SELECT count(*) FROM HelpDesk;") == [{"count": "136"}]


def test_every_value_is_text_and_units_stop_at_999(door):
    """decimal(5,2) in the database: 1024 hours are 999.99."""
    [contract] = door.query("SELECT * FROM ServiceContracts;")
    assert contract["used_units"] == "999.99"
    assert all(isinstance(v, str) for v in contract.values())


def test_describe_gives_the_prefix_and_hides_what_the_profile_hides(door):
    """A hidden field is missing, from the description and from the records."""
    door.service.hidden_fields = {("HelpDesk", "hours")}
    told = door.answer("describe", elementType="HelpDesk")
    assert told["idPrefix"] == "17"
    assert "hours" not in [f["name"] for f in told["fields"]]
    assert "hours" not in door.query("SELECT * FROM HelpDesk;")[0]


def test_stock_8_2_has_tickets_and_no_time_module(door):
    """HelpDesk and no Cases; a time module only when it is switched on."""
    assert "HelpDesk" in door.answer("listtypes")["types"]
    assert not {"Cases", "Timelogs"} & set(door.answer("listtypes")["types"])
    door.service.has_timelogs = True
    assert "Timelogs" in door.answer("listtypes")["types"]


@pytest.mark.parametrize(
    ("id", "code"), [("99x1", "INVALID_ID_ATTRIBUTE"), ("17x999", "ACCESS_DENIED"), ("abc", "ACCESS_DENIED")]
)
def test_a_record_that_cannot_be_retrieved_does_not_say_why(door, id, code):
    """A wrong prefix is told; deleted and forbidden look alike."""
    assert door.answer("retrieve", id=id)[0] == code


def test_retrieve_adds_a_label_that_a_query_does_not_send(door):
    """The same record by two operations is not the same bytes."""
    assert "label" in door.answer("retrieve", id="17x400")
    assert "label" not in door.query("SELECT * FROM HelpDesk;")[0]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("SELECT * FROM HelpDesk WHERE id > '17x0' ORDER BY id LIMIT 0,100", 100),
        ("SELECT count(*) FROM HelpDesk", 1),
        ("SELECT * FROM HelpDesk WHERE id > '17x0' ORDER BY id LIMIT 0,100;", "QUERY_SYNTAX_ERROR"),
        ("SELECT * FROM HelpDesk ORDER BY id", "QUERY_SYNTAX_ERROR"),
        ("SELECT * FROM HelpDesk where id > '17x0' ORDER BY id LIMIT 0,100", "QUERY_SYNTAX_ERROR"),
    ],
)
def test_query_related_has_its_own_rules(door, query, count):
    """No closing semicolon; ORDER BY and LIMIT only with a WHERE in upper case."""
    door.world = a_world(134)
    found = door.answer("query_related", id="25x300", relatedLabel="Service Requests", query=query)
    assert (found[0] if isinstance(count, str) else len(found)) == count


def test_a_relation_is_asked_for_by_its_label(door):
    """The module's name is not the label; the reverse direction works."""
    assert (
        door.answer("relatedtypes", elementType="ServiceContracts")["information"]["Service Requests"]["name"]
        == "HelpDesk"
    )
    wrong = door.answer("query_related", id="25x300", relatedLabel="HelpDesk", query="SELECT * FROM HelpDesk")
    assert wrong == ("UNKOWN_ENTITY", "Relation specified is incorrect")
    back = door.answer(
        "query_related", id="17x400", relatedLabel="Service Contracts", query="SELECT * FROM ServiceContracts"
    )
    assert [r["id"] for r in back] == ["25x300"]


def test_retrieve_related_stops_at_a_hundred(door):
    """134 are linked and 100 come."""
    door.world = a_world(134)
    found = door.answer("retrieve_related", id="25x300", relatedLabel="Service Requests", relatedType="HelpDesk")
    assert len(found) == 100


@pytest.fixture
def cloud() -> Iterator[VtigerService]:
    service = VtigerService(a_world, transport="cloud")
    service.start()
    yield service
    service.stop()


def ask_cloud(service: VtigerService, operation: str, key: str = "", **params: Any) -> requests.Response:
    auth = (service.username, key or service.access_key)
    url = f"{service.url}/restapi/v1/vtiger/default/{operation}"
    return requests.get(url, params=params, auth=auth, timeout=30)


def test_the_cloud_refuses_with_http_400_and_a_body(cloud):
    """Not 200, as the self-hosted server does."""
    refused = ask_cloud(cloud, "query", query="SELECT * FROM HelpDesk;")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "ACCESS_DENIED")


def test_the_cloud_takes_the_access_key_by_basic(cloud):
    """A wrong key is 401."""
    assert ask_cloud(cloud, "me").json()["success"] is True
    assert ask_cloud(cloud, "me", key="wrong").status_code == 401


def test_a_case_of_the_cloud_names_its_contract(cloud):
    """servicecontract_id is a reference field; the time module is Timelogs."""
    rows = ask_cloud(cloud, "query", query="SELECT * FROM Cases;").json()["result"]
    assert {r["servicecontract_id"] for r in rows} == {"44x300"}
    assert "Timelogs" in ask_cloud(cloud, "listtypes").json()["result"]["types"]


def test_the_chosen_names_of_time_logs_are_those_that_describe_shows(cloud):
    """The mapping a person would write names only fields of the module."""
    told = ask_cloud(cloud, "describe", elementType="Timelogs").json()["result"]
    names = {f["name"] for f in told["fields"]}
    assert {v for k, v in cloud.timelog_mapping.items() if k.endswith("_field")} <= names


def test_beyond_the_minute_the_cloud_answers_429_with_its_reset(cloud):
    """X-FloodControl-Reset is a unix time."""
    cloud.minute_limit = 1
    ask_cloud(cloud, "me")
    refused = ask_cloud(cloud, "me")
    assert refused.status_code == 429
    assert int(refused.headers["X-FloodControl-Reset"]) > 1_700_000_000


@pytest.mark.parametrize("operation", ["create", "update", "revise", "delete", "add_related"])
def test_nothing_can_be_written(cloud, operation):
    """The API user may only read, as a real one should."""
    assert ask_cloud(cloud, operation).json()["error"]["code"] == "ACCESS_DENIED"


def test_a_vtiger_that_is_down_answers_nothing_useful(cloud):
    """On a day on which the world says so, every call is a 503."""
    cloud.get_world = lambda: replace(a_world(), down=frozenset({"vtiger"}))
    assert ask_cloud(cloud, "me").status_code == 503
