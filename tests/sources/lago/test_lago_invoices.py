"""Lago's invoices: what changed is found, nothing is lost, and a broken one does not stop the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nexabooks.errors import AccessRefused, LoadRefused, TransientError
from nexabooks.sandbox.making import utc


def state_rows(table):
    return table.end.state["rows"]


def test_the_detail_lands_with_its_fees_and_not_the_list_row(lago):
    """A list row has no fees; a landed invoice has them all."""
    landed = lago.read("invoices")
    assert len(landed.rows) == len(lago.world.invoices)
    assert all(orjson.loads(r)["fees"] for r in landed.rows.values())


def test_a_detail_lands_as_the_bytes_that_came(lago):
    """The record is cut out of its envelope and not written anew: a rate of 13.0 stays 13.0."""
    assert all(b'"tax_rate":13.0' in r for r in lago.read("invoices").rows.values())


def test_a_second_reading_asks_only_for_what_can_still_change(lago):
    """Settled invoices whose row is the same are not asked for again; the draft and the open one are."""
    landed = lago.read("invoices")
    lago.read("invoices", landed)
    again = {orjson.loads(landed.rows[k])["payment_status"] for k in landed.fetched}
    assert len(landed.fetched) == 2
    assert again == {"pending"}


def test_all_drafts_share_a_number_and_none_is_lost(lago):
    """Two drafts with the number NEX-DRAFT are two invoices, because the key is the lago_id."""
    at = utc("2026-05-01T12:00")
    drafts = tuple(lago.make_invoice(n, status="draft", paid_at=None, created_at=at) for n in (700, 701))
    lago.world = replace(lago.world, invoices=(*lago.world.invoices, *drafts))
    landed = lago.read("invoices")
    numbers = [orjson.loads(r)["number"] for r in landed.rows.values()]
    assert numbers.count("NEX-DRAFT") == 3
    assert len(landed.rows) == len(lago.world.invoices)


def test_a_late_payment_is_found_by_the_row_it_changes(lago):
    """An invoice paid a month after its issue lands again with its payment."""
    landed = lago.read("invoices")
    open_one = next(i for i in lago.world.invoices if i.lago_payment_status == "pending" and i.status == "finalized")
    lago.world = lago.world.with_invoice(open_one.id, lago_payment_status="succeeded", paid_at=lago.world.now)
    lago.read("invoices", landed)
    assert orjson.loads(landed.rows[open_one.id])["payment_status"] == "succeeded"


def test_a_deleted_draft_is_said_to_be_gone(lago):
    """Lago neither lists nor serves a deleted draft; an incremental reading names its key as deleted."""
    landed = lago.read("invoices")
    draft = next(i for i in lago.world.invoices if i.status == "draft")
    lago.world = lago.world.with_invoice(draft.id, is_deleted=True)
    lago.read("invoices", landed)
    assert draft.id not in landed.rows
    assert draft.id not in state_rows(landed)


def test_the_claims_count_all_invoices_and_sum_them_per_currency_and_month(lago):
    """What Lago lists, in all and per currency and month of issue, drafts and voided ones included."""
    lago.world = replace(lago.world, invoices=(*lago.world.invoices, lago.make_invoice(33, currency_code="USD")))
    landed = lago.read("invoices")
    whole, *sums = landed.end.claims
    assert (whole.row_count, whole.basis) == (len(lago.world.invoices), "source")
    told: dict[tuple[str, str], list[int]] = {}
    for record in map(orjson.loads, landed.rows.values()):
        told.setdefault((record["currency"], record["issuing_date"][:7]), []).append(record["total_amount_cents"])
    assert {(c.currency_code, c.month): (c.row_count, c.total_minor) for c in sums} == {
        k: (len(v), sum(v)) for k, v in told.items()
    }


@pytest.mark.parametrize("status", [404, 422, 500])
def test_an_invoice_that_lago_will_not_show_is_named_and_the_rest_goes_on(lago, status):
    """It lands as its list row, without fees; the reading says which one it was and is not complete."""
    broken = lago.world.invoices[0]
    lago.service.unreadable[broken.id] = status
    landed = lago.read("invoices")
    assert len(landed.rows) == len(lago.world.invoices)
    assert "fees" not in orjson.loads(landed.rows[broken.id])
    assert not landed.end.is_complete
    assert len(landed.end.unread) == 1
    assert broken.id in landed.end.unread[0]


def test_an_invoice_that_could_not_be_read_is_read_next_time(lago):
    """It is not remembered, so the next reading asks again although nothing changed at the source."""
    broken = lago.world.invoices[0]
    lago.service.unreadable[broken.id] = 404
    landed = lago.read("invoices")
    lago.service.unreadable.clear()
    lago.read("invoices", landed)
    assert "fees" in orjson.loads(landed.rows[broken.id])
    assert landed.end.unread == ()


def test_an_invoice_deleted_between_list_and_detail_is_gone_and_not_broken(lago):
    """A 404 for a draft that the list no longer has is a deletion: nobody is bothered with it."""
    draft = next(i for i in lago.world.invoices if i.status == "draft")
    lists = []

    def delete_after_the_list(plural: str, page: int) -> None:
        lists.append(page)
        if len(lists) == 2:
            lago.world = lago.world.with_invoice(draft.id, is_deleted=True)

    lago.service.unreadable[draft.id] = 404
    lago.service.before_page = lambda plural, page: plural == "invoices" and delete_after_the_list(plural, page)
    landed = lago.read("invoices")
    assert draft.id not in landed.rows
    assert landed.end.unread == ()
    assert landed.end.is_complete


def test_a_detail_that_disagrees_with_its_list_row_is_named(lago):
    """The list and the detail are two statements of one source; when they stay different, nobody picks one."""
    odd = lago.world.invoices[1]
    lago.service.detail_overrides[odd.id] = {"total_amount_cents": 1}
    landed = lago.read("invoices")
    assert [odd.id in s and "its detail says 1 CAD" in s for s in landed.end.unread] == [True]


def test_an_amount_sent_as_text_does_not_stop_the_other_invoices(lago):
    """The record lands as it is, for the warehouse to refuse; the reading goes on."""
    odd = lago.world.invoices[0]
    lago.service.overrides[odd.id] = {"total_amount_cents": str(odd.total_minor)}
    landed = lago.read("invoices")
    assert len(landed.rows) == len(lago.world.invoices)
    assert orjson.loads(landed.rows[odd.id])["total_amount_cents"] == str(odd.total_minor)


def test_when_lago_fails_for_many_invoices_the_whole_reading_waits(lago):
    """One invoice may be broken; many at once are an outage, which must not land as a hundred broken invoices."""
    lago.world = lago.small_world(12)
    lago.service.faults.add(r"/invoices/\w", "500", times=10_000)
    with pytest.raises(TransientError, match="HTTP 500"):
        lago.read("invoices")


def test_half_of_the_invoices_gone_is_refused(lago):
    """The key of another organization lists other invoices: ours are not deleted, and the old rows stand."""
    lago.world = lago.small_world(12)
    landed = lago.read("invoices")
    lago.world = replace(lago.world, invoices=lago.world.invoices[:3])
    with pytest.raises(LoadRefused, match="no longer lists 14 of 17 invoices"):
        lago.read("invoices", landed)


def test_a_key_without_the_right_fails_the_stream_by_name(lago):
    """403 is said with the right that is missing, and is not tried again."""
    lago.service.forbidden.add("invoice")
    with pytest.raises(AccessRefused, match="read_action_not_allowed_for_invoice"):
        lago.read("invoices")
    assert sum("/invoices" in c for c in lago.service.faults.calls) == 1


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["pay", "void", "finalize", "delete_draft", "add", "add_draft", "credit"]), st.integers(0, 9)
    ),
    max_size=6,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(CHANGES, min_size=1, max_size=3))
def test_reading_what_changed_ends_with_the_same_records_as_reading_everything(lago, days):
    """Whatever happens from day to day, in whatever order, the incremental table equals a full reading."""
    lago.world = lago.small_world(3)
    landed = lago.read("invoices")
    for n, changes in enumerate(days):
        for kind, which in changes:
            lago.world = _changed(lago, kind, which, n)
        lago.read("invoices", landed)
        assert landed.rows == lago.read("invoices", full=True).rows
        assert landed.end.claims == lago.read("invoices", full=True).end.claims


def _changed(lago, kind: str, which: int, day: int):
    world = lago.world
    if kind in ("add", "add_draft"):
        n = 1000 + 100 * day + 10 * which + len(world.invoices)
        values = {"status": "draft", "paid_at": None} if kind == "add_draft" else {"paid_at": None}
        return replace(world, invoices=(*world.invoices, lago.make_invoice(n, **values)))
    one = world.invoices[which % len(world.invoices)]
    at = world.now + timedelta(hours=day)
    if kind == "pay" and one.status == "finalized":
        return world.with_invoice(one.id, lago_payment_status="succeeded", paid_at=at)
    if kind == "void" and one.status == "finalized":
        return world.with_invoice(one.id, status="voided", voided_at=at)
    if kind == "finalize" and one.status == "draft":
        return world.with_invoice(one.id, status="finalized", finalized_at=at, number=f"NEX-F{which}")
    if kind == "delete_draft" and one.status == "draft":
        return world.with_invoice(one.id, is_deleted=True)
    if kind == "credit":
        return world.with_invoice(one.id, discount_minor=one.discount_minor + 1, total_minor=one.total_minor - 1)
    return world
