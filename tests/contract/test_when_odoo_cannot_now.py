"""What Odoo says when it cannot do a thing now: others hold the record, its own tries were not enough, a key has ended.

An administrator's server action brings a server to say what it says only rarely. Where a second transaction is needed, a
real server needs a second door to its database (README.md).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from nexabooks.clients.odoo_errors import KeyRefused
from nexabooks.errors import LedgerRefused, TransientError, UnclearOutcome
from tests.contract.test_what_a_refusal_is import is_plain
from tests.contract.test_what_the_ledger_relies_on import invoice, partner, post, read

# What PostgreSQL says to Odoo -> its SQLSTATE. The first three Odoo tries five times itself, over up to thirty seconds; 17 does so twice over.
PASSING = {
    "a conflict": "40001",
    "a deadlock": "40P01",
    "a lock that is not to be had": "55P03",
    "a statement that ran out of time": "57014",
    "a database that is shut down": "57P01",
    "a database with no connection left": "53300",
    "a database that was cut off": "08006",
}


def saying(state: str) -> str:
    """The statement that makes PostgreSQL refuse with this SQLSTATE."""
    words = "could not serialize access due to concurrent update"
    return f"env.cr.execute(\"do $$ begin raise exception '{words}' using errcode = '{state}'; end $$\")"


@pytest.mark.parametrize("name", PASSING)
def test_what_the_database_says_in_passing_is_worth_another_attempt(server, name):
    """Also what Odoo itself has given up trying. It is HTTP 500 and fault 1, as is much that never helps."""
    with pytest.raises(TransientError, match="Another attempt may succeed") as caught:
        server.run_code(saying(PASSING[name]))
    assert is_plain(caught.value)


def test_a_conflict_that_outlasts_odoos_own_tries_leaves_a_draft(server):
    """Each of the five posted it and was undone; the next call posts it."""
    id = invoice(server, "conflict", ["10.00"])
    with pytest.raises(TransientError):
        server.run_code(f"env['account.move'].browse({id}).action_post()", saying("40001"))
    assert read(server, id, "state", "name") == ["draft", False]
    post(server, id)
    assert read(server, id, "state") == ["posted"]


def test_a_lock_that_odoo_does_not_wait_for_is_worth_another_attempt(server):
    """LockError, HTTP 409; by XML-RPC the fault of every refusal, told by its words."""
    if server.version < 19:
        pytest.skip("before 19 Odoo has no such lock")
    id = invoice(server, "lock_error", ["10.00"])
    grab = f"env['account.move'].browse({id}).lock_for_update()"
    with server.held("account.move", id), pytest.raises(TransientError, match="Cannot grab a lock") as caught:
        server.run_code(grab)
    assert is_plain(caught.value)
    assert server.run_code(grab) is False


def test_a_post_behind_a_lock_goes_through_after_its_caller_has_left(server):
    """Odoo waits for the record as long as it takes: no answer means neither yes nor no, and a draft that is seen may yet
    be posted by the call before. The second call finds it posted, or loses and finds it posted."""
    id = invoice(server, "lock_wait", ["10.00"])
    with server.held("account.move", id), server.other(timeout_s=5) as hasty:
        with pytest.raises(UnclearOutcome, match="look before acting again"):
            post_with(hasty, id)
        assert read(server, id, "state") == ["draft"]
    with suppress(LedgerRefused):
        post(server, id)
    state, number = read(server, id, "state", "name")
    assert state == "posted"
    assert server.client.search_count("account.move", [["name", "=", number], ["state", "=", "posted"]]) == 1


def post_with(client, id: int) -> None:
    client.write_call("account.move", "action_post", ids=[id])


def test_a_post_of_what_another_changed_meanwhile_is_tried_again_by_odoo(server):
    """Its caller hears nothing of the conflict."""
    id = invoice(server, "lock_changed", ["10.00"])
    with ThreadPoolExecutor(1) as pool:
        with server.held("account.move", id, is_changed=True) as until_it_waits:
            posting = pool.submit(post, server, id)
            until_it_waits()
        posting.result()
    assert read(server, id, "state") == ["posted"]


def test_a_load_of_what_another_changed_meanwhile_is_not(server):
    """It answers HTTP 200 with no ids, and nothing of it is written: another attempt may succeed."""
    id = partner(server, "lock_load")
    with ThreadPoolExecutor(1) as pool:
        with server.held("res.partner", id, is_changed=True) as until_it_waits:
            sent = [[server.key("lock_load"), "Another name"]]
            loading = pool.submit(server.client.load, "res.partner", ("id", "name"), sent)
            until_it_waits()
        with pytest.raises(TransientError, match="another call changed the same record"):
            loading.result()
    assert server.client.read("res.partner", [id], ["name"])[0]["name"] == "Contract test lock_load"


# Keys


def new_key(server, lives: str) -> str:
    """A key of the posting user, made inside Odoo; `lives` is a Python expression."""
    if server.version < 18:
        pytest.skip("on 17 a key never ends")
    uid = server.client.call("res.users", "context_get")["uid"]
    made = f"key = env['res.users.apikeys'].with_user({uid})._generate('rpc', '{server.prefix}', {lives})"
    return server.run_code(made, "action = {'type': 'ir.actions.act_window_close', 'infos': key}")["infos"]


def minutes(count: int) -> str:
    return f"datetime.datetime.now() + datetime.timedelta(minutes={count})"


def test_a_key_that_has_ended_is_refused_like_a_wrong_one(server):
    """Odoo does not say which of the two it is; the runbook says to look."""
    with server.other(key=new_key(server, minutes(-1))) as client:
        with pytest.raises(KeyRefused, match="Renew the API key") as caught:
            client.search_count("res.partner", [])
        assert is_plain(caught.value)
    with server.other(key=new_key(server, minutes(10))) as client:
        assert client.search_count("res.partner", [["id", "=", partner(server)]]) == 1


ENDS = {"never": ("None", "must have an expiration date"), "in 91 days": (minutes(91 * 24 * 60), "cannot exceed 90")}


@pytest.mark.parametrize("name", ENDS)
def test_a_key_of_the_posting_user_ends_within_ninety_days(server, name):
    """So somebody has to renew it, four times a year at least."""
    lives, words = ENDS[name]
    with pytest.raises(LedgerRefused, match=words):
        new_key(server, lives)


# The hard lock date


def test_the_hard_lock_date_moves_the_entry_silently_and_is_never_taken_back(server):
    """Like the others it does not fail the post; unlike them it goes forward only."""
    company = {"ids": [server.client.company_id]}
    before = invoice(server, "hard_before", ["10.00"], day="1994-06-14")
    post(server, before)
    with server.hard_locked("1994-06-30"):
        id = invoice(server, "hard_lock", ["10.00"], day="1994-06-15")
        post(server, id)
        for day, words in ((False, "cannot be removed"), ("1994-05-31", "must be posterior")):
            with pytest.raises(LedgerRefused, match=words):
                server.admin.write_call("res.company", "write", **company, vals={"hard_lock_date": day})
        with pytest.raises(LedgerRefused, match="Hard Lock Date"):
            server.client.write_call("account.move", "button_draft", ids=[before])
    state, day, booked = read(server, id, "state", "invoice_date", "date")
    assert (state, day) == ("posted", "1994-06-15")
    assert booked > "1994-06-30"


def test_a_period_with_drafts_cannot_be_locked_hard(server):
    """HTTP 500 and a button, which is left out of the sentence; another attempt will not help."""
    id = invoice(server, "hard_draft", ["10.00"], day="1996-06-15")
    try:
        with pytest.raises(LedgerRefused, match="still draft entries") as caught, server.hard_locked("1996-06-30"):
            pass
    finally:
        server.client.write_call("account.move", "unlink", ids=[id])
    assert is_plain(caught.value)
    assert "view_mode" not in str(caught.value)
