"""Lago's lists, page by page: rows that shift between two pages are neither lost nor doubled."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from nexabooks.errors import (
    AccessRefused,
    LoadRefused,
    SettingsError,
    SourceContractBroken,
    TransientError,
    Unreachable,
)
from nexabooks.sources.lago import SOURCE

LISTED_WHOLE = ("customers", "plans", "subscriptions", "fees", "credit_notes", "payments", "wallets")


@pytest.mark.parametrize("stream", LISTED_WHOLE)
def test_a_list_lands_whole_and_its_claim_is_its_count(lago, stream):
    """Every list ends complete, so that what is no longer in it is known to be gone."""
    landed = lago.read(stream)
    assert landed.end.is_complete
    assert [(c.table, c.row_count, c.basis) for c in landed.end.claims] == [(stream, len(landed.rows), "source")]


@pytest.mark.parametrize("stream", [s.name for s in SOURCE.streams])
def test_reading_twice_gives_the_same_bytes(lago, stream):
    """A source that did not change is read to the same records, so nothing would land twice."""
    assert lago.read(stream).rows == lago.read(stream).rows


def test_more_than_a_page_of_invoices_lands_whole(lago):
    """250 invoices are three pages."""
    lago.world = lago.small_world(245)
    assert len(lago.read("invoices").rows) == 250


@pytest.mark.parametrize(("n", "before_page"), [(360, 2), (420, 3)], ids=["on page 1", "on page 2, after it was read"])
def test_a_row_added_during_the_reading_doubles_nothing(lago, n, before_page):
    """A fee that comes in on a page already read pushes a row to the next page again: the list is read again."""
    lago.world = lago.small_world(245)
    added = lago.make_invoice(n, paid_at=None)

    def add(plural: str, page: int) -> None:
        if plural == "fees" and page == before_page and added not in lago.world.invoices:
            lago.world = replace(lago.world, invoices=(added, *lago.world.invoices))

    lago.service.before_page = add
    landed = lago.read("fees")
    assert len(landed.fetched) == len(set(landed.fetched)) == 251


def test_a_row_deleted_during_the_reading_hides_no_neighbour(lago):
    """A deleted draft pulls a row from page 2 to page 1, which was read already: without a second reading it is lost."""
    lago.world = lago.small_world(245)
    draft = next(i for i in lago.world.invoices if i.status == "draft")

    def delete(plural: str, page: int) -> None:
        if page == 2 and plural == "invoices":
            lago.world = lago.world.with_invoice(draft.id, is_deleted=True)

    lago.service.before_page = delete
    landed = lago.read("invoices")
    assert set(landed.rows) == {i.id for i in lago.world.invoices if not i.is_deleted}


@pytest.mark.parametrize("added", [(), (1090,)], ids=["alone", "while an older one came in, so that no total moved"])
def test_a_draft_deleted_from_page_2_before_page_3_is_read_hides_no_neighbour(lago, added):
    """The draft is counted among the rows read, in place of the one it hid, so that count, total and page 1 all agree."""
    lago.world = lago.small_world(300)
    removed = lago.service._rows("invoices")[150]["lago_id"]
    lago.world = lago.world.with_invoice(removed, status="draft", paid_at=None, payments=())

    def shift(plural: str, page: int) -> None:
        if plural == "invoices" and page == 3:
            kept = [i for i in lago.world.invoices if i.id not in (removed, *(n.id for n in new))]
            lago.world = replace(lago.world, invoices=(*kept, *new))

    new = tuple(lago.make_invoice(n) for n in added)
    lago.service.before_page = shift
    landed = lago.read("invoices")
    assert set(landed.rows) == {i.id for i in lago.world.invoices}
    assert removed not in landed.rows


def test_a_row_added_while_another_is_deleted_is_not_missed(lago):
    """The count stays the same and no row comes twice; only page 1, asked again, tells that a row came in."""
    lago.world = lago.small_world(245)
    added = lago.make_invoice(1319, paid_at=None)
    removed = lago.service._rows("invoices")[50]["lago_id"]

    def swap(plural: str, page: int) -> None:
        if plural == "invoices" and page == 2:
            others = tuple(i for i in lago.world.invoices if i.id not in (removed, added.id))
            lago.world = replace(lago.world, invoices=(*others, added))

    lago.service.before_page = swap
    landed = lago.read("invoices")
    assert added.id in landed.rows
    assert removed not in landed.rows


def test_a_list_that_never_holds_still_is_tried_later(lago):
    """A row comes with every page: after six readings another attempt is better than a guess."""
    lago.world = lago.small_world(120)

    def add(plural: str, page: int) -> None:
        n = len(lago.world.invoices)
        lago.world = replace(lago.world, invoices=(lago.make_invoice(5000 + n), *lago.world.invoices))

    lago.service.before_page = add
    with pytest.raises(TransientError, match="changed during each of 6 readings"):
        lago.read("payments")


@pytest.mark.parametrize("stale", [3, 120, 300, 5000])
def test_a_total_that_lago_still_believes_loses_no_row(lago, stale):
    """The totals of invoices and fees are kept for half an hour; too high or too low, every row is read once."""
    lago.world = lago.small_world(145)
    lago.service.cached_totals = {"invoices": stale, "fees": stale}
    assert len(lago.read("fees").rows) == 150
    assert lago.read("fees").end.claims[0].row_count == 150


def test_a_total_that_cannot_be_trusted_is_not_claimed_as_the_sources_word(lago):
    """With a stale total only our own counting is left, and the claim says so."""
    lago.service.cached_totals = {"fees": 5000}
    assert lago.read("fees").end.claims[0].basis == "wire"


def test_rows_missing_from_a_list_whose_total_is_fresh_are_refused(lago):
    """Lago counts payments each time: when it says more than it sends, twice, nothing is replaced."""
    page = lago.service._page

    def short(plural, request):
        reply = page(plural, request)
        parsed = orjson.loads(reply.body)
        parsed[plural] = parsed[plural][:-1] if plural == "payments" else parsed[plural]
        return replace(reply, body=orjson.dumps(parsed))

    lago.service._page = short
    with pytest.raises(LoadRefused, match="says it has 6 payments and sent 5, twice"):
        lago.read("payments")


def test_a_server_that_ignores_the_page_is_found_out(lago):
    """Unknown query names are ignored by Lago; a reading that got page 1 for page 2 stops."""
    lago.world = lago.small_world(145)
    page = lago.service._page
    lago.service._page = lambda plural, request: page(
        plural, replace(request, query=[q for q in request.query if q[0] != "page"])
    )
    with pytest.raises(SourceContractBroken, match="asked for fees, page 2 and answered page 1"):
        lago.read("fees")


def test_subscriptions_of_every_status_are_read(lago):
    """Lago lists only active ones unless asked: the terminated subscription of a deleted customer is there."""
    statuses = [orjson.loads(r)["status"] for r in lago.read("subscriptions").rows.values()]
    assert sorted(statuses) == ["active", "terminated"]


def test_a_deleted_customer_leaves_the_list_and_stays_in_his_invoice(lago):
    """Without him in `customers`, his invoice still says whom it is for."""
    assert [orjson.loads(r)["external_id"] for r in lago.read("customers").rows.values()] == ["anne"]
    invoices = [orjson.loads(r) for r in lago.read("invoices").rows.values()]
    assert {i["customer"]["external_id"] for i in invoices} == {"anne", "bert"}


def test_wallets_are_asked_for_customer_by_customer(lago):
    """Lago answers 404 to a list of wallets without a customer."""
    assert len(lago.read("wallets").rows) == 1
    assert any("external_customer_id=anne" in c for c in lago.service.faults.calls)


@pytest.mark.parametrize("kind", ["429", "500", "502", "cut_before", "cut_after", "malformed"])
def test_a_fault_that_passes_costs_nothing_but_time(lago, kind):
    """After one failure of each kind the same records are read."""
    before = lago.read("payments").rows
    lago.service.faults.add("/payments", kind, retry_after_s=0.01)
    assert lago.read("payments").rows == before


def test_a_slow_answer_is_asked_for_again(lago):
    """An answer that does not come in time is no answer."""
    lago.settings = lago.settings.model_copy(update={"request_timeout_s": 0.3})
    lago.service.faults.add("/payments", "slow", slow_s=0.8)
    assert len(lago.read("payments").rows) == 6


def test_the_limiters_own_wish_is_kept(lago):
    """X-RateLimit-Reset is the number of seconds to wait; after it the reading goes on."""
    lago.service.limit = (2, 0.4)
    lago.world = lago.small_world(145)
    assert len(lago.read("fees").rows) == 150


@pytest.mark.parametrize("stream", [s.name for s in SOURCE.streams])
def test_a_missing_right_is_said_with_its_name(lago, stream):
    """The key lacks one right: that stream fails, named, and says that another attempt will not help."""
    lago.service.forbidden.add({"wallets": "wallet"}.get(stream, stream.removesuffix("s")))
    with pytest.raises(AccessRefused, match="read_action_not_allowed_for_") as refused:
        lago.read(stream)
    assert lago.service.api_key not in str(refused.value)


def test_a_wrong_key_is_said_once_and_never_shown(lago):
    """Opening the source fails, so it is said once and not once a stream; the sentence has no key in it."""
    lago.settings = lago.settings.model_copy(update={"lago_api_key": type(lago.settings.lago_api_key)("wrong-key")})
    with pytest.raises(AccessRefused, match="NEXABOOKS_LAGO_API_KEY") as refused:
        lago.read("plans")
    assert "wrong-key" not in str(refused.value)


def test_an_address_without_the_api_is_a_wrong_setting(lago):
    """A forgotten /api/v1 is said as what it is."""
    lago.settings = lago.settings.model_copy(update={"lago_url": lago.service.url})
    with pytest.raises(SettingsError, match="NEXABOOKS_LAGO_URL must end in /api/v1"):
        lago.read("plans")


def test_a_dead_host_is_unreachable(lago):
    """No server at all: a sentence with the address, and worth another attempt."""
    lago.service.stop()
    with pytest.raises(Unreachable, match=r"lago could not be asked for customers at http://127\.0\.0\.1"):
        lago.read("plans")


def test_only_reading_verbs_are_sent(lago):
    """Reading everything sends nothing but GET."""
    for stream in SOURCE.streams:
        lago.read(stream.name)
    assert {c.split()[0] for c in lago.service.faults.calls} == {"GET"}
