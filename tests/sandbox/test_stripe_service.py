"""The pretend Stripe: what facts/stripe.md says of the real one holds for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import requests
import stripe

from nexabooks.sandbox import story, traps
from nexabooks.sandbox.making import item, utc
from nexabooks.sandbox.stripe import StripeService
from nexabooks.sandbox.stripe.book import Book
from nexabooks.sandbox.traps_making import credited, of_stripe
from nexabooks.sandbox.traps_people import PLAIN
from nexabooks.sandbox.world import World

# The two traps whose source contradicts itself; every other invoice adds up.
BROKEN = {traps.invoice_id("stripe", "lines-do-not-add-up"), traps.invoice_id("stripe", "paid-but-owing")}
BELOW_MINIMUM = traps.invoice_id("stripe", "below-minimum")


class Asking:
    """A running service and a way to ask it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.service = StripeService(lambda: self.world)
        self.service.start()
        self.session = requests.Session()

    def get(self, path: str, key: str = "sk_test_sandbox", **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.session.get(f"{self.service.url}/v1/{path}", params=params, headers=headers, timeout=30)

    def all(self, name: str, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            body = self.get(name, **params, **({"starting_after": found[-1]["id"]} if found else {})).json()
            found += body["data"]
            if not body["has_more"]:
                return found

    def close(self) -> None:
        self.session.close()
        self.service.stop()


@pytest.fixture(scope="module")
def tricky() -> Iterator[Asking]:
    asking = Asking(traps.world())
    yield asking
    asking.close()


@pytest.fixture(scope="module")
def long() -> Iterator[Asking]:
    asking = Asking(traps.history(5000))
    yield asking
    asking.close()


@pytest.fixture
def told() -> Iterator[Asking]:
    asking = Asking(story.day_1())
    yield asking
    asking.close()


@pytest.mark.parametrize("world", [*story.days(), traps.world(), traps.history(500)], ids=lambda w: f"{w.name} {w.day}")
def test_every_invoice_keeps_the_amount_identities(world):
    """total, amount_due and amount_remaining follow from the other fields as facts/stripe.md says."""
    book = Book(world)
    for i in book.listing("invoices").records:
        if i["id"] in BROKEN:
            continue
        exclusive = sum(t["amount"] for t in i["total_taxes"] if t["tax_behavior"] == "exclusive")
        credits = sum(c["amount"] for c in i["total_pretax_credit_amounts"])
        assert i["total"] == i["subtotal"] - credits + exclusive + i["amount_shipping"], i["number"]
        due = max(0, i["total"] + i["starting_balance"]) - i["pre_payment_credit_notes_amount"]
        if i["id"] == BELOW_MINIMUM:  # nothing is asked for; the customer owes it with his next invoice
            due = 0
            assert (i["amount_due"], i["ending_balance"], i["status"]) == (0, i["total"], "paid")
        assert i["amount_due"] == due, i["number"]
        assert i["amount_remaining"] == max(0, due - i["amount_paid"]), i["number"]
        lines = book.invoice_lines(i["id"])
        assert i["subtotal"] == sum(line["amount"] for line in lines), i["number"]
        assert sum(d["amount"] for d in i["total_discount_amounts"]) == sum(
            d["amount"] for line in lines for d in line["discount_amounts"]
        )
        assert exclusive == sum(t["amount"] for line in lines for t in line["taxes"]), i["number"]
        assert all(type(i[f]) is int for f in ("subtotal", "total", "amount_due", "amount_paid", "amount_remaining"))
        if i["status"] == "paid":
            assert (i["amount_remaining"], i["status_transitions"]["paid_at"] is None) == (0, False), i["number"]
        assert (i["number"] is None) == (i["status"] == "draft") == (i["effective_at"] is None)
        assert (i["status"] == "void") == (i["status_transitions"]["voided_at"] is not None)


def test_the_broken_traps_are_broken():
    """The two invoices that must stay unverified contradict themselves, so the test above says something."""
    found = {i["id"]: i for i in Book(traps.world()).listing("invoices").records}
    wrong_sum, owing = (found[traps.invoice_id("stripe", n)] for n in ("lines-do-not-add-up", "paid-but-owing"))
    assert wrong_sum["subtotal"] != sum(line["amount"] for line in wrong_sum["lines"]["data"])
    assert (owing["status"], owing["amount_remaining"]) == ("paid", 100)


@pytest.mark.parametrize("world", story.days(), ids=["day 1", "day 2", "day 3"])
def test_stripe_shows_what_the_world_says(world):
    """Numbers, statuses and totals of every invoice of Stripe's are the world's."""
    shown = {i["id"]: (i["number"], i["status"], i["total"]) for i in Book(world).listing("invoices").records}
    assert shown == {i.id: (i.number or None, i.status, i.total_minor) for i in world.invoices if i.source == "stripe"}


def test_a_list_is_newest_first_and_complete(long):
    """5,000 records come once each, newest first, and the order of one second is stable."""
    pages = long.all("invoices", limit=100)
    ids = [i["id"] for i in pages]
    assert len(ids) == len(set(ids)) == 4500
    assert [i["created"] for i in pages] == sorted((i["created"] for i in pages), reverse=True)
    assert len({i["created"] for i in pages}) < len(pages), "the history has ties"
    assert ids == [i["id"] for i in long.all("invoices", limit=37)]


def test_paging_backwards_gives_the_same_pages(long):
    """ending_before the first of a page is the page before it."""
    first = long.get("invoices", limit=5).json()["data"]
    second = long.get("invoices", limit=5, starting_after=first[-1]["id"]).json()["data"]
    back = long.get("invoices", limit=5, ending_before=second[0]["id"]).json()
    assert (back["data"], back["has_more"]) == (first, False)


def test_created_windows_tile_the_list(long):
    """Half-open windows by created[gte] and created[lt] give every record once."""
    everything = long.all("invoices", limit=100)
    edges = [everything[-1]["created"], everything[2000]["created"], everything[0]["created"] + 1]
    parts = [long.all("invoices", limit=100, **{"created[gte]": a, "created[lt]": b}) for a, b in pairwise(edges)]
    assert sorted(i["id"] for part in parts for i in part) == sorted(i["id"] for i in everything)
    assert all(parts)


def test_gt_and_lte_take_the_other_edge(long):
    """gt gives its second up and lte keeps it."""
    at = long.get("invoices", limit=1).json()["data"][0]["created"]
    assert long.get("invoices", **{"created[gt]": at}).json()["data"] == []
    assert long.get("invoices", **{"created[lte]": at, "limit": 1}).json()["data"][0]["created"] == at


@pytest.mark.parametrize(("limit", "status"), [(1, 200), (100, 200), (0, 400), (101, 400), ("ten", 400)])
def test_limit_is_one_to_a_hundred(tricky, limit, status):
    """Ten without a limit, at most a hundred, and an error otherwise."""
    assert tricky.get("invoices", limit=limit).status_code == status
    assert len(tricky.get("invoices").json()["data"]) == 10


def test_embedded_lines_are_the_first_ten(tricky):
    """An invoice with 137 lines shows ten and has_more; its own list pages through all of them, in order."""
    id = traps.invoice_id("stripe", "many-lines")
    embedded = tricky.get(f"invoices/{id}").json()["lines"]
    lines = tricky.all(f"invoices/{id}/lines", limit=100)
    assert (len(embedded["data"]), embedded["has_more"], len(lines)) == (10, True, 137)
    assert [line["id"] for line in embedded["data"]] == [line["id"] for line in lines[:10]]
    assert len({line["id"] for line in lines}) == 137
    assert {(line["object"], line["invoice"]) for line in lines} == {("line_item", id)}


def test_a_credit_note_shows_its_first_ten_lines_and_lists_them_all(told):
    """Its lines have an address of their own, and do not name it."""
    made = credited(of_stripe("twelve", [item("VPS", 12000)]), "twelve", 12000, 1560)
    note = made.credit_notes[0]
    lines = tuple(replace(note.lines[0], id=f"cnli_{n:02}", amount_minor=1000, taxes=()) for n in range(12))
    made = replace(made, credit_notes=(replace(note, lines=lines),))
    told.world = World("twelve", utc("2026-06-02T06:00"), users=(PLAIN,), invoices=(made,))
    embedded = told.get(f"credit_notes/{note.id}").json()["lines"]
    assert (len(embedded["data"]), embedded["has_more"]) == (10, True)
    listed = told.all(f"credit_notes/{note.id}/lines", limit=5)
    assert [line["id"] for line in listed] == [line.id for line in lines]
    assert "credit_note" not in listed[0]


def test_subscriptions_hide_canceled_ones(told):
    """Only status=all shows them."""
    shown, everything = told.all("subscriptions", limit=100), told.all("subscriptions", limit=100, status="all")
    assert "canceled" not in {s["status"] for s in shown}
    assert "canceled" in {s["status"] for s in everything}
    assert len(everything) > len(shown) > 0
    assert {s["status"] for s in told.all("subscriptions", status="canceled")} == {"canceled"}


def test_a_deleted_customer_is_a_stub(tricky):
    """Not in the list, {id, object, deleted} by its id and when expanded; its invoices stay."""
    user = next(u for u in tricky.world.users if u.stripe_is_deleted)
    stub = {"id": user.stripe_customer_id, "object": "customer", "deleted": True}
    assert tricky.get(f"customers/{user.stripe_customer_id}").json() == stub
    assert user.stripe_customer_id not in [c["id"] for c in tricky.all("customers", limit=100)]
    id = traps.invoice_id("stripe", "deleted-customer")
    assert tricky.get(f"invoices/{id}", **{"expand[]": "customer"}).json()["customer"] == stub


def test_a_deleted_draft_leaves_only_its_events(tricky):
    """404 by id, in no list, but invoice.created and invoice.deleted tell of it."""
    id = traps.invoice_id("stripe", "deleted-draft")
    answer = tricky.get(f"invoices/{id}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "resource_missing")
    assert id not in [i["id"] for i in tricky.all("invoices", limit=100)]
    told = {e["type"] for e in tricky.all("events", limit=100) if e["data"]["object"]["id"] == id}
    assert told == {"invoice.created", "invoice.deleted"}


def test_events_reach_back_thirty_days(told):
    """Older ones are gone; each has its own api_version and an object with an id."""
    events = told.all("events", limit=100)
    oldest = (told.world.now - timedelta(days=30)).timestamp()
    assert events
    assert all(oldest <= e["created"] < told.world.now.timestamp() for e in events)
    assert {e["api_version"] for e in events} == {"2026-03-25.dahlia"}
    assert all(e["data"]["object"]["id"] for e in events)


def test_an_event_shows_its_object_as_it_was_then(told):
    """invoice.created of a paid invoice shows a draft without a number."""
    events = [e for e in told.all("events", limit=100) if e["data"]["object"]["object"] == "invoice"]
    paid = {e["data"]["object"]["id"] for e in events if e["type"] == "invoice.paid"}
    made = [e["data"]["object"] for e in events if e["type"] == "invoice.created" and e["data"]["object"]["id"] in paid]
    assert made
    assert {(i["status"], i["number"], i["amount_paid"]) for i in made} == {("draft", None, 0)}


def test_events_take_at_most_twenty_types(told):
    """Twenty types filter; twenty-one are an error."""
    wanted = {f"types[{n}]": kind for n, kind in enumerate(["invoice.paid", "invoice.voided"])}
    assert {e["type"] for e in told.all("events", limit=100, **wanted)} == {"invoice.paid"}
    too_many = {f"types[{n}]": f"type.{n}" for n in range(21)}
    assert told.get("events", **too_many).status_code == 400


def test_each_new_day_brings_its_events(told):
    """Day 2 voids, finalizes and adds a price; day 3 pays and changes a customer."""
    seen = []
    for world in story.days():
        told.world = world
        seen.append({(e["id"], e["type"]) for e in told.all("events", limit=100)})
    assert {kind for _, kind in seen[1] - seen[0]} == {
        "price.created", "payment_intent.payment_failed", "charge.failed", "invoice.payment_failed", "invoice.voided", "invoice.finalized",
    }  # fmt: skip
    assert {kind for _, kind in seen[2] - seen[1]} == {
        "invoice.paid",
        "invoice_payment.paid",
        "charge.succeeded",
        "customer.updated",
    }


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [("invoices/in_nothing", 404, "resource_missing"), ("invoices?nosuch=1", 400, "parameter_unknown"),
     ("invoices?starting_after=in_nothing", 400, "resource_missing"), ("nosuch", 404, None), ("invoices?created[gte]=soon", 400, "parameter_invalid_integer"),
     ("invoices?expand[]=data.nosuch", 400, None)],
)  # fmt: skip
def test_a_wrong_request_is_refused_in_stripes_words(told, path, status, kind):
    """The error body has type, message and, where Stripe gives one, a code."""
    answer = told.get(path)
    error = answer.json()["error"]
    assert (answer.status_code, error.get("code"), error["type"]) == (status, kind, "invalid_request_error")
    assert error["message"]


def test_keys(told):
    """No key and a revoked key are 401 and never show the key; a key without the right is 403 for that list only."""
    assert told.get("invoices", key="").status_code == 401
    assert "sk_test_something_secret" not in told.get("invoices", key="sk_test_something_secret").text
    told.service.denied.add("charges")
    assert (told.get("charges").status_code, told.get("invoices").status_code) == (403, 200)
    told.service.api_key = "sk_test_rolled"
    assert told.get("invoices").status_code == 401


def test_it_refuses_to_write(told):
    """A POST changes nothing and is refused."""
    headers = {"Authorization": "Bearer sk_test_sandbox"}
    answer = told.session.post(f"{told.service.url}/v1/invoices", headers=headers, timeout=30)
    assert answer.status_code == 403


def test_the_road_from_an_invoice_to_the_bank(tricky):
    """invoice -> invoice payment -> intent -> charge -> balance transaction, and a payout is the net of its transactions."""
    id = traps.invoice_id("stripe", "plain")
    (paid,) = tricky.all("invoice_payments", invoice=id)
    intent = tricky.get(
        f"payment_intents/{paid['payment']['payment_intent']}", **{"expand[]": "latest_charge.balance_transaction"}
    ).json()
    transaction = intent["latest_charge"]["balance_transaction"]
    assert (
        paid["amount_paid"] == intent["amount_received"] == intent["latest_charge"]["amount"] == transaction["amount"]
    )
    assert transaction["net"] == transaction["amount"] - transaction["fee"]
    payouts = tricky.all("payouts")
    assert payouts
    for payout in payouts:
        inside = tricky.all("balance_transactions", payout=payout["id"], limit=100)
        assert sum(t["net"] for t in inside if t["type"] != "payout") == payout["amount"]
        assert sum(t["net"] for t in inside) == 0


def test_money_off_stripe_has_no_charge(tricky):
    """A payment record, no payment intent, no balance transaction."""
    id = traps.invoice_id("stripe", "partial-payment")
    kinds = {p["payment"]["type"]: p["amount_paid"] for p in tricky.all("invoice_payments", invoice=id)}
    assert kinds == {"payment_intent": 200000, "payment_record": 65000}
    shown = tricky.get(f"invoices/{id}").json()
    assert (shown["status"], shown["amount_paid"], shown["amount_paid_off_stripe"], shown["amount_remaining"]) == (
        "open",
        265000,
        65000,
        300000,
    )


def test_a_returned_debit_leaves_its_trace():
    """Day 2: the invoice is void and nothing is paid; the charge failed and the balance shows the money in and out."""
    book = Book(story.day_2())
    invoice = book.find("invoices", story.story_invoices.TRAINING_ID)
    assert (invoice["status"], invoice["amount_paid"]) == ("void", 0)
    charge = next(c for c in book.listing("charges").records if c["status"] == "failed")
    moved = [t["amount"] for t in book.listing("balance_transactions").records if t["source"] == charge["id"]]
    assert sorted(moved) == [-20340, 20340]


def test_the_sdk_reads_it_all(long):
    """stripe's own client pages through the list and its lines."""
    client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": long.service.url}, max_network_retries=0)
    listed = list(client.v1.invoices.list({"limit": 100, "status": "open"}).auto_paging_iter())
    assert len(listed) == sum(i.source == "stripe" and i.status == "open" for i in long.world.invoices) > 10
    assert all(line.amount for line in listed[0].lines.auto_paging_iter())


def test_an_unchanged_world_gives_unchanged_bytes(told):
    """The same record twice, and on the next day, is the same to the byte unless something happened to it."""
    before = {i["id"]: i for i in told.all("invoices", limit=100)}
    told.world = story.day_2()
    after = {i["id"]: i for i in told.all("invoices", limit=100)}
    changed = {id for id in before if before[id] != after[id]}
    assert changed == {story.story_invoices.TRAINING_ID, story.story_invoices.TRAINING_AGAIN_ID}


def test_a_new_address_does_not_change_old_documents(told):
    """Day 3: the customer has another e-mail, her finalized invoices and charges keep the old one."""
    told.world = story.day_2()
    before = {name: {r["id"]: r for r in told.all(name, limit=100)} for name in ("invoices", "charges", "customers")}
    told.world = story.day_3()
    after = {name: {r["id"]: r for r in told.all(name, limit=100)} for name in before}
    changed = {name: {id for id in before[name] if before[name][id] != after[name][id]} for name in before}
    yoga = told.world.user(story.story_people.YOGA.id)
    assert changed == {
        "invoices": {story.story_invoices.TRAINING_AGAIN_ID},
        "charges": set(),
        "customers": {yoga.stripe_customer_id},
    }
    assert after["customers"][yoga.stripe_customer_id]["email"] == yoga.email


def test_credit_notes_change_only_what_is_due(tricky):
    """Before payment it lowers amount_due; after payment it does not."""
    before = tricky.get(f"invoices/{traps.invoice_id('stripe', 'credit-note-before-payment')}").json()
    after = tricky.get(f"invoices/{traps.invoice_id('stripe', 'credit-note')}").json()
    assert (before["total"], before["amount_due"], before["pre_payment_credit_notes_amount"]) == (113000, 90400, 22600)
    assert (after["total"], after["amount_due"], after["post_payment_credit_notes_amount"]) == (45200, 45200, 11300)


def test_a_service_with_no_stripe_records_answers_empty_lists():
    """An account without anything is not an error."""
    asking = Asking(replace(story.day_1(), invoices=(), users=(), plans=(), subscriptions=()))
    try:
        for name in Book(asking.world).names:
            assert asking.get(name).json()["data"] == [], name
    finally:
        asking.close()
