"""What holds when several write at once, or one comes with an old view: records stay single, numbers have no gap."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from nexabooks.errors import LedgerRefused, NexabooksError, TransientError
from nexabooks.ledger.matching import match_pairs, open_lines
from nexabooks.ledger.setup import setup_apply
from nexabooks.ledger.unique_index import INDEX_STEP
from tests.contract.test_taking_a_run_back import Story
from tests.contract.test_undo_and_rights import entry_of
from tests.contract.test_what_the_ledger_relies_on import Run, account, invoice, load_payment, partner, pay, post, read
from tests.ledger.makers import FAMILY_ROWS, ROUTE_ROWS


def at_once(count: int, act) -> list:
    """What each of `count` callers at once came to: its answer, or its error."""

    def one(n: int):
        try:
            return act(n)
        except NexabooksError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_two_posters_of_one_plan_make_one_entry_and_one_payment(server):
    """Even when the lease fails: both come through, and what both say is true."""
    story = Story(server, "posters")
    invoices = [story.invoice(f"i{n}", paid_minor=11_300) for n in range(3)]
    for said in at_once(2, lambda n: story.close(*invoices, run=f"r{n}")):
        assert not isinstance(said, NexabooksError), said
    story.close(*invoices, run="later")
    assert story.moves("state", "payment_state") == [("posted", "paid")] * 3
    payments = server.client.search_read(
        "account.payment", [["x_fc_source_invoice_id", "like", f"{story.prefix}_"]], ["state", "is_reconciled"]
    )
    assert [(p["state"], p["is_reconciled"]) for p in payments] == [("paid", True)] * 3


def test_four_loads_of_one_payment_at_once_make_one(server):
    """The database enforces its external id; those that lost may try again."""
    partner(server)
    answers = at_once(4, lambda n: load_payment(server, "race_pay", "10.00"))
    assert all(isinstance(a, int | TransientError) for a in answers), answers
    (made,) = {a for a in answers if isinstance(a, int)}
    assert server.holds("account.payment", "race_pay") == made


def test_one_payment_posted_by_four_at_once_is_posted_once(server):
    """It has one entry, of its own amount."""
    id = load_payment(server, "race_pay_post", "10.00")
    at_once(4, lambda n: server.client.write_call("account.payment", "action_post", ids=[id]))
    entry = entry_of(server, id)
    of = "origin_payment_id" if server.version >= 18 else "payment_id"
    assert server.client.search_count("account.move", [[of, "=", id]]) == 1
    assert read(server, entry, "state", "amount_total") == ["posted", 10]


def test_one_pair_matched_by_four_at_once_is_matched_once(server):
    """Nobody pays twice by it."""
    id = invoice(server, "race_match", ["10.00"])
    post(server, id)
    pair = (entry_of(server, pay(server, "race_match_pay", "10.00")), id)
    at_once(4, lambda n: match_pairs(Run(server), [pair]))
    assert read(server, id, "payment_state", "amount_residual") == ["paid", 0]
    domain = [["credit_move_id.move_id", "=", pair[0]], ["debit_move_id.move_id", "=", id]]
    assert server.client.search_count("account.partial.reconcile", domain) == 1


def test_two_payments_of_one_invoice_at_once_pay_it_once(server):
    """The second stays open on the customer, and is no error of Odoo's: the ledger says so."""
    id = invoice(server, "race_two", ["10.00"])
    post(server, id)
    entries = [entry_of(server, pay(server, f"race_two_{n}", "10.00")) for n in range(2)]
    at_once(2, lambda n: match_pairs(Run(server), [(entries[n], id)]))
    assert read(server, id, "payment_state", "amount_residual") == ["paid", 0]
    left = open_lines(Run(server), [(entry,) for entry in entries])
    assert sum(bool(held) for held in left.values()) == 1


def test_four_posters_of_eight_entries_leave_no_gap(server):
    """Two each, in one journal: eight numbers that follow one another."""
    ids = [invoice(server, f"race_number_{n}", ["10.00"], day="2026-08-03") for n in range(8)]
    for _ in range(4):
        left = [id for id in ids if read(server, id, "state") == ["draft"]]
        at_once(4, lambda n, left=left: post(server, *left[n::4]) if left[n::4] else None)
    numbers = sorted(int(read(server, id, "name")[0].rsplit("/", 1)[1]) for id in ids)
    assert numbers == list(range(numbers[0], numbers[0] + 8))


def test_many_writes_of_one_record_at_once_all_come_through(server):
    """Odoo itself tries again."""
    id = partner(server, "hot")
    answers = at_once(6, lambda n: server.client.write_call("res.partner", "write", ids=[id], vals={"ref": f"R{n}"}))
    assert all(a is True or isinstance(a, TransientError) for a in answers), answers


def test_an_old_payment_wizard_pays_a_second_time(server):
    """So the ledger never uses it: it loads payments under their own external ids."""
    id = invoice(server, "wizard", ["10.00"])
    post(server, id)
    vals = {"journal_id": server.books.payment_journals["NCSTR"].journal_id, "payment_date": "2026-10-12"}
    context = {"active_model": "account.move", "active_ids": [id]}
    wizards = [
        server.client.write_call("account.payment.register", "create", vals_list=[vals], context=context)[0]
        for _ in range(2)
    ]
    for wizard in wizards:
        server.client.write_call("account.payment.register", "action_create_payments", ids=[wizard])
    assert read(server, id, "payment_state") == ["paid"]
    mine = [["partner_id", "=", partner(server)], ["memo", "=", read(server, id, "name")[0]]]
    assert server.client.search_count("account.payment", mine) == 2


def test_the_unique_index_refuses_a_second_entry_of_one_identity(server):
    """Also one that is made by hand, and under a race; asked for twice it is made once."""
    for _ in range(2):
        steps = setup_apply(server.admin, FAMILY_ROWS, ROUTE_ROWS, has_unique_index=True)
        assert [s.is_present for s in steps if s.what == INDEX_STEP] == [True]
    vals = {
        "move_type": "out_invoice",
        "partner_id": partner(server),
        "x_fc_source_system": "stripe",
        "x_fc_source_invoice_id": f"{server.prefix}_index",
        "x_fc_kind": "invoice",
        "invoice_line_ids": [
            [0, 0, {"name": "A", "price_unit": 1, "account_id": int(account(server)), "tax_ids": [[6, 0, []]]}]
        ],
    }
    answers = at_once(4, lambda n: server.client.write_call("account.move", "create", vals_list=[vals]))
    assert sum(isinstance(a, list) for a in answers) == 1
    refused = [a for a in answers if not isinstance(a, list)]
    assert all(isinstance(a, LedgerRefused) and "account_move_x_fc_identity" in str(a) for a in refused), refused
