"""What Stripe, its SDK and the wire do to a reader, and that nothing of it is silent."""

from __future__ import annotations

import warnings

import orjson
import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nexabooks.errors import (
    AccessRefused,
    NexabooksError,
    PermanentError,
    RateLimited,
    SettingsError,
    SourceContractBroken,
    Unreachable,
)
from nexabooks.sources.stripe import SOURCE
from nexabooks.sources.stripe.wire import StripeWire

CUT = (0, b"", {})


def listed(*ids: str, has_more: bool = False) -> tuple[int, bytes, dict[str, str]]:
    data = [{"id": i, "object": "product", "created": 1, "livemode": False} for i in ids]
    return 200, orjson.dumps({"object": "list", "data": data, "has_more": has_more}), {}


def refusal(status: int, **told: str) -> tuple[int, bytes, dict[str, str]]:
    return status, orjson.dumps({"error": told}), {}


@pytest.mark.parametrize(
    "trouble",
    [
        (429, b'{"error": {"message": "slow down"}}', {"Retry-After": "1"}),
        refusal(400, code="rate_limit"),
        refusal(409, code="lock_timeout"),
        refusal(500, type="api_error"),
        (502, b"<html>Bad gateway</html>", {}),
        (200, b'{"object": "list", "data": [{"id": "prod', {}),
        (200, b"<html>Welcome</html>", {}),
        listed(has_more=True),
        CUT,
    ],
    ids=[
        "429, which the SDK does not repeat",
        "400 that means 429",
        "a lock",
        "500, which the SDK does not repeat unless told",
        "a gateway's page",
        "a body cut in the middle",
        "a page of HTML with status 200",
        "an empty page that says more follow, where the SDK ends in silence",
        "a cut connection",
    ],
)
def test_what_may_pass_is_asked_for_again(account, mirror, waits, trouble):
    """Twice in trouble and the third answer counts."""
    account.put("product", "prod_1")
    account.answers = [trouble, trouble]
    mirror.read("products")
    assert list(mirror.rows["products"]) == ["prod_1"]
    assert len(waits) == 2


def test_the_wait_that_stripe_asks_for_is_kept(account, mirror, waits):
    """Retry-After is read, and not our own guess."""
    account.answers = [(429, b"{}", {"Retry-After": "7"})]
    mirror.read("products")
    assert 7 <= waits[0] < 7.1


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        (
            [(429, b"{}", {})] * 5,
            RateLimited,
            r"refused products, page 1 \(req_test\): HTTP 429\. Another attempt may succeed",
        ),
        ([CUT] * 5, Unreachable, "products, page 1"),
        ([listed(has_more=True)] * 5, Unreachable, "empty page"),
        ([(200, b'{"object": "list", "data": []}', {})], SourceContractBroken, "has_more"),
        ([(200, b'{"object": "product"}', {})], SourceContractBroken, "not a list"),
        ([(200, b'{"object": "list", "has_more": false, "data": [{}]}', {})], SourceContractBroken, "without an id"),
        ([(400, b'{"error": "text"}', {})], PermanentError, "HTTP 400. Another attempt will not help"),
        ([refusal(404, code="url_invalid")], PermanentError, "HTTP 404"),
        ([listed("prod_1", has_more=True), listed("prod_1", has_more=True)], Unreachable, "twice"),
        ([(302, b"", {"Location": "http://127.0.0.1:1/"})], PermanentError, "HTTP 302"),
    ],
    ids=[
        "429 for ever",
        "a connection cut for ever",
        "an empty page for ever",
        "a list that does not say whether it goes on",
        "no list",
        "a record without id",
        "an error that is a text, where the SDK falls over",
        "no such address",
        "a page repeated without end",
        "a redirect",
    ],
)
def test_what_does_not_pass_ends_in_one_sentence(account, mirror, answers, error, words):
    """No list ends in silence, none goes on for ever."""
    account.answers = list(answers)
    with pytest.raises(NexabooksError, match=words) as raised:
        mirror.read("products")
    assert type(raised.value) is error


def test_403_fails_the_stream_and_names_the_right_to_grant(account, mirror):
    """A stream without its right must not look like one without records."""
    account.refuses["/v1/disputes"] = refusal(403, message="The key does not have 'rak_dispute_read'.")
    account.refuses["/v1/refunds"] = refusal(403, message="No.")
    with pytest.raises(AccessRefused, match=r"disputes, page 1 .*grant the restricted key the right rak_dispute_read"):
        mirror.read("disputes")
    with pytest.raises(AccessRefused, match="grant the restricted key read access to refunds"):
        mirror.read("refunds")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_no_error_quotes_the_key(account, mirror, status):
    """Stripe's own message may; ours is written anew."""
    account.answers = [refusal(status, message="Invalid API Key provided: sk_test_pretend")] * 9
    with pytest.raises(NexabooksError) as raised:
        mirror.read("products")
    assert "sk_test_pretend" not in f"{raised.value!r} {raised.value} {raised.value.__cause__}"


def test_every_way_of_the_sdk_to_write_is_refused_before_it_is_sent(account, mirror):
    """A reading pipeline that can void an invoice is one mistake away from doing it."""
    wire = StripeWire(mirror.settings())
    writes = [
        lambda c: c.v1.invoices.create({"customer": "cus_1"}),
        lambda c: c.v1.invoices.void_invoice("in_1"),
        lambda c: c.v1.customers.update("cus_1", {"name": "x"}),
        lambda c: c.v1.customers.delete("cus_1"),
        lambda c: c.raw_request("post", "/v1/refunds", charge="ch_1"),
        lambda c: c.raw_request("delete", "/v1/invoices/in_1"),
    ]
    for write in writes:
        with pytest.raises(PermanentError, match="reads only"):
            write(wire.client)
    assert account.calls == []
    wire.close()


def test_the_record_after_which_to_go_on_may_be_deleted_between_two_pages(account, mirror):
    """The list begins again, and no record comes twice."""
    for at in range(150):
        account.invoice(f"in_{at:03}", status="draft", created=account.now - at)
    with SOURCE.open(mirror.settings()) as session:
        items = session.read(SOURCE.streams[4], None)
        first = next(items)
        account.remove("invoice", "in_099")
        rest = list(items)
    assert first.row_count + sum(batch.row_count for batch in rest[:-1]) == 150


def test_a_draft_deleted_while_its_lines_are_read_does_not_end_the_run(account, mirror):
    """It is named, and the other invoices go on."""
    account.invoice("in_1", status="draft", lines=12, created=account.now - 1)
    account.invoice("in_2", status="draft", lines=12)
    account.refuses["/v1/invoices/in_2/lines"] = refusal(404, code="resource_missing", param="invoice")
    end = mirror.read("invoices")["invoices"]
    assert "in_2" in end.unread[0]
    assert len(mirror.rows["invoice_lines"]) == 12


def test_a_page_with_records_that_came_before_brings_the_others_as_they_are(account, mirror):
    """Cut out of the body, so that 9.975 and 1e2 stay what Stripe wrote."""
    record = b'{"id": "%s", "object": "product", "livemode": false, "rate": 9.975, "n": 1e2}'
    body = b'{"object": "list", "has_more": %s, "data": [%s, %s]}'
    account.answers = [
        (200, body % (b"true", record % b"prod_1", record % b"prod_2"), {}),
        (200, body % (b"false", record % b"prod_2", record % b"prod_3"), {}),
    ]
    end = mirror.read("products")["products"]
    assert mirror.rows["products"]["prod_3"] == record % b"prod_3"
    assert end.claims[0].row_count == 3


def test_a_notice_of_stripe_is_no_warning(account, mirror):
    """The SDK turns the header into a Python warning, which ends a strict run."""
    account.answers = [(200, listed("prod_1")[1], {"Stripe-Notice": "Please upgrade."})]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mirror.read("products")
    assert stripe.enable_telemetry is False


def test_a_missing_key_is_named_before_anything_is_read(account, mirror):
    """With the name of the setting."""
    with (
        pytest.raises(SettingsError, match="NEXABOOKS_STRIPE_API_KEY"),
        SOURCE.open(mirror.settings(stripe_api_key=None)),
    ):
        pass
    assert account.calls == []


def small_account(account) -> None:
    for at in range(120):
        account.invoice(f"in_{at:03}", status="paid", lines=12 if at == 60 else 1, created=account.now - 9000 - at)
    account.invoice("in_open", status="open", created=account.now - 9000)


def later(account) -> None:
    account.now += 5000
    account.invoice("in_open", status="paid", event="invoice.paid")
    account.invoice("in_005", total=7, event="invoice.updated")
    account.invoice("in_new", status="draft", event="invoice.created")
    account.now += 61


@pytest.mark.parametrize("kind", ["429", "500", "cut", "half a body"])
def test_trouble_at_any_one_call_changes_nothing_of_the_result(account, mirror, kind):
    """Each call of a first and of a later read fails once in its turn."""
    trouble = {"429": (429, b"{}", {}), "500": refusal(500), "cut": CUT, "half a body": (200, b'{"object": "li', {})}[
        kind
    ]
    answer, at = account.answer, {"call": 0, "trouble": -1}

    def in_turn(path, params):
        at["call"] += 1
        return trouble if at["call"] == at["trouble"] else answer(path, params)

    def story():
        account.reset()
        account.answer = in_turn
        mirror.__init__(account)
        at["call"] = 0
        small_account(account)
        mirror.read("invoices")
        later(account)
        mirror.read("invoices")
        return mirror.rows

    expected, call_count = story(), at["call"]
    assert call_count > 8
    try:
        for at["trouble"] in range(1, call_count + 1):
            assert story() == expected
    finally:
        del account.answer


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["create", "pay", "void", "note", "delete", "lines", "customer", "forget", "wait", "read"]),
        st.integers(0, 5),
        st.sampled_from([0, 1, 30, 61, 4000, 90_000, 26 * 86400]),
    ),
    min_size=3,
    max_size=25,
)


def change(account, what: str, number: int) -> None:
    """One thing that happens at the account, with the event that Stripe tells of it, where it tells one."""
    invoice_id, customer_id = f"in_{number}", f"cus_{number}"
    there = account.records["invoice"].get(invoice_id)
    if what == "create" and there is None:
        account.invoice(invoice_id, status="draft", lines=number * 5, event="invoice.created")
    elif what == "pay" and there:
        account.invoice(invoice_id, status="paid", event="invoice.paid")
    elif what == "void" and there and there["status"] != "paid":
        account.invoice(invoice_id, status="void")  # told by no event: found because it was not final
    elif what == "note" and there:
        account.invoice(invoice_id, amount_due=account.now)
        account.tell("credit_note.created", {"id": "cn", "object": "credit_note", "invoice": invoice_id})
    elif what == "delete" and there and there["status"] == "draft":
        account.remove("invoice", invoice_id, event="invoice.deleted")
    elif what == "lines" and there and there["status"] == "draft":
        account.invoice(invoice_id, lines=10 + number)
    elif what == "customer":
        account.put("customer", customer_id, name=str(account.now), event="customer.updated")
    elif what == "forget" and customer_id in account.records["customer"]:
        account.remove("customer", customer_id, event="customer.deleted")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_reading_what_changed_ends_where_reading_everything_ends(served, changes):
    """Whatever happened in whatever order, at whatever second, and whenever it was read in between."""
    from tests.sources.stripe.conftest import Mirror

    served.reset()
    mirror, whole = Mirror(served), Mirror(served)
    for what, number, seconds in changes:
        if what == "read":
            mirror.read("invoices", "customers")
        else:
            change(served, what, number)
        served.now += seconds
    served.now += 61  # the newest events are left for the next read
    mirror.read("invoices", "customers")
    whole.read("invoices", "customers", full=True)
    for table in ("invoices", "invoice_lines", "customers"):
        assert mirror.rows.get(table, {}) == whole.rows.get(table, {})
