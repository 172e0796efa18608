"""What a read of Stripe brings: everything at first, then whatever changed, each record once."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from nexabooks.errors import SourceContractBroken
from nexabooks.sources.stripe import SOURCE
from nexabooks.streams import Claim

DAY = 86400


def values(body: bytes) -> dict[str, Any]:
    return orjson.loads(body)


def calls_to(account: Any, path: str) -> list[dict[str, Any]]:
    return [params for _, asked, params in account.calls if asked == path]


def test_fifteen_hundred_invoices_come_in_fifteen_pages_each_once(account, mirror):
    """The list is read to its end, and the count and the sum are those of the account."""
    for at in range(1500):
        account.invoice(f"in_{at:04}", total=at, status="paid", created=account.now - at * 7)
    end = mirror.read("invoices")["invoices"]
    assert len(mirror.rows["invoices"]) == 1500
    assert len(calls_to(account, "/v1/invoices")) == 15
    assert sum(c.row_count for c in end.claims if c.table == "invoices") == 1500
    assert sum(c.total_minor for c in end.claims if c.table == "invoices") == sum(range(1500))
    assert end.is_complete


def test_every_line_of_an_invoice_beyond_ten_is_read(account, mirror):
    """137 lines need two pages; an invoice of ten lines is not asked for them again."""
    account.invoice("in_long", lines=137)
    account.invoice("in_short", lines=10)
    mirror.read("invoices")
    assert len(mirror.rows["invoice_lines"]) == 137
    assert len(calls_to(account, "/v1/invoices/in_long/lines")) == 2
    assert calls_to(account, "/v1/invoices/in_short/lines") == []


def test_a_credit_note_of_more_than_ten_lines_is_read_in_full_and_each_line_names_it(account, mirror):
    """A line does not name its note, so the note's id is set before what Stripe sent; a short note is not asked again."""
    account.credit_note("cn_long", lines=112)
    account.credit_note("cn_short", lines=10)
    end = mirror.read("credit_notes")["credit_notes"]
    assert set(mirror.rows["credit_note_lines"]) == {f"cn_long|cnli_{at:03}" for at in range(112)}
    sent = mirror.rows["credit_note_lines"]["cn_long|cnli_111"]
    assert sent.startswith(b'{"credit_note":"cn_long",')
    assert values(sent) == {"credit_note": "cn_long", **account.lines["cn_long"][111]}
    assert [(c.table, c.row_count) for c in end.claims] == [("credit_notes", 2), ("credit_note_lines", 112)]
    assert calls_to(account, "/v1/credit_notes/cn_short/lines") == []


def test_a_credit_note_whose_lines_are_none_is_named_and_read_again(account, mirror):
    """What Stripe sends as its lines are other objects: the note is not taken for read, and asked for on the next run."""
    account.credit_note("cn_long", lines=12)
    account.lines["cn_long"][11]["object"] = "line_item"
    end = mirror.read("credit_notes")["credit_notes"]
    assert end.unread == ("Stripe sent cnli_011 among the lines of cn_long, and it is no line of it.",)
    account.now += 30 * 3600
    account.lines["cn_long"][11]["object"] = "credit_note_line_item"
    mirror.read("credit_notes")
    assert len(mirror.rows["credit_note_lines"]) == 12


def test_a_canceled_subscription_is_read(account, mirror):
    """Stripe's default leaves the canceled ones out."""
    account.put("subscription", "sub_1", status="canceled")
    mirror.read("subscriptions")
    assert list(mirror.rows["subscriptions"]) == ["sub_1"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, "a recent cursor"),
        ({"read_until": -26 * DAY}, "a cursor older than 25 days"),
        ({"api_version": "2026-03-25.dahlia"}, "a cursor of another API version"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_everything_is_listed_when_the_cursor_cannot_be_continued(account, mirror, change, why):
    """Only a recent cursor of this API version is continued."""
    account.put("product", "prod_old", created=account.now - 40 * DAY)
    mirror.read("products")
    cursor = mirror.cursors["products"]
    if "read_until" in change:
        change = {"read_until": cursor["read_until"] + change["read_until"]}
    mirror.cursors["products"] = cursor | change
    account.calls.clear()
    assert mirror.read("products")["products"].is_complete is (why != "a recent cursor")


def test_full_lists_everything_whatever_the_cursor_says(account, mirror):
    """What vanished without an event is gone after a full read."""
    account.put("product", "prod_1", created=account.now - 9 * DAY)
    mirror.read("products")
    account.remove("product", "prod_1")
    mirror.read("products")
    assert list(mirror.rows["products"]) == ["prod_1"]
    mirror.read("products", full=True)
    assert mirror.rows["products"] == {}


def payout(account: Any, amount: int, **fields: Any) -> None:
    for name, net in (("txn_a", 700), ("txn_b", 300), ("txn_po", -1000)):
        account.put("balance_transaction", name, status="available", net=net, currency="cad")
    account.of_payout["po_1"] = ["txn_a", "txn_b", "txn_po"]
    told = {"status": "paid", "automatic": True, "reconciliation_status": "completed", "balance_transaction": "txn_po"}
    account.put("payout", "po_1", amount=amount, currency="cad", **told | fields)


def test_a_payout_is_taken_apart_into_its_transactions(account, mirror):
    """Its own transaction is not one of them."""
    payout(account, 1000)
    end = mirror.read("payouts")["payouts"]
    assert sorted(mirror.rows["payout_transactions"]) == ["po_1|txn_a", "po_1|txn_b"]
    assert end.notes == ()
    assert Claim("payout_transactions", 2, basis="wire") in end.claims


def test_a_payout_that_is_not_the_sum_of_its_transactions_is_told(account, mirror):
    """A deposit that cannot be explained is a matter for a person."""
    payout(account, 1001)
    assert "po_1 is 1001 cad" in mirror.read("payouts")["payouts"].notes[0]


def test_a_payout_whose_reconciliation_goes_on_is_read_again(account, mirror):
    """Its transactions are known only when that is completed."""
    payout(account, 1000, reconciliation_status="in_progress", created=account.now - 5 * DAY)
    mirror.read("payouts")
    assert "payout_transactions" not in mirror.rows
    account.now += DAY
    payout(account, 1000)
    mirror.read("payouts")
    assert len(mirror.rows["payout_transactions"]) == 2


def test_a_record_reads_the_same_in_a_list_and_alone(account, mirror):
    """Or an unchanged invoice would land as changed whenever an event names it."""
    account.invoice("in_1", status="paid", description="two\nlines", lines=2, created=account.now - 60 * DAY)
    mirror.read("invoices")
    listed = mirror.rows["invoices"]["in_1"]
    account.now += 3600
    account.tell("invoice.sent", {"id": "in_1", "object": "invoice"})
    account.now += 61
    mirror.read("invoices")
    assert mirror.rows["invoices"]["in_1"] == listed
    assert values(listed)["description"] == "two\nlines"


def test_a_record_of_another_kind_is_named_and_the_rest_goes_on(account, mirror):
    """And a list with such a record in it proves nothing gone."""
    account.put("product", "prod_1")
    account.put("product", "prod_2")
    account.records["product"]["prod_2"]["object"] = "plan"
    end = mirror.read("products")["products"]
    assert list(mirror.rows["products"]) == ["prod_1"]
    assert "prod_2" in end.unread[0]
    assert not end.is_complete


def test_a_record_of_the_other_mode_is_named_and_not_landed(account, mirror):
    """Test data among live data would be booked as revenue."""
    account.put("product", "prod_1")
    account.put("product", "prod_2")
    account.records["product"]["prod_2"]["livemode"] = True
    end = mirror.read("products")["products"]
    assert list(mirror.rows["products"]) == ["prod_1"]
    assert "livemode true" in end.unread[0]


def test_a_key_of_the_other_mode_is_refused(account, mirror):
    """One warehouse never holds two worlds."""
    account.put("product", "prod_1")
    mirror.read("products")
    with pytest.raises(SourceContractBroken, match=r"test data, and the key is for live data"):
        mirror.read("products", stripe_api_key="rk_live_other")


def test_the_pinned_version_is_sent_and_remembered(account, mirror):
    """And nothing of this machine is told to Stripe."""
    mirror.read("products")
    assert account.headers[0]["Stripe-Version"] == "2026-10-28.endive"
    assert mirror.cursors["products"]["api_version"] == "2026-10-28.endive"
    assert account.headers[0]["User-Agent"] == "nexabooks"
    assert not [name for name in account.headers[0] if name.startswith("X-Stripe")]


def test_a_table_that_another_stream_fills_is_not_read_by_itself(mirror):
    """invoice_lines come with the invoices."""
    lines = next(s for s in SOURCE.streams if s.name == "invoice_lines")
    with SOURCE.open(mirror.settings()) as session, pytest.raises(ValueError, match="reading invoices"):
        next(session.read(lines, None))
