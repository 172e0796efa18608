"""The trap world holds one of each trap, and EXPECTED speaks of every invoice in it."""

from __future__ import annotations

from collections import Counter

import pytest

from nexabooks.sandbox import traps
from nexabooks.sandbox.making import TORONTO
from nexabooks.sandbox.world import CreditNote, Invoice

WORLD = traps.world()
INVOICES = {i.id: i for i in WORLD.invoices}
NOTES = {n.id: (n, i) for i in WORLD.invoices for n in i.credit_notes}


def outcome(name: str) -> traps.Outcome:
    return next(o for o in traps.EXPECTED if o.name == name)


def made(name: str) -> Invoice:
    return INVOICES[outcome(name).id]


@pytest.mark.parametrize("expected", traps.EXPECTED, ids=lambda o: f"{o.name} {o.kind}")
def test_each_outcome_names_a_record_with_these_amounts(expected):
    """Amounts after discount, tax, currency and the day in Toronto are the world's."""
    if expected.id in NOTES:
        note, invoice = NOTES[expected.id]
        assert isinstance(note, CreditNote)
        found = (note.subtotal_minor, note.tax_minor, invoice.currency_code, note.created_at)
    else:
        invoice = INVOICES[expected.id]
        net = invoice.subtotal_minor - invoice.discount_minor
        found = (net, invoice.tax_minor, invoice.currency_code, invoice.issued_at or invoice.cloud_created_at)
    day = found[3].astimezone(TORONTO).date().isoformat()
    assert (*found[:3], day) == (
        expected.subtotal_minor,
        expected.tax_minor,
        expected.currency_code,
        expected.invoiced_on,
    )
    assert expected.is_postable <= (expected.verdict == "verified")


def test_nothing_but_the_forgotten_draft_is_without_an_outcome():
    """A deleted draft that NexaCloud never saw is nowhere, so nothing is expected of it."""
    spoken_of = {o.id for o in traps.EXPECTED}
    assert len(spoken_of) == len(traps.EXPECTED)
    assert {*INVOICES, *NOTES} - spoken_of == {traps.invoice_id("stripe", "deleted-draft")}


def test_the_ledgers_totals_are_those_of_what_is_postable():
    """Per currency and kind, count and total."""
    counts: Counter[tuple[str, str]] = Counter()
    totals: Counter[tuple[str, str]] = Counter()
    for o in traps.EXPECTED:
        if o.is_postable:
            counts[o.currency_code, o.kind] += 1
            totals[o.currency_code, o.kind] += o.total_minor
    assert {key: (counts[key], totals[key]) for key in counts} == traps.LEDGER


def test_tax_rounds_differently_per_line_and_per_document():
    """42 by line and 41 by document; 2368 by fee and 2367 by invoice; 1848 by tax and 1849 together."""
    by_line = made("tax-by-line")
    assert (by_line.tax_minor, round(by_line.subtotal_minor * 13 / 100)) == (42, 41)
    fees = made("lago-many-fees")
    assert (len(fees.lines), sum(t.amount_minor for line in fees.lines for t in line.taxes), fees.tax_minor) == (
        120,
        2368,
        2367,
    )
    quebec = made("lago-gst-qst")
    assert (sum(t.amount_minor for t in quebec.taxes), quebec.tax_minor) == (1848, 1849)


def test_every_trap_of_the_list_is_there():
    """Two currencies or more, a discount, more than ten lines, ties, deletions, markup, a plan without a price."""
    assert {i.currency_code for i in WORLD.invoices} == {"CAD", "USD", "EUR"}
    assert sum(p.amount_minor for p in made("partial-payment").payments) < made("partial-payment").total_minor
    assert made("refund").payments[0].refunds
    assert made("negative-total").total_minor < 0
    assert made("discount").discount_minor == 1000
    assert (len(made("twenty-five-lines").lines), len(made("many-lines").lines)) == (25, 137)
    assert len({made(f"tie-{n}").created_at for n in (1, 2, 3)} | {made("tie-1").paid_at}) == 1
    assert WORLD.user(made("deleted-customer").user_id).stripe_is_deleted
    assert INVOICES[traps.invoice_id("stripe", "deleted-draft")].is_deleted
    assert any(p.price_monthly is None and p.price_yearly is None for p in WORLD.plans)
    assert made("lines-do-not-add-up").subtotal_minor != sum(
        line.amount_minor for line in made("lines-do-not-add-up").lines
    )
    assert "<script>" in made("html-and-emoji").lines[0].description
    assert made("month-edge").issued_at.astimezone(TORONTO).isoformat()[:16] == "2026-05-31T23:30"
    assert made("deployment-one").user_id == made("deployment-two").user_id
    assert made("deployment-one").subscription_id != made("deployment-two").subscription_id
    assert {t.code for i in WORLD.invoices for t in i.taxes} == {"hst_13", "gst_5", "qst_9975", "vat_19"}
    assert made("lago-draft-1").number == made("lago-draft-2").number == "NEX-DRAFT"


def test_one_person_is_in_two_services():
    """Known to NexaCloud and Stripe by one id, to Lago and Stripe by another; the e-mail is the same but for its case."""
    chat = WORLD.user(made("lago-same-person").user_id)
    twin = next(u for u in WORLD.users if u.email == chat.email.lower() and u.id != chat.id)
    assert (twin.lago_customer_id, chat.in_nexacloud, twin.in_nexacloud) == ("", False, True)
    assert chat.stripe_customer_id not in ("", twin.stripe_customer_id)


def test_the_history_is_long_has_ties_and_fits_before_now():
    """5,000 invoices, each once, some of one second, none in the future."""
    history = traps.history()
    assert len({i.id for i in history.invoices}) == len({i.number for i in history.invoices}) == 5000
    assert len({i.created_at for i in history.invoices if i.source == "stripe"}) < 4500
    assert max(i.paid_at or i.created_at for i in history.invoices) < history.now
    assert {i.status for i in history.invoices} == {"paid", "open", "void", "finalized"}


def test_on_the_day_after_a_credit_note_names_what_had_gone_back():
    """All of it, and later than the day before saw; nothing else changed."""
    later = traps.day_after()
    (changed,) = [i for i in later.invoices if i != INVOICES[i.id]]
    (note,) = changed.credit_notes
    (refund,) = changed.payments[0].refunds
    assert (changed.id, INVOICES[changed.id].credit_notes) == (made("refund").id, ())
    assert (note.refund_id, note.refunded_minor, note.total_minor) == (refund.id, refund.amount_minor, 5650)
    assert WORLD.now < note.created_at < later.now
