"""The vTiger client: it reads only, logs in again when it must, and turns every refusal into one sentence."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from nexabooks.errors import AccessRefused, PermanentError, SettingsError, Unreachable
from nexabooks.sources.vtiger import SOURCE
from nexabooks.sources.vtiger.api import VtigerApi

WRITING = ("create", "update", "revise", "delete", "add_related", "delete_related", "convertlead", "reopen", "tags_add")


@pytest.mark.parametrize("operation", WRITING)
def test_an_operation_that_writes_is_refused_before_it_is_sent(vtiger, operation):
    """The client refuses it by name, and the server never hears of it."""
    api = VtigerApi(vtiger.settings)
    with pytest.raises(PermanentError, match=f"reads only; it refused the operation {operation}"):
        api.call(operation, {"id": "25x301"})
    api.close()
    assert vtiger.service.faults.calls == []


def test_reading_everything_sends_only_reading_operations(vtiger):
    """GET everywhere; the one POST is the login of a self-hosted server."""
    for stream in SOURCE.streams:
        vtiger.read(stream.name)
    posts = [c for c in vtiger.service.faults.calls if not c.startswith("GET ")]
    assert set(posts) <= {"POST /webservice.php"}
    assert len(posts) == (len(SOURCE.streams) if vtiger.service.transport == "selfhosted" else 0)


def test_a_session_that_ended_is_opened_again_once(selfhosted):
    """PHP's clean-up takes the session in the middle of a reading; a new login, and the same records."""
    expected = selfhosted.read("cases").rows
    logins = selfhosted.service.login_count
    ended = []

    def end(text: str) -> None:
        if not ended:
            ended.append(text)
            selfhosted.service.end_sessions()

    selfhosted.service.before_query = end
    assert selfhosted.read("cases").rows == expected
    assert selfhosted.service.login_count == logins + 2


def test_a_session_lost_again_right_after_its_login_is_a_persons_work(selfhosted):
    """A server that keeps no session would be logged in to for ever."""
    door = selfhosted.service._door

    def forgetful(operation, verb, asked):
        result = door(operation, verb, asked)
        selfhosted.service.end_sessions()
        return result

    selfhosted.service._door = forgetful
    with pytest.raises(AccessRefused, match="forgot a session right after its login"):
        selfhosted.read("cases")


def test_a_challenge_that_somebody_else_used_up_is_asked_for_again(selfhosted):
    """A user has one live challenge; another login between ours and its answer spoils it."""
    door, spoiled = selfhosted.service._door, []

    def busy(operation, verb, asked):
        result = door(operation, verb, asked)
        if operation == "getchallenge" and not spoiled:
            spoiled.append(1)
            selfhosted.service.spoil_token()
        return result

    selfhosted.service._door = busy
    assert selfhosted.read("accounts").rows


@pytest.mark.parametrize("change", [{"vtiger_access_key": SecretStr("wrong")}, {"vtiger_username": "nobody"}])
def test_a_wrong_name_or_key_is_said_in_the_words_of_the_settings(vtiger, change):
    """One sentence that names both settings, and shows no key."""
    vtiger.with_settings(**change)
    with pytest.raises(AccessRefused, match="NEXABOOKS_VTIGER_USERNAME with NEXABOOKS_VTIGER_ACCESS_KEY") as refused:
        vtiger.read("accounts")
    assert "wrong" not in str(refused.value)


@pytest.mark.parametrize("kind", ["429", "500", "502", "cut_before", "cut_after", "malformed"])
def test_a_fault_that_passes_costs_nothing_but_time(vtiger, kind):
    """After one failure of each kind the same records are read."""
    expected = vtiger.read("cases").rows
    vtiger.service.faults.add("count|query", kind, skip=1, retry_after_s=0.01)
    assert vtiger.read("cases").rows == expected


def test_a_slow_answer_is_asked_for_again(vtiger):
    """An answer that does not come in time is no answer."""
    expected = vtiger.read("cases").rows
    vtiger.with_settings(request_timeout_s=0.3)
    vtiger.service.faults.add("query", "slow", slow_s=0.8)
    assert vtiger.read("cases").rows == expected


def test_the_other_transport_is_a_wrong_setting(vtiger):
    """A cloud address read as a self-hosted one, and the other way round, is said as what it is."""
    other = {"selfhosted": "cloud", "cloud": "selfhosted"}[vtiger.service.transport]
    vtiger.with_settings(vtiger_transport=other)
    with pytest.raises(SettingsError, match="NEXABOOKS_VTIGER_TRANSPORT is wrong"):
        vtiger.read("accounts")


def test_a_dead_host_is_unreachable(vtiger):
    """No server at all: one sentence, and worth another attempt."""
    vtiger.service.stop()
    with pytest.raises(Unreachable, match="vtiger could not be asked"):
        vtiger.read("cases")


def test_the_clouds_minute_is_kept(cloud):
    """Near the end of the minute's calls the client waits for the next; five are left for the people, none is refused."""
    cloud.service.minute_limit, cloud.service.minute_s = 8, 0.5
    remaining = []
    flood_headers = cloud.service._flood_headers

    def noted():
        headers = flood_headers()
        remaining.append(int(headers["X-FloodControl-Remaining"]))
        return headers

    cloud.service._flood_headers = noted
    cloud.read("accounts")
    cloud.read("contacts")
    assert len(remaining) == 8
    assert min(remaining) >= 4


def test_a_query_that_the_server_does_not_understand_is_not_tried_again(vtiger):
    """QUERY_SYNTAX_ERROR stays one; the sentence has the server's own words."""
    api = VtigerApi(vtiger.settings)
    api.connect()
    asked = len(vtiger.service.faults.calls)
    with pytest.raises(PermanentError, match=r"QUERY_SYNTAX_ERROR.*Another attempt will not help"):
        api.call("query", {"query": "SELECT * FROM Accounts WHERE (id > '1x0');"})
    api.close()
    assert len(vtiger.service.faults.calls) == asked + 1
