"""Many clients at once on the pretend Odoo: what holds under a race and what does not (facts: odoo, "Concurrency")."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from nexabooks.sandbox.odoo.asking import Refused
from nexabooks.sandbox.odoo.practice import Practice


@pytest.fixture
def books():
    return Practice()


def at_once(count, act):
    """Run `act(n)` in `count` threads that start together; answers and refusals in order."""
    barrier = Barrier(count)

    def run(n):
        barrier.wait()
        try:
            return act(n)
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_four_clients_that_create_the_same_ref_make_four_invoices(books):
    """ref is no key."""
    at_once(4, lambda n: books.draft(10, ref="same"))
    assert books.ask("account.move", "search_count", domain=[["ref", "=", "same"]]) == 4


def test_under_the_unique_index_one_succeeds_and_three_are_refused(books):
    """The index holds under a race."""
    model = books.ask("ir.model", "search", domain=[["model", "=", "account.move"]])[0]
    code = "env.cr.execute('create unique index if not exists uniq on account_move (x_fc_source_invoice_id) where x_fc_source_invoice_id is not null')"
    action = books.ask(
        "ir.actions.server", "create", vals_list=[{"name": "i", "model_id": model, "state": "code", "code": code}]
    )
    books.ask("ir.actions.server", "run", ids=action)
    answers = at_once(4, lambda n: books.draft(10, x_fc_source_invoice_id="one"))
    refused = [a for a in answers if isinstance(a, Refused)]
    assert len(refused) == 3 and all(r.status == 422 for r in refused)


def test_four_loads_of_one_external_id_leave_one_record(books):
    """An external id is a key."""
    at_once(4, lambda n: books.ask("res.partner", "load", fields=["id", "name"], data=[["fc.one", f"Client {n}"]]))
    assert books.ask("res.partner", "search_count", domain=[["name", "ilike", "Client"]]) == 1


def test_eight_clients_post_eight_invoices_without_a_gap(books):
    """Numbers 1 to 8, each once."""
    ids = [books.draft(10) for _ in range(8)]
    at_once(8, lambda n: books.ask("account.move", "action_post", ids=[ids[n]]))
    assert sorted(books.move(i, "name") for i in ids) == [f"INV/2026/{n:05d}" for n in range(1, 9)]


def test_four_clients_post_the_same_invoice(books):
    """One is answered, three are told that it must be in draft."""
    id = books.draft(10)
    answers = at_once(4, lambda n: books.ask("account.move", "action_post", ids=[id]))
    assert sum(isinstance(a, Refused) and "must be in draft" in a.message for a in answers) == 3


def test_three_clients_with_one_name_leave_one_posted_and_two_drafts(books):
    """The name is unique only among posted entries."""

    def act(n):
        return books.ask("account.move", "action_post", ids=[books.draft(10, name="LAGO-2026-0001")])

    at_once(3, act)
    states = sorted(r["state"] for r in books.ask("account.move", "search_read", domain=[], fields=["state"]))
    assert states == ["draft", "draft", "posted"]
