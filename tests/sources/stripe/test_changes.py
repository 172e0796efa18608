"""How a change of something old is found, at whatever second it happened, and that nothing that went is kept."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

DAY = 86400
LINES_OF_1 = "/v1/invoices/in_1/lines"
NO_LINES = (404, b'{"error": {"code": "resource_missing", "param": "invoice"}}', {})


def values(body: bytes) -> dict[str, Any]:
    return orjson.loads(body)


def calls_to(account: Any, path: str) -> list[dict[str, Any]]:
    return [params for _, asked, params in account.calls if asked == path]


def test_an_old_invoice_that_was_paid_late_is_found_by_its_event(account, mirror):
    """Its `created` lies long before the cursor."""
    account.invoice("in_1", status="paid", created=account.now - 90 * DAY, amount_paid=0)
    mirror.read("invoices")
    account.now += 3600
    account.invoice("in_1", amount_paid=100, event="invoice.updated")
    account.now += 3600
    mirror.read("invoices")
    assert values(mirror.rows["invoices"]["in_1"])["amount_paid"] == 100


@pytest.mark.parametrize("status", ["draft", "open", "uncollectible"])
def test_an_invoice_that_is_not_final_is_read_again_without_any_event(account, mirror, status):
    """Whether it stays open or ends, and whatever the events say."""
    account.invoice("in_ends", status=status, created=account.now - 90 * DAY)
    account.invoice("in_stays", status=status, created=account.now - 90 * DAY)
    mirror.read("invoices")
    account.now += DAY
    account.invoice("in_ends", status="void")
    account.invoice("in_stays", total=101)
    end = mirror.read("invoices")["invoices"]
    assert values(mirror.rows["invoices"]["in_ends"])["status"] == "void"
    assert values(mirror.rows["invoices"]["in_stays"])["total"] == 101
    assert end.state["open"] == ["in_stays"]


def test_open_invoices_are_asked_for_by_the_page_and_not_one_by_one(account, mirror):
    """250 of them are three requests; only what has left the lists is asked for by its id."""
    for at in range(250):
        account.invoice(f"in_{at:03}", status="open", created=account.now - 90 * DAY)
    mirror.read("invoices")
    account.now += DAY
    account.invoice("in_007", status="paid")
    account.calls.clear()
    mirror.read("invoices")
    assert len([1 for params in calls_to(account, "/v1/invoices") if params.get("status") == "open"]) == 3
    assert [path for _, path, _ in account.calls if path.startswith("/v1/invoices/")] == ["/v1/invoices/in_007"]


def test_a_deleted_draft_leaves_a_tombstone(account, mirror):
    """Its id is a 404 from then on; the event is its only trace."""
    account.invoice("in_1", status="draft", lines=12)
    mirror.read("invoices")
    account.now += 7200
    account.remove("invoice", "in_1", event="invoice.deleted")
    account.now += 61
    mirror.read("invoices")
    assert mirror.deleted["invoices"] == {"in_1"}
    assert mirror.rows["invoice_lines"] == {}


def test_a_deleted_customer_leaves_a_tombstone_and_not_a_stub(account, mirror):
    """By id Stripe still answers {id, deleted: true}; that must not replace the last record."""
    account.put("customer", "cus_1", name="Ada", created=account.now - 90 * DAY)
    mirror.read("customers")
    account.now += 3600
    account.remove("customer", "cus_1", event="customer.deleted")
    account.now += 61
    mirror.read("customers")
    assert mirror.deleted["customers"] == {"cus_1"}


def test_a_line_taken_out_of_a_draft_leaves_a_tombstone(account, mirror):
    """No event names a line, and what was finalized no longer changes."""
    account.invoice("in_1", status="draft", lines=15)
    mirror.read("invoices")
    account.now += 3600
    account.invoice("in_1", status="draft", lines=12)
    mirror.read("invoices")
    assert len(mirror.rows["invoice_lines"]) == 12
    account.now += 3600
    account.invoice("in_1", status="open", lines=8)
    mirror.read("invoices")
    assert mirror.rows["invoice_lines"] == {}


@pytest.mark.parametrize(
    ("kind", "stream", "target", "event"),
    [
        ("credit_note", "invoices", "invoice", "credit_note.created"),
        ("invoice_payment", "invoices", "invoice", "invoice_payment.paid"),
        ("refund", "charges", "charge", "refund.created"),
        ("dispute", "charges", "charge", "charge.dispute.created"),
        ("discount", "customers", "customer", "customer.discount.updated"),
    ],
)
def test_an_event_makes_stale_what_it_changes_besides(account, mirror, kind, stream, target, event):
    """A credit note lowers amount_due of its invoice, whether or not Stripe tells of the invoice too."""
    record_id = f"{target}_1"
    if target == "invoice":
        account.invoice(record_id, status="paid", created=account.now - 60 * DAY)
    else:
        account.put(target, record_id, status="succeeded", created=account.now - 60 * DAY)
    mirror.read(stream)
    account.now += 3600
    account.records[target][record_id]["metadata"] = {"seen": "late"}
    account.tell(event, {"id": f"{kind}_1", "object": kind, target: record_id})
    account.now += 61
    mirror.read(stream)
    assert b'"late"' in mirror.rows[stream][record_id]


def test_two_changes_of_one_second_end_in_the_present_state(account, mirror):
    """Events of one second have no order; the record is read again instead of taken from either."""
    account.invoice("in_1", status="paid", total=1, created=account.now - 60 * DAY)
    mirror.read("invoices")
    account.now += 3600
    account.invoice("in_1", total=3, event="invoice.updated")
    account.invoice("in_1", total=2, event="invoice.paid")
    account.now += 61
    mirror.read("invoices")
    assert values(mirror.rows["invoices"]["in_1"])["total"] == 2


def test_invoices_that_share_the_second_of_the_cursor_are_all_read(account, mirror):
    """`created` has a resolution of one second, and a page may end between two of the same."""
    mirror.read("invoices")
    edge = mirror.cursors["invoices"]["read_until"]
    account.now += 120
    for at in range(250):
        account.invoice(f"in_{at:03}", status="paid", created=edge)
    mirror.read("invoices")
    assert len(mirror.rows["invoices"]) == 250


def test_events_are_read_once_for_all_streams_and_twenty_types_at_a_time(account, mirror):
    """One more type and Stripe answers 400."""
    mirror.read()
    account.now += 3600
    account.calls.clear()
    mirror.read()
    asked = calls_to(account, "/v1/events")
    types = [[v for name, v in params.items() if name.startswith("types[")] for params in asked]
    assert max(map(len, types)) == 20
    assert len({t for some in types for t in some}) == sum(map(len, types))
    edges = {(p["created[gte]"], p["created[lte]"]) for p in asked}
    assert edges == {(str(account.now - 3600 - 60 - 3600), str(account.now - 60))}


def test_a_stream_that_was_behind_reads_only_the_older_events_besides(account, mirror):
    """Its cursor is older than that of the streams before it."""
    mirror.read()
    mirror.cursors["invoices"]["read_until"] -= 5 * DAY
    account.now += 3600
    account.calls.clear()
    mirror.read()
    edges = {(p["created[gte]"], p.get("created[lt]", "")) for p in calls_to(account, "/v1/events")}
    recent = account.now - 3600 - 60 - 3600
    assert edges == {(str(recent), ""), (str(recent - 5 * DAY), str(recent))}


def test_the_events_themselves_are_never_complete(account, mirror):
    """Stripe forgets an event after 30 days; what was landed of it is not gone for that."""
    account.tell("invoice.deleted", {"id": "in_gone", "object": "invoice"})
    account.now += 61
    first = mirror.read("events", full=True)["events"]
    assert not first.is_complete
    account.now += 31 * DAY
    mirror.read("events")
    assert len(mirror.rows["events"]) == 1


def test_a_balance_transaction_that_appears_ten_minutes_late_is_read(account, mirror):
    """It carries a time before the last read, and there is no event."""
    mirror.read("balance_transactions")
    account.now += 600
    account.put("balance_transaction", "txn_1", status="available", created=account.now - 600)
    mirror.read("balance_transactions")
    assert list(mirror.rows["balance_transactions"]) == ["txn_1"]


def test_balance_transactions_are_listed_from_the_oldest_that_is_pending(account, mirror):
    """Pending becomes available after some days, without any event."""
    account.put("balance_transaction", "txn_1", status="pending", created=account.now - 3 * DAY)
    mirror.read("balance_transactions")
    account.now += DAY
    account.put("balance_transaction", "txn_1", status="available")
    end = mirror.read("balance_transactions")["balance_transactions"]
    assert values(mirror.rows["balance_transactions"]["txn_1"])["status"] == "available"
    assert end.state["open_since"] is None


def test_after_a_clock_that_was_ahead_everything_is_listed(account, mirror):
    """The cursor says that Stripe was read up to a moment yet to come; what came until then would be taken for read."""
    account.invoice("in_1", status="paid", created=account.now - 90 * DAY)
    right = account.now
    account.now += 10 * DAY
    mirror.read("invoices")
    account.now = right
    account.invoice("in_2", status="paid", created=right + 3600)
    account.now = right + DAY
    assert mirror.read("invoices")["invoices"].is_complete
    assert sorted(mirror.rows["invoices"]) == ["in_1", "in_2"]
    account.now += 3600
    assert not mirror.read("invoices")["invoices"].is_complete


@pytest.mark.parametrize("what", ["a record", "its lines"])
def test_what_was_listed_and_not_read_is_asked_for_again_without_any_event(account, mirror, what):
    """Also of an invoice that is final: the next run heals it, and until then each run says so."""
    account.invoice("in_1", status="paid", lines=12, created=account.now - 90 * DAY)
    if what == "a record":
        account.invoice("in_1", object="bill")
    else:
        account.refuses[LINES_OF_1] = NO_LINES
    for _ in range(2):
        assert ["in_1" in said for said in mirror.read("invoices")["invoices"].unread] == [True]
        account.now += DAY
    account.refuses.clear()
    account.invoice("in_1", object="invoice")
    end = mirror.read("invoices")["invoices"]
    assert (end.unread, end.state["open"]) == ((), [])
    assert (len(mirror.rows["invoices"]), len(mirror.rows["invoice_lines"])) == (1, 12)


def test_lines_of_a_draft_that_were_not_read_are_not_gone(account, mirror):
    """They stay as they were until they are read again; then those that are gone are."""
    account.invoice("in_1", status="draft", lines=15)
    mirror.read("invoices")
    account.refuses[LINES_OF_1] = NO_LINES
    account.now += DAY
    mirror.read("invoices")
    assert len(mirror.rows["invoice_lines"]) == 15
    account.refuses.clear()
    account.invoice("in_1", status="draft", lines=12)
    account.now += DAY
    mirror.read("invoices")
    assert len(mirror.rows["invoice_lines"]) == 12


def test_a_list_ends_at_the_moment_of_the_session(account, mirror):
    """What is created while it is read belongs to the next run, whose window overlaps this one."""
    mirror.read("invoices")
    assert [params["created[lte]"] for params in calls_to(account, "/v1/invoices")] == [str(account.now)]
