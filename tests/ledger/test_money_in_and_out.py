"""Money in and out, carried out against the pretend Odoo: what stands on which account, and what is matched with what."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from nexabooks.ledger import MemoryJournal, apply_plan, make_plan, read_present
from tests.ledger.makers import a_note, a_payment, an_invoice, applied, desired_of, now, paid_back

INVOICE = an_invoice()
TAX, INCOME, RECEIVABLE = "233000", "NCR.HOSTIN", "112110"


def close(client, *invoices, run_id="r1"):
    desired = desired_of(*invoices)
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id=run_id)
    return applied(plan, client)


def is_done(client, *invoices) -> bool:
    """Whether a further run would do nothing and has nothing to say about money."""
    desired = desired_of(*invoices)
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id="again")
    return plan.is_empty and not plan.of("report", "refuse", "park")


def balances(client) -> dict[str, Decimal]:
    """What stands on each account, by its code or, for a journal's own, its name; zero is left out."""
    accounts = client.search_read("account.account", [], ["id", "code", "name"])
    names = {a["id"]: a["name"] if a["code"].startswith("1113") else a["code"] for a in accounts}
    total: Counter[str] = Counter()
    for line in client.all_of("account.move.line", [["parent_state", "=", "posted"]], ["account_id", "balance"]):
        total[names[line["account_id"][0]]] += Decimal(line["balance"])
    return {name: balance for name, balance in total.items() if balance}


def state(client, id):
    domain = [["x_fc_source_invoice_id", "=", id]]
    return client.search_read("account.move", domain, ["payment_state", "amount_residual"])[0]


def to_credit(invoice, amount_minor, settles, **changes):
    """What was paid too much, turned into the customer's credit."""
    words = {"direction": "outbound", "route": "balance", "settles_kind": "payment", "settles_payment_id": settles}
    return a_payment(invoice, amount_minor, f"{invoice.source_invoice_id}:overpaid", **(words | changes))


PAID = replace(INVOICE, payments=(a_payment(INVOICE, 11_300, "pi_1"),))
WHOLE_NOTE = a_note(PAID, amounts_minor=(10_000,), settles_corrected_minor=0)  # 113.00
CASES = {
    "a refunded note: the money left the bank and the revenue is gone": (
        (PAID, replace(WHOLE_NOTE, payments=(paid_back(WHOLE_NOTE, 11_300),))),
        {},
    ),
    "a note turned into credit: the bank keeps the money, the customer has a claim": (
        (PAID, replace(WHOLE_NOTE, payments=(paid_back(WHOLE_NOTE, 11_300, "cn_1:balance", "balance"),))),
        {"NexaCloud Stripe": "113", "NCR.CREDIT": "-113"},
    ),
    "a note paid back elsewhere waits for that bank's statement": (
        (PAID, replace(WHOLE_NOTE, payments=(paid_back(WHOLE_NOTE, 11_300, "cn_1:elsewhere", "elsewhere"),))),
        {"NexaCloud Stripe": "113", "Outstanding Payments": "-113"},
    ),
    "paid by credit: the claim is used up, and revenue was never credit": (
        (replace(INVOICE, payments=(a_payment(INVOICE, 11_300, "in_1:balance", route="balance"),)),),
        {"NCR.CREDIT": "113", INCOME: "-100", TAX: "-13"},
    ),
    "paid elsewhere waits for that bank's statement": (
        (replace(INVOICE, payments=(a_payment(INVOICE, 11_300, "ch_1", route="elsewhere"),)),),
        {"Outstanding Receipts": "113", INCOME: "-100", TAX: "-13"},
    ),
    "paid too much: the rest is the customer's credit": (
        (replace(INVOICE, payments=(a_payment(INVOICE, 15_000, "pi_1"), to_credit(INVOICE, 3_700, "pi_1"))),),
        {"NexaCloud Stripe": "150", "NCR.CREDIT": "-37", INCOME: "-100", TAX: "-13"},
    ),
    "paid twice: all of the second is the customer's credit": (
        (
            replace(
                INVOICE,
                payments=(*PAID.payments, a_payment(INVOICE, 11_300, "pi_2"), to_credit(INVOICE, 11_300, "pi_2")),
            ),
        ),
        {"NexaCloud Stripe": "226", "NCR.CREDIT": "-113", INCOME: "-100", TAX: "-13"},
    ),
    "a dispute won: nothing but the paid invoice is left": (
        (
            replace(
                INVOICE,
                payments=(
                    *PAID.payments,
                    a_payment(INVOICE, 11_300, "dp_1", date(2026, 10, 20), direction="outbound", settles_kind=""),
                    a_payment(
                        INVOICE, 11_300, "dp_1:reinstated", date(2026, 11, 2),
                        settles_kind="payment", settles_payment_id="dp_1",
                    ),
                ),
            ),
        ),
        {"NexaCloud Stripe": "113", INCOME: "-100", TAX: "-13"},
    ),
    "a note half before and half after the payment": (
        (
            replace(INVOICE, payments=(a_payment(INVOICE, 11_300 - 2_000, "pi_1"),)),
            replace(
                a_note(INVOICE),
                settles_corrected_minor=2_000,
                payments=(paid_back(a_note(INVOICE), 2_000), paid_back(a_note(INVOICE), 520, "cn_1:balance", "balance")),
            ),
        ),
        {"NexaCloud Stripe": "73", "NCR.CREDIT": "-5.2", INCOME: "-60", TAX: "-7.8"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("invoices", "expected"), CASES.values(), ids=CASES.keys())
def test_the_books_hold_the_money_where_it_is(client, invoices, expected):
    """Nothing is left open at the customer, every step is done, and a further run does nothing."""
    receipts = close(client, *invoices)
    assert {(r.action, r.outcome) for r in receipts if r.outcome != "done"} == set()
    assert balances(client) == {name: Decimal(amount) for name, amount in expected.items()}
    for invoice in invoices:
        assert state(client, invoice.source_invoice_id)["payment_state"] == "paid"
    assert is_done(client, *invoices)


def test_a_lost_dispute_stands_open_at_the_customer(client):
    """The invoice was paid and stays so; the money that went back is owed until a person settles it."""
    taken = a_payment(INVOICE, 11_300, "dp_1", direction="outbound", settles_kind="")
    lost = replace(INVOICE, payments=(*PAID.payments, taken))
    assert {r.outcome for r in close(client, lost)} == {"done"}
    assert balances(client) == {RECEIVABLE: 113, INCOME: -100, TAX: -13}
    assert state(client, "in_1")["payment_state"] == "paid"
    assert is_done(client, lost)


def test_money_of_each_day_meets_what_earlier_days_left(client):
    """Paid, paid too much, disputed, won, credited: one day after the other, each run with its own step."""
    note = a_note(INVOICE, amounts_minor=(10_000,), settles_corrected_minor=0)
    payments = (
        a_payment(INVOICE, 15_000, "pi_1"),
        to_credit(INVOICE, 3_700, "pi_1"),
        a_payment(INVOICE, 15_000, "dp_1", direction="outbound", settles_kind=""),
        a_payment(INVOICE, 15_000, "dp_1:won", settles_kind="payment", settles_payment_id="dp_1"),
    )
    for day in range(len(payments) + 1):
        receipts = close(client, replace(INVOICE, payments=payments[:day]), run_id=f"r{day}")
        assert {r.outcome for r in receipts} == {"done"}
        assert is_done(client, replace(INVOICE, payments=payments[:day]))
    whole = replace(INVOICE, payments=payments)
    close(client, whole, note, run_id="r8")
    assert state(client, "cn_1") | {"id": 0} == {"id": 0, "payment_state": "not_paid", "amount_residual": 113}
    refunded = replace(note, payments=(paid_back(note, 11_300),))
    assert [(r.action, r.outcome) for r in close(client, whole, refunded, run_id="r9")] == [("pay", "done")]
    assert balances(client) == {"NexaCloud Stripe": 37, "NCR.CREDIT": -37}


def test_a_note_takes_of_its_invoice_only_what_lowers_it(client):
    """While its refund is not in the books it waits: matched now it would pay more of the invoice than it should."""
    half = a_note(INVOICE, settles_corrected_minor=2_000)
    close(client, INVOICE, half)
    assert [state(client, id)["amount_residual"] for id in ("in_1", "cn_1")] == [113, Decimal("45.2")]
    refunded = replace(half, payments=(paid_back(half, 2_520),))
    close(client, INVOICE, refunded, run_id="r2")
    assert [state(client, id)["amount_residual"] for id in ("in_1", "cn_1")] == [93, 0]
    assert is_done(client, INVOICE, refunded)


def test_a_refund_that_odoo_refuses_keeps_its_note_from_the_invoice(client, accountant):
    """The note's own receipt says so, and the next run heals both."""
    half = a_note(INVOICE, settles_corrected_minor=2_000)
    half = replace(half, payments=(paid_back(half, 2_520),))
    desired = desired_of(INVOICE, half)
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r1")
    journal = client.search_read("account.journal", [["code", "=", "NCSTR"]], ["id"])[0]["id"]
    accountant.write_call("account.journal", "write", ids=[journal], vals={"active": False})
    receipts = applied(plan, client)
    assert [(r.action, r.outcome) for r in receipts if r.outcome != "done"] == [
        ("pay", "refused"),
        ("match", "refused"),
    ]
    assert "45.20 CAD would be matched and only 20.00 CAD lower the invoice" in receipts[-1].says
    accountant.write_call("account.journal", "write", ids=[journal], vals={"active": True})
    close(client, INVOICE, half, run_id="r2")
    assert is_done(client, INVOICE, half)


def test_what_is_written_on_a_payment_that_goes_out(client):
    """Direction, journal, day and the source's own id; to a customer, not to a supplier."""
    refunded = replace(WHOLE_NOTE, payments=(paid_back(WHOLE_NOTE, 11_300),))
    close(client, PAID, refunded)
    fields = ["payment_type", "partner_type", "amount", "date", "memo", "state", "journal_id", "x_fc_source_invoice_id"]
    found = client.search_read("account.payment", [["x_fc_payment_id", "=", "re_1"]], fields)[0]
    assert list(found.values())[1:] == [
        "outbound", "customer", 113, "2026-10-12", "re_1", "paid", found["journal_id"], "cn_1",
    ]  # fmt: skip
    assert found["journal_id"][1] == "NexaCloud Stripe"


def test_money_out_of_three_hundred_notes_takes_few_calls(client, odoo):
    """In batches as money in: nothing is matched alone."""
    notes = [a_note(INVOICE, f"cn_{n}", settles_corrected_minor=0) for n in range(300)]
    desired = desired_of(*(replace(n, payments=(paid_back(n, 4_520, f"re_{i}"),)) for i, n in enumerate(notes)))
    plan = make_plan(desired, read_present(client, desired), mode="post", run_id="r1")
    odoo.faults.calls.clear()
    apply_plan(plan, client, MemoryJournal(), now=now)
    assert len(odoo.faults.calls) <= 60
    assert not any("reconcile" in call for call in odoo.faults.calls)
    assert odoo.totals()["payment_states"] == {"paid": 300}
