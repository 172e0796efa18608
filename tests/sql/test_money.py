"""The money of the trap world comes out as the world says: each movement, what is open, what is credit, what is a break."""

from __future__ import annotations

from collections import Counter

import pytest

from nexabooks.sandbox import traps, traps_money
from tests.sql.built import Ask

NAMED = {(m.source, m.name) for m in traps_money.MONEY}
NAME_OF = {(o.source, o.id, o.kind): o.name for o in traps.EXPECTED}


def test_every_movement_is_handed_to_the_ledger_as_it_was(trap_day: Ask) -> None:
    """Amount, day, route, direction and what it settles, of every document whose money is a trap."""
    rows = trap_day(
        "select p.source_system, p.source_invoice_id, f.kind, f.movement, p.direction, p.route, p.settles_kind, "
        "p.amount_minor, cast(p.paid_on as varchar) from outbound.out_odoo__payments p "
        "join marts.fct_payments f using (source_system, payment_id, source_invoice_id)"
    )
    got = Counter(
        traps_money.Movement(name, source, *rest)
        for source, id, *rest in rows
        if (source, name := NAME_OF[source, id, rest[0]]) in NAMED
    )
    assert got == Counter(traps_money.MONEY)


def test_a_movement_that_settles_a_payment_names_it(trap_day: Ask) -> None:
    """What was paid too much is matched with the payment that brought it, what came back with the withdrawal."""
    rows = trap_day(
        "select movement, settles_payment_id, (select any_value(movement) from marts.fct_payments o "
        "where o.payment_id = p.settles_payment_id and o.source_invoice_id = p.source_invoice_id) "
        "from marts.fct_payments p where settles_kind = 'payment'"
    )
    assert sorted((movement, settled) for movement, _, settled in rows) == [
        ("overpayment", "payment"),
        ("reinstatement", "dispute"),
    ]
    assert ("reinstatement", traps_money.dispute_id("dispute-won")) in {row[:2] for row in rows}


def test_what_stays_open_is_what_the_sources_say(trap_day: Ask) -> None:
    """Of every document that may be posted; credit notes are open as far as their refund has not arrived."""
    rows = trap_day(
        "select source_system, source_invoice_id, kind, open_minor from marts.fct_invoices where is_postable and open_minor <> 0"
    )
    assert {(NAME_OF[source, id, kind], kind): open for source, id, kind, open in rows} == traps_money.OPEN


def test_a_wallet_top_up_goes_to_the_liability_account_and_is_no_revenue(trap_day: Ask) -> None:
    """Its line has the family prepaid; family revenue has none of it, and customer credit has all of it."""
    lines = trap_day(
        "select l.service_family, f.account_code, f.account_type from outbound.out_odoo__invoice_lines l "
        f"join outbound.out_odoo__families f using (service_family) where source_invoice_id = '{traps.invoice_id('lago', 'lago-top-up')}'"
    )
    assert lines == [("prepaid", "NCR.CREDIT", "liability_current")]
    assert trap_day("select count(*) from marts.fct_family_revenue where service_family = 'prepaid'") == [(0,)]


def test_customer_credit_holds_what_is_owed_to_customers(trap_day: Ask) -> None:
    """Per customer, and together what the account in the ledger must hold."""
    rows = trap_day("select customer_name, balance_minor from finance.customer_credit where balance_minor <> 0")
    assert dict(rows) == {
        "Surplus & Daughters Ltd": 13780,
        "Small Change Inc.": -40,
        "Double Sites Inc.": 6300,
        "Less Is More Inc.": -18153,
        "Early Bird Ltd": 35000,
    }
    assert sum(balance for _, balance in rows) == traps_money.CREDIT_MINOR


def test_a_person_is_shown_what_money_needs_him_for(trap_day: Ask) -> None:
    """One break each, and none for what settled itself: a dispute won, a failed attempt, a payment elsewhere."""
    classes = {"payment_not_booked", "payment_of_void", "paid_elsewhere", *(row[0] for row in traps_money.BREAKS)}
    rows = trap_day(
        "select class, source_system, source_invoice_id, "
        "case when source_invoice_id like 'cn_%' then 'credit_note' else 'invoice' end, "
        "split_part(break_key, '|', -1) from marts.fct_breaks"
    )
    got = sorted(
        (c, *((NAME_OF[source, id, kind], kind) if id else traps_money.LOOSE[movement]))
        for c, source, id, kind, movement in rows
        if c in classes
    )
    assert got == sorted(traps_money.BREAKS)


def test_a_payout_names_the_invoices_of_lago_whose_money_it_brought(trap_day: Ask) -> None:
    """Each of them in the payout of its charge, two that were paid together both, and what was paid elsewhere in none."""
    rows = trap_day("select payout_id, unnest(string_split(invoice_ids, ',')) from finance.payouts")
    named: dict[str, set[str]] = {}
    for payout, id in rows:
        if name := NAME_OF.get(("lago", id, "invoice")):
            named.setdefault(payout, set()).add(name)
    assert named == {traps_money.payout_id(friday): names for friday, names in traps_money.PAID_OUT.items()}


def test_a_movement_waits_for_its_document(trap_day: Ask) -> None:
    """What is parked or unverified takes its money with it, and says so."""
    rows = trap_day("select source_system, source_invoice_id, kind, held from marts.fct_payments where not is_bookable")
    held = {(NAME_OF[source, id, kind], held) for source, id, kind, held in rows}
    names = (
        "lines-do-not-add-up",
        "paid-but-owing",
        "foreign-tax",
        "owes-from-before",
        "lago-granted-part",
        "lago-untold-part",
    )
    assert held == {(name, "waits") for name in names}


@pytest.mark.parametrize("route", ["stripe", "elsewhere", "balance"])
def test_each_route_has_a_journal_that_odoo_takes(trap_day: Ask, route: str) -> None:
    """A journal's code has at most five letters in Odoo; the account is there or is one that Odoo knows."""
    ((code, account),) = trap_day(
        f"select journal_code, account_code from outbound.out_odoo__payment_routes where route = '{route}' and is_booked"
    )
    assert len(code) <= 5
    assert account in ("", "outstanding", "NCR.CREDIT")


def test_a_credit_note_names_the_invoice_that_it_corrects(trap_day: Ask) -> None:
    """Every one of the traps, and no invoice does."""
    found = trap_day(
        "select notes.kind, count(*), count(invoices.source_invoice_id) from finance.invoices as notes "
        "left join finance.invoices as invoices on notes.source_system = invoices.source_system and invoices.kind = 'invoice' "
        "and notes.corrects_source_invoice_id = invoices.source_invoice_id group by notes.kind order by notes.kind"
    )
    (_, notes, named), (_, _, corrected) = found
    assert 0 < notes == named
    assert corrected == 0
