"""An entry without our ids that looks like an invoice: Odoo would post both, so the invoice waits. On the sandbox and a real server."""

from __future__ import annotations

from decimal import Decimal

from nexabooks.ledger import make_plan, read_present
from nexabooks.ledger.plan import Plan
from tests.contract.conftest import Server
from tests.contract.test_taking_a_run_back import Story
from tests.contract.test_what_the_ledger_relies_on import partner, post, read
from tests.ledger.makers import desired_of


def by_hand(story: Story, invoice) -> int:
    """A posted entry of the same number, day and amount, as a person makes it."""
    server, books = story.server, story.server.books
    line = {
        "name": "Hosting",
        "price_unit": Decimal(invoice.subtotal_minor) / 100,
        "account_id": books.accounts["NCR.HOSTIN"].account_id,
        "tax_ids": [[6, 0, [books.taxes["hst_sale_tax_13"].tax_id]]],
    }
    entry = {
        "move_type": "out_invoice",
        "partner_id": partner(server, f"{story.prefix}_hand"),
        "invoice_date": invoice.invoiced_on.isoformat(),
        "ref": invoice.invoice_number,
        "invoice_line_ids": [[0, 0, line]],
    }
    id = server.client.write_call("account.move", "create", vals_list=[entry])[0]
    post(server, id)
    return id


def plan_of(story: Story, *invoices) -> Plan:
    desired = desired_of(*invoices, partners=(story.partner,))
    return make_plan(desired, read_present(story.server.client, desired), mode="post", run_id=f"{story.prefix}_r1")


def verbs(story: Story, *invoices) -> list[str]:
    return [a.verb for a in plan_of(story, *invoices).actions if a.customer_id == story.prefix and a.kind != "partner"]


def test_an_invoice_whose_twin_a_person_posted_waits_until_it_is_cancelled(server: Server):
    """Then it is posted once."""
    story = Story(server, "twin")
    invoice, other = story.invoice("a"), story.invoice("b")
    twin = by_hand(story, invoice)
    plan = plan_of(story, invoice, other)
    assert [a.source_invoice_id for a in plan.of("create")] == [other.source_invoice_id]
    assert f"(entry {twin}) has the same number, day and amount" in plan.of("park")[0].reason
    server.client.write_call("account.move", "button_cancel", ids=[twin])
    assert verbs(story, invoice) == ["create", "post"]


def test_a_twin_that_was_reversed_counts_no_more(server: Server):
    """Behind a lock date nobody may cancel it."""
    story = Story(server, "reversed")
    invoice = story.invoice()
    twin = by_hand(story, invoice)
    journal_id = server.client.read("account.move", [twin], ["journal_id"])[0]["journal_id"][0]
    vals = {"reason": "by hand", "date": "2026-10-06", "journal_id": journal_id, "move_ids": [[6, 0, [twin]]]}
    wizard = server.client.write_call("account.move.reversal", "create", vals_list=[vals])
    server.client.write_call("account.move.reversal", "refund_moves", ids=wizard)
    post(server, server.client.search_read("account.move", [["reversed_entry_id", "=", twin]], ["id"])[0]["id"])
    assert verbs(story, invoice) == ["create", "post"]


def test_an_entry_that_is_given_our_ids_is_the_invoices_own_and_is_paid(server: Server):
    """Odoo lets them be written on a posted entry; the kind is that of its type."""
    story = Story(server, "given")
    invoice = story.invoice(paid_minor=11_300)
    twin = by_hand(story, invoice)
    ids = {"x_fc_source_system": invoice.source_system, "x_fc_source_invoice_id": invoice.source_invoice_id}
    server.client.write_call("account.move", "write", ids=[twin], vals=ids)
    assert verbs(story, invoice) == ["keep", "pay"]
    assert [(r.action, r.outcome) for r in story.close(invoice)] == [("pay", "done")]
    assert read(server, twin, "state", "payment_state") == ["posted", "paid"]
    assert story.moves("id") == [(twin,)]


def test_money_that_a_person_booked_is_not_booked_again_until_he_takes_it_back(server: Server):
    """A payment without our id on the invoice; it is ours to book as soon as that one is cancelled."""
    story = Story(server, "paidbyhand")
    invoice = story.invoice(paid_minor=11_300)
    story.close(invoice)
    payment = server.client.search_read(
        "account.payment", [["x_fc_source_invoice_id", "=", invoice.source_invoice_id]], ["id"]
    )[0]["id"]
    ids = {"x_fc_source_system": False, "x_fc_source_invoice_id": False, "x_fc_payment_id": False}
    server.client.write_call("account.payment", "write", ids=[payment], vals=ids)
    [told] = plan_of(story, invoice).of("report")
    assert "booked by hand" in told.reason
    for method in ("action_draft", "action_cancel"):
        server.client.write_call("account.payment", method, ids=[payment])
    assert verbs(story, invoice) == ["keep", "pay"]
