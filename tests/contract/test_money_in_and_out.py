"""What the ledger relies on for money in and out, one sentence a test, on the sandbox and a real server."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nexabooks.ledger.matching import NOTHING_LEFT, match_pairs
from nexabooks.ledger.payment_journals import read_outstanding
from nexabooks.ledger.setup import setup_plan
from tests.contract.conftest import Server
from tests.contract.test_what_the_ledger_relies_on import PAYMENT, Run, invoice, partner, post, read
from tests.ledger.makers import FAMILY_ROWS, ROUTE_ROWS

STATE = ("state", "is_reconciled", "is_matched")
DOCUMENTS = {"inbound": "out_invoice", "outbound": "out_refund"}
WAYS = [(code, way) for code in ("NCSTR", "NCOTH", "NCBAL") for way in DOCUMENTS]


def money_row(server: Server, name: str, amount: str, way: str, code: str) -> list[str]:
    cad = server.books.currencies[server.books.company_currency].currency_id
    journal_id = server.books.payment_journals[code].journal_id
    who = ["customer", str(partner(server))]
    return [server.key(name), way, *who, amount, str(cad), "2026-10-12", str(journal_id), name]


def load_money(server: Server, name: str, amount: str, way: str, code: str) -> int:
    return server.client.load("account.payment", PAYMENT, [money_row(server, name, amount, way, code)])[0]


def money(server: Server, name: str, amount: str, way: str, code: str) -> int:
    """A posted payment of this run."""
    id = load_money(server, name, amount, way, code)
    server.client.write_call("account.payment", "action_post", ids=[id])
    return id


def payment(server: Server, id: int, *fields: str) -> list:
    record = server.client.read("account.payment", [id], list(fields))[0]
    return [record[name] for name in fields]


def arrived(server: Server) -> set[str]:
    """The state of money that has arrived, as Odoo itself sets it: 18.0 does so or leaves it, by the day it was released; 17
    knows no state between posted and paid."""
    return {"paid", "in_process"} if server.version == 18 else {"paid"}


def entry(server: Server, payment_id: int) -> int:
    return payment(server, payment_id, "move_id")[0][0]


def booked(server: Server, payment_id: int) -> dict[int, Decimal]:
    """account -> balance of the payment's entry."""
    domain = [["move_id", "=", entry(server, payment_id)]]
    found = server.client.search_read("account.move.line", domain, ["account_id", "balance"])
    return {line["account_id"][0]: Decimal(line["balance"]) for line in found}


def account_of(server: Server, code: str, way: str) -> int:
    """Where money of a route is booked."""
    if code == "NCBAL":
        return server.books.accounts["NCR.CREDIT"].account_id
    own = server.books.payment_journals[code].own_account_id
    return (read_outstanding(server.admin)[way] if code == "NCOTH" else own) or 0


def test_the_setup_stands_as_it_says(server):
    """One journal a route, both ways to the route's account; a billing user may ask for Odoo's outstanding accounts."""
    assert [s.what for s in setup_plan(server.client, FAMILY_ROWS, ROUTE_ROWS) if not s.is_present] == []
    assert read_outstanding(server.client) == read_outstanding(server.admin)
    for code, way in WAYS:
        assert set(server.books.payment_journals[code].line_accounts[way]) == {account_of(server, code, way)}


def test_the_liability_is_not_matched_line_by_line(server):
    """So that money on it counts as arrived, on Community and Enterprise. Before 19 Odoo makes every account of a payment
    method one that is, and the ledger validates the payments."""
    found = server.client.search_read("account.account", [["code", "=", "NCR.CREDIT"]], ["account_type", "reconcile"])
    assert [(a["account_type"], a["reconcile"]) for a in found] == [("liability_current", server.version < 19)]


@pytest.mark.parametrize(("code", "way"), WAYS)
def test_money_is_booked_to_the_account_of_its_route(server, code, way):
    """A draft has no entry (on 17 it is one); posted, money in is a debit there and money out a credit, against the receivable."""
    name = f"book_{code}_{way}"
    id = load_money(server, name, "10.00", way, code)
    assert payment(server, id, "state", "payment_type") == ["draft", way]
    assert bool(payment(server, id, "move_id")[0]) is (server.version < 18)
    assert load_money(server, name, "10.00", way, code) == id
    server.client.write_call("account.payment", "action_post", ids=[id])
    held = booked(server, id)
    sign = 1 if way == "inbound" else -1
    assert held.pop(account_of(server, code, way)) == 10 * sign
    assert list(held.values()) == [-10 * sign]


def test_the_entry_of_a_payment_is_no_document(server):
    """The payment bears the name of what it settles, and its entry does not: it would be taken for that invoice. On 17 the
    two are one record with fields of both, so ours have other names there."""
    own = ("x_fc_source_system", "x_fc_source_invoice_id", "x_fc_revision")
    row = [*money_row(server, "no_document", "10.00", "inbound", "NCSTR"), "stripe", f"{server.prefix}_in", "2"]
    (id,) = server.client.load("account.payment", (*PAYMENT, *own), [row])
    server.client.write_call("account.payment", "action_post", ids=[id])
    assert payment(server, id, *own) == ["stripe", f"{server.prefix}_in", "2"]
    assert read(server, entry(server, id), *own) == [False, False, False]
    mine = [["x_fc_source_invoice_id", "=", f"{server.prefix}_in"]]
    assert server.client.search_count("account.payment", mine) == 1
    assert server.client.search_count("account.move", mine) == 0


@pytest.mark.parametrize(("code", "way"), WAYS)
def test_money_pays_a_document_once_the_two_are_matched(server, code, way):
    """An invoice by money in, a credit note by money out; the state is `paid` by itself, also where the money still waits
    for a bank statement. On 18 it may stay `in_process`, and the ledger validates it."""
    name = f"pay_{code}_{way}"
    document = invoice(server, name, ["10.00"], kind=DOCUMENTS[way])
    post(server, document)
    id = money(server, f"money_{name}", "10.00", way, code)
    at_once = arrived(server) if code == "NCSTR" or server.version < 18 else {"in_process"}
    is_met = code == "NCSTR" or (code == "NCBAL" and server.version >= 19)
    state, *rest = payment(server, id, *STATE)
    assert (state in at_once, rest) == (True, [False, is_met]), state
    pair = (entry(server, id), document)
    assert match_pairs(Run(server), [pair]) == {pair: ""}
    assert read(server, document, "payment_state", "amount_residual") == ["paid", 0]
    state, *rest = payment(server, id, *STATE, "reconciled_invoice_ids")
    assert (state in arrived(server), rest) == (True, [True, is_met, [document]]), state


def test_a_credit_note_is_paid_back_in_parts_by_two_routes(server):
    """Each its own part, in one call."""
    note = invoice(server, "parts", ["10.00"], kind="out_refund")
    post(server, note)
    ids = [money(server, f"part_{code}", amount, "outbound", code) for code, amount in (("NCSTR", "6"), ("NCBAL", "4"))]
    pairs = [(entry(server, id), note) for id in ids]
    assert set(match_pairs(Run(server), pairs[:1]).values()) == {""}
    assert read(server, note, "payment_state", "amount_residual") == ["partial", 4]
    assert set(match_pairs(Run(server), pairs[1:]).values()) == {""}
    assert read(server, note, "payment_state", "amount_residual") == ["paid", 0]


def test_what_was_paid_too_much_is_matched_with_what_turns_it_into_credit(server):
    """Payment with payment: both are spent, and neither names the other as an invoice."""
    bill = invoice(server, "too_much", ["10.00"])
    post(server, bill)
    came = money(server, "came_in", "15.00", "inbound", "NCSTR")
    credit = money(server, "to_credit", "5.00", "outbound", "NCBAL")
    first, second = (entry(server, came), bill), (entry(server, credit), entry(server, came))
    assert match_pairs(Run(server), [first, second]) == {first: "", second: ""}
    assert payment(server, came, "is_reconciled", "reconciled_invoice_ids") == [True, [bill]]
    state, *rest = payment(server, credit, *STATE, "reconciled_invoice_ids")
    assert (state in arrived(server), rest) == (True, [True, server.version >= 19, []]), state
    assert read(server, bill, "payment_state", "amount_residual") == ["paid", 0]


def test_money_out_never_pays_an_invoice(server):
    """Two debits settle nothing; it is said before anything is sent."""
    bill = invoice(server, "debit", ["10.00"])
    post(server, bill)
    out = money(server, "debit_out", "10.00", "outbound", "NCSTR")
    pair = (entry(server, out), bill)
    assert match_pairs(Run(server), [pair]) == {pair: NOTHING_LEFT}
    assert read(server, bill, "payment_state") == ["not_paid"]


def test_a_note_that_was_paid_back_has_nothing_left_for_its_invoice(server):
    """What went back cannot lower the invoice as well."""
    bill, note = invoice(server, "kept", ["10.00"]), invoice(server, "back", ["10.00"], kind="out_refund")
    post(server, bill, note)
    out = money(server, "back_out", "10.00", "outbound", "NCSTR")
    back, lower = (entry(server, out), note), (note, bill)
    assert match_pairs(Run(server), [back, lower]) == {back: "", lower: NOTHING_LEFT}
    assert read(server, bill, "payment_state", "amount_residual") == ["not_paid", 10]


def test_cancelling_money_out_opens_what_it_settled(server):
    """A note is unpaid again; a payment has its surplus again."""
    note = invoice(server, "reopen", ["10.00"], kind="out_refund")
    post(server, note)
    out = money(server, "reopen_out", "10.00", "outbound", "NCSTR")
    came = money(server, "reopen_in", "5.00", "inbound", "NCSTR")
    credit = money(server, "reopen_credit", "5.00", "outbound", "NCBAL")
    match_pairs(Run(server), [(entry(server, out), note), (entry(server, credit), entry(server, came))])
    server.client.write_call("account.payment", "action_cancel", ids=[out, credit])
    assert read(server, note, "payment_state", "amount_residual") == ["not_paid", 10]
    assert payment(server, out, "state", "is_reconciled") == ["canceled", False]
    state, is_spent = payment(server, came, "state", "is_reconciled")
    assert (state in arrived(server), is_spent) == (True, False), state
