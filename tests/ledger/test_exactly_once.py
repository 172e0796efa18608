"""Exactly once: under lost answers at every call, a process killed at every call, two posters, and any order of days."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nexabooks.clients.odoo import OdooWriter, open_odoo
from nexabooks.clients.odoo_xmlrpc import XmlRpc
from nexabooks.ledger import MemoryJournal, apply_plan, make_plan, matching, read_present
from nexabooks.ledger.desired import Desired, Partner
from nexabooks.sandbox.odoo.service import OdooService
from tests.ledger.conftest import settings_of
from tests.ledger.makers import ACME, a_note, a_payment, an_invoice, desired_of, now, paid_back

BETA = Partner("cust_2", "Beta Ltd")
WRITES = r"/(load|create|write|action_post|action_validate|reconcile)$"

# One of each: paid, open, paid in part, forced tax, a credit note, a second customer, one that is refused, one void; money
# of every kind: paid too much, refunded, a dispute that was won.
FIRST = an_invoice(paid_minor=11_300)
CREDITED = an_invoice("in_4", (4_000,))
NOTE = a_note(CREDITED, amounts_minor=(1_000,), settles_corrected_minor=500)
SEVENTH = an_invoice("in_7")
WORLD = desired_of(
    FIRST,
    an_invoice("in_2", (1_005, 1_005, 1_005), tax_minor_by_code={"hst_13": 393}),
    an_invoice("in_3", (5_000,), paid_minor=2_000, customer_id="cust_2"),
    CREDITED,
    replace(NOTE, payments=(paid_back(NOTE, 400), paid_back(NOTE, 230, "cn_1:balance", "balance"))),
    replace(an_invoice("in_5"), verdict="void"),
    an_invoice("in_6", (1_005, 1_005, 1_005), tax_minor_by_code={"hst_13": 399}),
    replace(
        SEVENTH,
        payments=(
            a_payment(SEVENTH, 15_000, "pi_7"),
            a_payment(SEVENTH, 15_000, "dp_7", direction="outbound", settles_kind=""),
            a_payment(SEVENTH, 15_000, "dp_7:reinstated", settles_kind="payment", settles_payment_id="dp_7"),
            a_payment(
                SEVENTH, 3_700, "in_7:overpaid",
                direction="outbound", route="balance", settles_kind="payment", settles_payment_id="pi_7",
            ),
        ),
    ),
    partners=(ACME, BETA),
)  # fmt: skip


def close(odoo: OdooService, desired: Desired, client=None) -> None:
    """One close by a process of its own."""
    with open_odoo(settings_of(odoo, odoo.posting_key), "write") as own:
        use = client(own) if client else own
        plan = make_plan(desired, read_present(use, desired), mode="post", run_id="r1")
        apply_plan(plan, use, MemoryJournal(), now=now)


def assert_the_books_hold(odoo: OdooService, desired: Desired) -> None:
    """One posted entry an invoice, one payment a payment, nothing else, and nothing left to do."""
    with open_odoo(settings_of(odoo, odoo.posting_key)) as reader:
        plan = make_plan(desired, read_present(reader, desired), mode="post", run_id="later")
    assert plan.is_empty, [a for a in plan.actions if a.is_writing]
    refused = {a.key for a in plan.of("refuse") if a.kind != "payment"}
    posted = [i for i in desired.invoices if i.verdict == "verified" and i.key not in refused]
    totals = odoo.totals()
    expected: dict[tuple[str, str], Decimal] = {}
    for invoice in posted:
        key = ("out_refund" if invoice.kind == "credit_note" else "out_invoice", invoice.currency_code)
        expected[key] = expected.get(key, Decimal(0)) + Decimal(invoice.total_minor) / 100
    assert totals["posted"] == expected
    assert totals["documents"].get("posted", 0) == len(posted)
    assert totals["documents"].get("draft", 0) == len(refused)
    assert totals["payments"] == sum(len(i.payments) for i in posted)
    assert totals["orphan_payments"] == []
    assert totals["balance"] == 0


def test_the_whole_world_in_one_close(odoo):
    """Without any fault, and once more for nothing."""
    close(odoo, WORLD)
    assert_the_books_hold(odoo, WORLD)
    before = odoo.snapshot()
    close(odoo, WORLD)
    assert odoo.totals()["documents"] == {"posted": 6, "draft": 1}
    odoo.restore(before)


def test_an_odoo_that_matches_one_pair_a_call_holds_the_same_books_by_xmlrpc(odoo, monkeypatch):
    """The road of an older Odoo, over the other transport."""
    monkeypatch.setattr(matching, "FIRST_VERSION", 20)
    by_xmlrpc = XmlRpc(odoo.url, odoo.database, odoo.posting_login, odoo.posting_key, timeout_s=30)
    with OdooWriter(by_xmlrpc, 1) as client:
        plan = make_plan(WORLD, read_present(client, WORLD), mode="post", run_id="r1")
        apply_plan(plan, client, MemoryJournal(), now=now)
    assert_the_books_hold(odoo, WORLD)


def writes_of_a_close(odoo: OdooService) -> int:
    close(odoo, WORLD)
    return sum(1 for call in odoo.faults.calls if any(call.endswith(w) for w in WRITES[2:-2].split("|")))


WRITE_COUNT = 18  # of a close of WORLD; the test below keeps it honest


def test_every_write_is_disturbed_once(odoo):
    """The tests below disturb write 0 to WRITE_COUNT - 1."""
    assert writes_of_a_close(odoo) == WRITE_COUNT


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "500", "502"])
@pytest.mark.parametrize("nth", range(WRITE_COUNT))
def test_a_lost_answer_doubles_nothing_and_loses_nothing(odoo, kind, nth):
    """The connection is cut before or after the commit, or the server fails: one close is still enough."""
    odoo.faults.add(WRITES, kind, skip=nth)
    close(odoo, WORLD)
    assert odoo.faults.take("POST /a/write") is None  # the fault met its call
    assert_the_books_hold(odoo, WORLD)


class Killed(BaseException):
    """The process dies: nothing of ours may catch it."""


class Dying:
    """A client whose process is killed at its n-th write, before it is sent or after it was done."""

    def __init__(self, client, nth: int, *, after: bool) -> None:
        self._client, self._left, self._after = client, nth, after

    def __getattr__(self, name: str):
        return getattr(self._client, name)

    def write_call(self, *args, **kwargs):
        return self._maybe_die(lambda: self._client.write_call(*args, **kwargs))

    def load(self, *args, **kwargs):
        return self._maybe_die(lambda: self._client.load(*args, **kwargs))

    def _maybe_die(self, call):
        self._left -= 1
        if self._left == -1 and not self._after:
            raise Killed
        answer = call()
        if self._left == -1:
            raise Killed
        return answer


@pytest.mark.parametrize("after", [False, True], ids=["before sending", "after sending"])
@pytest.mark.parametrize("nth", range(WRITE_COUNT))
def test_a_killed_close_is_finished_by_the_next(odoo, nth, after):
    """Whatever step it died at, without its journal."""
    try:
        close(odoo, WORLD, client=lambda own: Dying(own, nth, after=after))
    except Killed:
        close(odoo, WORLD)
    assert_the_books_hold(odoo, WORLD)


def test_two_posters_at_once_post_once(odoo):
    """Even when the lease failed: both have the same plan and the same moment."""
    barrier = threading.Barrier(2)

    def poster() -> None:
        with open_odoo(settings_of(odoo, odoo.posting_key), "write") as client:
            plan = make_plan(WORLD, read_present(client, WORLD), mode="post", run_id="r1")
            barrier.wait()
            apply_plan(plan, client, MemoryJournal(), now=now)

    with ThreadPoolExecutor(2) as pool:
        for posting in [pool.submit(poster) for _ in range(2)]:
            posting.result()
    close(odoo, WORLD)
    assert_the_books_hold(odoo, WORLD)


AMOUNTS = st.lists(st.integers(-500, 50_000).filter(bool), min_size=1, max_size=4).filter(lambda xs: sum(xs) > 0)
CODES = st.sampled_from([(), ("hst_13",), ("hst_15",), ("gst_5", "qst_9975")])


@st.composite
def invoices(draw):
    """A small invented ledger: some verified, some not; open, paid, in parts, too much; some with credit notes."""
    made = []
    for n in range(draw(st.integers(1, 4))):
        invoice = an_invoice(
            f"in_{n}", tuple(draw(AMOUNTS)), draw(CODES), invoiced_on=date(2026, 10, draw(st.integers(1, 28)))
        )
        parts = draw(st.lists(st.integers(1, invoice.total_minor), max_size=2))
        payments = tuple(a_payment(invoice, part, f"pi_{n}_{k}") for k, part in enumerate(parts))
        if sum(parts) > invoice.total_minor and len(parts) == 2 and parts[0] >= invoice.total_minor:
            payments = payments[:1]  # a second payment of an invoice with nothing left is a report, not an action
        verdict = draw(st.sampled_from(["verified", "verified", "void", "unverified"]))
        made.append(replace(invoice, payments=payments, verdict=verdict))
        if draw(st.booleans()):
            made.append(a_note(invoice, f"cn_{n}", (draw(st.integers(1, 500)),), verdict=verdict))
    return desired_of(*made)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(desired=invoices())
def test_a_plan_after_its_apply_is_empty(odoo, running_odoo, desired):
    """Whatever the ledger looks like, one close brings the books there and a second one has nothing to do."""
    odoo.restore(running_odoo[1])
    close(odoo, desired)
    with open_odoo(settings_of(odoo, odoo.posting_key)) as reader:
        plan = make_plan(desired, read_present(reader, desired), mode="post", run_id="later")
    assert plan.is_empty, [a for a in plan.actions if a.is_writing]
    verified = [i for i in desired.invoices if i.verdict == "verified"]
    assert odoo.totals()["documents"].get("posted", 0) == len(verified)
    assert odoo.totals()["balance"] == 0
