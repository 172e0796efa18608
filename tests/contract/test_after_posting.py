"""Numbers, lock dates, and what may still be done to an entry once it is posted."""

from __future__ import annotations

from datetime import date

import pytest

from nexabooks.errors import LedgerRefused, PermanentError
from nexabooks.ledger.books import read_books
from nexabooks.ledger.desired import Desired
from tests.contract.test_undo_and_rights import entry_of
from tests.contract.test_what_the_ledger_relies_on import (
    PAYMENT,
    invoice,
    lines,
    match,
    partner,
    pay,
    post,
    read,
    tax_ids,
)
from tests.ledger.makers import FAMILIES, TAXES

HST = "hst_sale_tax_13"
LOCKS = {
    "fiscalyear_lock_date": ("", "moved"),
    "sale_lock_date": ("", "moved"),
    "tax_lock_date": (HST, "moved"),
    "tax_lock_date, no tax": ("", "kept"),
    "purchase_lock_date": (HST, "kept"),
}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_date_moves_the_entry_silently(server, name):
    """Its day stays and its booking day goes, so both are looked at before and after. A tax lock moves taxed entries
    only, a purchase lock none of ours. Locks of 1999 harm no living book, and are taken back."""
    taxes, what = LOCKS[name]
    id = invoice(
        server, f"lock_{list(LOCKS).index(name)}", ["10.00"], tax_ids(server, taxes) if taxes else "", day="1999-06-15"
    )
    with server.locked(name.partition(",")[0], "1999-06-30"):
        post(server, id)
    state, day, booked = read(server, id, "state", "invoice_date", "date")
    assert (state, day) == ("posted", "1999-06-15")
    assert (booked > "1999-06-30") is (what == "moved")


def test_the_posting_user_sees_the_lock_dates(server):
    """And may not change them (test_undo_and_rights)."""
    with server.locked("tax_lock_date", "1999-06-30"):
        assert read_books(server.client, Desired({}, (), FAMILIES, TAXES)).locks == {"tax_lock_date": date(1999, 6, 30)}


def test_what_is_dated_on_the_last_locked_day_is_locked_and_the_next_is_not(server):
    """Inclusive."""
    ids = [invoice(server, f"lock_edge_{day}", ["10.00"], day=day) for day in ("1999-06-30", "1999-07-01")]
    with server.locked("fiscalyear_lock_date", "1999-06-30"):
        for id in ids:
            post(server, id)
    assert [read(server, id, "date")[0] == read(server, id, "invoice_date")[0] for id in ids] == [False, True]


def test_a_payment_behind_a_lock_keeps_its_day_and_its_entry_does_not(server):
    """The two differ. On 17 a payment has no day of its own, and goes with its entry."""
    cad = server.books.currencies[server.books.company_currency].currency_id
    row = [server.key("lock_pay"), "inbound", "customer", str(partner(server)), "10.00", str(cad), "1999-06-20"]
    row += [str(server.books.payment_journals["NCSTR"].journal_id), "pi_lock"]
    (id,) = server.client.load("account.payment", PAYMENT, [row])
    with server.locked("fiscalyear_lock_date", "1999-06-30"):
        server.client.write_call("account.payment", "action_post", ids=[id])
    (booked,) = read(server, entry_of(server, id), "date")
    assert booked > "1999-06-30"
    paid_on = "1999-06-20" if server.version >= 18 else booked
    assert server.client.read("account.payment", [id], ["date"])[0]["date"] == paid_on


def test_each_year_and_each_kind_counts_for_itself(server):
    """In one journal: an earlier year has numbers of its own, and credit notes have."""
    ids = [
        invoice(server, "number_2024", ["10.00"], day="2024-03-31"),
        invoice(server, "number_2025", ["10.00"], day="2025-03-31"),
        invoice(server, "number_note", ["10.00"], day="2025-03-31", kind="out_refund"),
    ]
    post(server, *ids)
    starts = [read(server, id, "name")[0].rsplit("/", 1)[0] for id in ids]
    assert [start.rsplit("/", 1)[1] for start in starts] == ["2024", "2025", "2025"]
    assert starts[2] == f"R{starts[1]}"


def test_an_earlier_day_takes_the_next_number_all_the_same(server):
    """Numbers follow the order of posting."""
    later, earlier = (invoice(server, f"number_{day}", ["10.00"], day=day) for day in ("2026-07-20", "2026-07-10"))
    post(server, later)
    post(server, earlier)
    first, second = (int(read(server, id, "name")[0].rsplit("/", 1)[1]) for id in (later, earlier))
    assert second == first + 1


def test_a_draft_has_no_number_and_posting_one_that_is_zero_is_paid(server):
    """Nothing is due."""
    id = invoice(server, "zero", ["0.00"])
    assert read(server, id, "name", "state") == [False, "draft"]
    post(server, id)
    assert read(server, id, "payment_state", "amount_residual") == ["paid", 0]


def test_a_posted_entry_cannot_be_deleted_nor_its_lines_changed(server):
    """Its fields of ours can, and its reference: the ledger's content hash is written on drafts only, and stays writable."""
    id = invoice(server, "kept", ["10.00"])
    post(server, id)
    with pytest.raises(LedgerRefused, match="delete a posted"):
        server.client.write_call("account.move", "unlink", ids=[id])
    line = lines(server, id, "product")[0]["id"]
    if server.version >= 18:  # 17 takes it (test_a_posted_entry_refuses_a_load_with_lines)
        with pytest.raises(LedgerRefused, match="readonly fields on a posted move"):
            server.client.write_call(
                "account.move", "write", ids=[id], vals={"invoice_line_ids": [[1, line, {"price_unit": 1}]]}
            )
    server.client.write_call("account.move", "write", ids=[id], vals={"x_fc_run_id": "r2", "ref": "changed"})
    assert read(server, id, "x_fc_run_id", "ref", "amount_total") == ["r2", "changed", 10]


def test_going_back_to_draft_answers_nothing_and_keeps_number_and_match(server):
    """By XML-RPC the nothing is a fault after the commit, and reads as done. Before 19 the match went."""
    id = invoice(server, "redraft", ["10.00"])
    post(server, id)
    (number,) = read(server, id, "name")
    match(server, id, entry_of(server, pay(server, "redraft_pay", "10.00")))
    assert server.client.write_call("account.move", "button_draft", ids=[id]) is None
    kept = "paid" if server.version >= 19 else "not_paid"
    assert read(server, id, "state", "name", "payment_state") == ["draft", number, kept]
    with pytest.raises(LedgerRefused, match="Only posted/cancelled"):
        server.client.write_call("account.move", "button_draft", ids=[id])
    post(server, id)
    assert read(server, id, "state", "name") == ["posted", number]


def test_cancelling_an_entry_frees_its_payment(server):
    """Straight from posted; the payment stays as it was, and open."""
    id = invoice(server, "cancel", ["10.00"])
    post(server, id)
    payment_id = pay(server, "cancel_pay", "10.00")
    match(server, id, entry_of(server, payment_id))
    assert server.client.write_call("account.move", "button_cancel", ids=[id]) is None
    assert read(server, id, "state", "payment_state") == ["cancel", "not_paid"]
    held = server.client.read("account.payment", [payment_id], ["state", "is_reconciled"])[0]
    assert (held["is_reconciled"], held["state"] in ("in_process", "paid")) == (False, True)


def test_matching_what_is_matched_says_so_or_changes_nothing(server):
    """So a match that got no answer is looked at, and may be sent again."""
    id = invoice(server, "rematch", ["10.00"])
    post(server, id)
    entry = entry_of(server, pay(server, "rematch_pay", "10.00"))
    match(server, id, entry)
    domain = [["move_id", "in", [id, entry]], ["account_type", "=", "asset_receivable"]]
    held = [line["id"] for line in server.client.search_read("account.move.line", domain, ["id"])]
    try:
        server.client.write_call("account.move.line", "reconcile", ids=held)
    except PermanentError as error:
        assert "reconciled" in str(error)
    assert read(server, id, "payment_state", "amount_residual") == ["paid", 0]


def test_a_day_that_is_still_to_come_posts(server):
    """Odoo has no objection: whether it should is the plan's to say."""
    id = invoice(server, "future", ["10.00"], day="2031-01-15")
    post(server, id)
    assert read(server, id, "state", "date") == ["posted", "2031-01-15"]


def test_money_out_is_a_payment_of_the_other_kind(server):
    """A refund leaves the same account and is matched with the credit note that it pays out."""
    note = invoice(server, "out_note", ["10.00"], kind="out_refund")
    post(server, note)
    cad = server.books.currencies[server.books.company_currency].currency_id
    row = [server.key("out_pay"), "outbound", "customer", str(partner(server)), "10.00", str(cad), "2026-10-12"]
    row += [str(server.books.payment_journals["NCSTR"].journal_id), "re_1"]
    (id,) = server.client.load("account.payment", PAYMENT, [row])
    server.client.write_call("account.payment", "action_post", ids=[id])
    match(server, note, entry_of(server, id))
    assert read(server, note, "payment_state", "amount_residual") == ["paid", 0]
    held = server.client.read("account.payment", [id], ["is_reconciled", "payment_type"])[0]
    assert (held["is_reconciled"], held["payment_type"]) == (True, "outbound")
