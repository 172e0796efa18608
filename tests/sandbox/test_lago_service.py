"""The pretend Lago behaves as facts/lago.md says the real one does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests

from nexabooks.sandbox.lago_service import LagoService
from nexabooks.sandbox.making import invoice, item, uid, utc
from nexabooks.sandbox.world import CreditNote, User, World

ANNE = User(uid("anne"), "anne@example.test", "Anne Ash", lago_customer_id=uid("lago anne"), lago_external_id="anne")
HALF_PAST_TEN_IN_TORONTO = utc("2026-04-01T02:30")


def an_invoice(name: str, **changes: Any):
    items = changes.pop("items", [item("Chat plan", 10000)])
    at = changes.pop("at", utc("2026-04-10T12:00"))
    return invoice("lago", name, f"NEX-{name}", ANNE, at, items, **changes)


@dataclass
class Lago:
    service: LagoService
    world: World

    def get(self, path: str, key: str | None = None, **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {key or self.service.api_key}"}
        return requests.get(f"{self.service.api_url}/{path}", params=params, headers=headers, timeout=30)

    def add(self, *invoices: Any) -> None:
        self.world = replace(self.world, invoices=(*self.world.invoices, *invoices))


@pytest.fixture
def lago() -> Iterator[Lago]:
    running = Lago(LagoService(lambda: running.world), World("w", utc("2026-06-02T06:00"), users=(ANNE,)))
    running.service.start()
    yield running
    running.service.stop()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [({"key": "wrong"}, 401, None), ({}, 403, "read_action_not_allowed_for_invoice")],
    ids=["wrong key", "missing right"],
)
def test_a_refusal_has_lagos_own_form(lago, changes, status, code):
    """Status in the body, words, and a code that names the right."""
    lago.service.forbidden.add("invoice")
    answer = lago.get("invoices", **changes)
    assert (answer.status_code, answer.json()["status"], answer.json().get("code")) == (status, status, code)


def test_an_unknown_invoice_is_404_with_its_code(lago):
    """invoice_not_found, also for the states that Lago hides."""
    lago.add(an_invoice("gone", status="draft", is_deleted=True), an_invoice("open", status="open"))
    for hidden in lago.world.invoices:
        assert lago.get(f"invoices/{hidden.id}").json()["code"] == "invoice_not_found"
    assert lago.get("invoices").json()["meta"]["total_count"] == 0


def test_an_empty_list_gives_zeros_and_nulls(lago):
    """current_page 0, next_page null, total_pages 0, total_count 0."""
    meta = lago.get("invoices").json()["meta"]
    assert meta == {"current_page": 0, "next_page": None, "prev_page": None, "total_pages": 0, "total_count": 0}


def test_a_page_has_a_hundred_rows_unless_asked_otherwise(lago):
    """The default of the code is 100; per_page is honoured."""
    lago.add(*(an_invoice(str(n)) for n in range(103)))
    first = lago.get("invoices").json()
    assert len(first["invoices"]) == 100
    assert first["meta"] == {"current_page": 1, "next_page": 2, "prev_page": None, "total_pages": 2, "total_count": 103}
    assert len(lago.get("invoices", page=11, per_page=10).json()["invoices"]) == 3


def test_a_kept_total_is_believed_only_while_it_is_larger_than_what_was_paged(lago):
    """The cached value is dropped near the last page."""
    lago.add(*(an_invoice(str(n)) for n in range(30)))
    lago.service.cached_totals["invoices"] = 25
    totals = [lago.get("invoices", page=p, per_page=10).json()["meta"]["total_count"] for p in (1, 2, 3)]
    assert totals == [25, 25, 30]


def test_a_list_row_has_no_fees_and_the_detail_has(lago):
    """Fees, credits, subscriptions and billing periods come only with the single invoice."""
    lago.add(an_invoice("1"))
    row, detail = lago.get("invoices").json()["invoices"][0], lago.get(f"invoices/{lago.world.invoices[0].id}").json()
    assert set(detail["invoice"]) - set(row) >= {"fees", "credits", "subscriptions", "billing_periods", "error_details"}
    assert {k: v for k, v in detail["invoice"].items() if k in row} == row


def test_unnumbered_invoices_share_one_number(lago):
    """Every draft, failed and pending invoice is NEX-DRAFT."""
    lago.add(*(an_invoice(s, status=s) for s in ("draft", "failed", "pending", "finalized")))
    numbers = sorted(i["number"] for i in lago.get("invoices").json()["invoices"])
    assert numbers == ["NEX-DRAFT", "NEX-DRAFT", "NEX-DRAFT", "NEX-finalized"]


def test_the_issuing_date_is_the_day_in_the_customers_zone(lago):
    """Issued on 1 April in UTC and on 31 March in Toronto; created_at stays UTC."""
    lago.add(an_invoice("edge", at=HALF_PAST_TEN_IN_TORONTO))
    row = lago.get("invoices").json()["invoices"][0]
    assert (row["issuing_date"], row["created_at"]) == ("2026-03-31", "2026-04-01T02:30:00Z")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"paid_at": utc("2026-04-12T12:00")},
        {"items": [item("A", 15000, discount_minor=2000)]},
        {"items": [item("A", 4999, taxes=("gst_5", "qst_9975")), item("B", 1111, taxes=("gst_5", "qst_9975"))]},
        {"currency_code": "JPY", "items": [item("A", 5313, taxes=())]},
        {"status": "voided"},
    ],
    ids=["plain", "paid", "coupon", "GST and QST", "yen", "voided"],
)
def test_the_amounts_of_an_invoice_hold_lagos_identities(lago, changes):
    """The identities of facts: lago "Amounts", for version 4."""
    lago.add(an_invoice("1", **changes))
    i = lago.get(f"invoices/{lago.world.invoices[0].id}").json()["invoice"]
    assert i["fees_amount_cents"] == sum(f["amount_cents"] for f in i["fees"])
    assert i["coupons_amount_cents"] == sum(c["amount_cents"] for c in i["credits"])
    assert i["sub_total_excluding_taxes_amount_cents"] == i["fees_amount_cents"] - i["coupons_amount_cents"]
    assert i["sub_total_including_taxes_amount_cents"] == (
        i["sub_total_excluding_taxes_amount_cents"] + i["taxes_amount_cents"]
    )
    assert i["total_amount_cents"] == i["sub_total_including_taxes_amount_cents"]
    due = 0 if i["status"] == "voided" else i["total_amount_cents"] - i["total_paid_amount_cents"]
    assert i["total_due_amount_cents"] == due
    assert abs(i["taxes_amount_cents"] - sum(t["amount_cents"] for t in i["applied_taxes"])) <= len(i["applied_taxes"])


def test_amounts_are_ints_precise_ones_text_and_rates_numbers(lago):
    """Lago mixes all three; a reader must cope with each."""
    lago.add(an_invoice("1"))
    fee = lago.get("fees").json()["fees"][0]
    kinds = [type(fee[k]) for k in ("amount_cents", "precise_amount", "units", "taxes_rate")]
    assert kinds == [int, str, str, float]


def test_unknown_names_are_ignored_and_unknown_values_refused(lago):
    """A typo in a name returns everything; an unknown status is a 422."""
    lago.add(an_invoice("1"), an_invoice("2", status="draft"))
    assert lago.get("invoices", statsu="draft").json()["meta"]["total_count"] == 2
    assert lago.get("invoices", status="draft").json()["meta"]["total_count"] == 1
    refused = lago.get("invoices", status="paid")
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_errors")


def test_a_date_that_does_not_parse_is_dropped_silently(lago):
    """Both ends of a range are inclusive; nonsense returns everything."""
    lago.add(an_invoice("1", at=utc("2026-04-10T12:00")), an_invoice("2", at=utc("2026-05-10T12:00")))
    count = lambda **q: lago.get("invoices", **q).json()["meta"]["total_count"]  # noqa: E731
    assert count(issuing_date_from="2026-05-10", issuing_date_to="2026-05-10") == 1
    assert count(issuing_date_from="10/05/2026") == 2


def test_only_active_subscriptions_are_listed_unless_asked(lago):
    """The subscription of a deleted customer is terminated, and comes with status[] alone."""
    lago.add(an_invoice("1"))
    lago.world = lago.world.with_user(ANNE.id, lago_is_deleted=True)
    assert lago.get("subscriptions").json()["subscriptions"] == []
    asked = lago.get("subscriptions", **{"status[]": ["active", "terminated"]}).json()["subscriptions"]
    assert [s["status"] for s in asked] == ["terminated"]


def test_a_deleted_customer_is_hidden_and_stays_in_his_invoices(lago):
    """with_discarded: the invoice still embeds him."""
    lago.add(an_invoice("1"))
    lago.world = lago.world.with_user(ANNE.id, lago_is_deleted=True)
    assert lago.get("customers").json()["customers"] == []
    assert lago.get("invoices").json()["invoices"][0]["customer"]["external_id"] == "anne"


def test_a_credit_note_is_credit_refund_and_offset_together(lago):
    """Draft credit notes are not listed."""
    notes = [
        CreditNote(uid(s), f"{s}-CN1", utc("2026-05-01T00:00"), 1000, 130, 1130, status=s) for s in ("issued", "draft")
    ]
    lago.add(an_invoice("1", credit_notes=tuple(notes)))
    [note] = lago.get("credit_notes").json()["credit_notes"]
    assert note["total_amount_cents"] == (
        note["credit_amount_cents"] + note["refund_amount_cents"] + note["offset_amount_cents"]
    )


def test_wallets_need_a_customer(lago):
    """Without external_customer_id the answer is 404 customer_not_found."""
    lago.add(an_invoice("1", lago_invoice_type="credit", paid_at=utc("2026-04-12T12:00")))
    assert lago.get("wallets").json()["code"] == "customer_not_found"
    assert len(lago.get("wallets", external_customer_id="anne").json()["wallets"]) == 1


def test_the_limiter_tells_seconds_to_wait(lago):
    """X-RateLimit-Reset is a span; beyond the limit the answer is 429."""
    lago.service.limit = (1, 30)
    assert lago.get("plans").headers["X-RateLimit-Remaining"] == "0"
    refused = lago.get("plans")
    assert refused.status_code == 429
    assert 0 < float(refused.headers["X-RateLimit-Reset"]) <= 30


def test_a_lago_that_is_down_answers_nothing_useful(lago):
    """On a day on which the world says so, every call is a 503."""
    lago.world = replace(lago.world, down=frozenset({"lago"}))
    assert lago.get("plans").status_code == 503
