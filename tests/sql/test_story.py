"""The story's figures come out of the SQL to the cent, on each of its days; the worlds were not made by the SQL."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nexabooks.sandbox import story, traps
from tests.sql.built import Ask

DAYS = pytest.mark.parametrize("day", [1, 2, 3])


@DAYS
def test_verdicts(story_days: list[Ask], day: int) -> None:
    """23 verified, 1 void, 2 drafts, 5 zero; with Lago down its invoices are unverified, and heal the next day."""
    expected = story.EXPECTED[day - 1]
    rows = story_days[day - 1]("select verdict, count(*), sum(total_minor) from finance.invoices group by verdict")
    counts = {verdict: count for verdict, count, _ in rows}
    assert counts == {verdict: count for verdict, count in expected.verdicts.items() if count}
    assert next(total for verdict, _, total in rows if verdict == "verified") == expected.verified_total_minor


@DAYS
def test_coverage(story_days: list[Ask], day: int) -> None:
    """94 % of the revenue lies outside the subscriptions."""
    rows = story_days[day - 1]("select coverage_class, invoice_count, subtotal_minor from finance.coverage")
    assert {name: (count, total) for name, count, total in rows} == story.EXPECTED[day - 1].coverage


@pytest.mark.parametrize("day", [1, 3])
def test_reconciliation(story_days: list[Ask], day: int) -> None:
    """Two rows match, four differ by about 9.1, and one-off invoices are rows per month, never a delta."""
    expected = story.EXPECTED[day - 1]
    rows = story_days[day - 1](
        "select cast(period_start_on as varchar), billed_minor, class, expected_minor, ratio from finance.reconciliation"
    )
    subscribed = sorted((start, billed, outcome) for start, billed, outcome, _, _ in rows if outcome != "one_off")
    assert subscribed == sorted((s.period_start_on, s.billed_minor, s.outcome) for s in expected.subscribed or ())
    assert {round(ratio, 1) for _, _, outcome, _, ratio in rows if outcome == "delta"} == {Decimal("9.1")}
    one_off = story_days[day - 1](
        "select coalesce(month, ''), billed_minor from finance.reconciliation where class = 'one_off'"
    )
    assert dict(one_off) == expected.one_off


@pytest.mark.parametrize("day", [1, 3])
def test_family_revenue(story_days: list[Ask], day: int) -> None:
    """Revenue by month of issue in Toronto and family; proration lies in the family of what it prorates."""
    rows = story_days[day - 1]("select month, service_family, invoiced_minor from finance.family_revenue")
    assert {(month, family): total for month, family, total in rows} == story.EXPECTED[day - 1].families_by_month


def test_a_source_that_is_down_is_one_break(story_days: list[Ask]) -> None:
    """The list for people has one row for the source that did not answer, not one an invoice."""
    rows = story_days[1](
        "select class, source_system from finance.breaks where class in ('source_unreachable', 'unverified')"
    )
    assert rows == [("source_unreachable", "lago")]


def test_a_new_email_leaves_the_customer_the_same(story_days: list[Ask]) -> None:
    """A user who changes his address on day 3 is still the same customer with the same accounts."""
    ask = "select customer_id, account_links from finance.customers order by customer_id"
    assert story_days[0](ask) == story_days[2](ask)


def test_one_customer_over_all_services(story_days: list[Ask]) -> None:
    """Seven users, and one company that only has a service contract."""
    rows = story_days[0]("select customer_name, services from finance.customers where services <> 'vtiger'")
    assert len(rows) == 7
    assert ("Marta Kowalczyk", "lago,nexacloud,stripe,vtiger") in rows


def test_the_traps_end_as_they_must(trap_day: Ask) -> None:
    """Every invoice that ever went wrong: its verdict, whether it may be posted, its amounts, its day of issue."""
    rows = trap_day(
        "select source_system, source_invoice_id, kind, verdict, is_postable, currency_code, subtotal_minor, tax_minor, "
        "cast(invoiced_on as varchar) from outbound.out_odoo__invoices"
    )
    got = {row[:3]: row[3:] for row in rows}
    for trap in traps.EXPECTED:
        row = got.pop((trap.source, trap.id, trap.kind))
        wanted = (trap.verdict, trap.is_postable, trap.currency_code, trap.subtotal_minor, trap.tax_minor)
        assert row[:5] == wanted, trap.name
        assert trap.invoiced_on in ("", row[5]), trap.name
    assert got == {}


def test_what_may_be_posted_of_the_traps(trap_day: Ask) -> None:
    """Counts and totals per currency and kind."""
    rows = trap_day(
        "select currency_code, kind, count(*), sum(total_minor) from outbound.out_odoo__invoices where is_postable group by all"
    )
    assert {(currency, kind): (count, total) for currency, kind, count, total in rows} == traps.LEDGER
