"""Money in the pretend Odoo: the wizard, payments, matching, undoing (facts: odoo)."""

import pytest

from nexabooks.sandbox.odoo.asking import Refused
from tests.sandbox.conftest import refusal


def payment(books, id, *fields):
    row = books.ask("account.payment", "read", ids=[id], fields=list(fields), load=None)[0]
    return row[fields[0]] if len(fields) == 1 else tuple(row[f] for f in fields)


def payments_for(books, amounts, **vals):
    """Payments of their own, one for each amount."""
    header = {
        "payment_type": "inbound",
        "partner_type": "customer",
        "partner_id": books.partner,
        "date": "2026-10-12",
        "journal_id": books.bank,
    }
    return books.ask(
        "account.payment",
        "create",
        vals_list=[header | vals | {"amount": a, "memo": f"ch_{n}"} for n, a in enumerate(amounts)],
    )


# The wizard


def test_the_wizard_pays_one_invoice(books):
    """The answer, and the payment read back."""
    id = books.posted(100)
    answer = books.pay(id, communication="pi_1")
    assert answer == {
        "name": "Payments",
        "type": "ir.actions.act_window",
        "res_model": "account.payment",
        "context": {"create": False},
        "view_mode": "form",
        "res_id": answer["res_id"],
    }
    made = answer["res_id"]
    assert payment(books, made, "state", "memo", "is_reconciled", "reconciled_invoice_ids") == (
        "paid",
        "pi_1",
        True,
        [id],
    )
    account = books.ask("account.payment", "read", ids=[made], fields=["outstanding_account_id"])[0][
        "outstanding_account_id"
    ][1]
    assert account == "111313 Outstanding Receipts"
    assert books.move(id, "payment_state", "amount_residual") == ("paid", 0.0)


def test_the_wizard_takes_lines_and_refuses_nothing(books):
    """line_ids instead of the context; without either it is refused; so is what is paid already."""
    id = books.posted(100)
    wizard = books.ask(
        "account.payment.register",
        "create",
        vals_list=[{"journal_id": books.bank, "line_ids": [[6, 0, [books.due_line(id)]]]}],
    )
    books.ask("account.payment.register", "action_create_payments", ids=wizard)
    assert books.move(id, "payment_state") == "paid"
    says = "The register payment wizard should only be called on account.move or account.move.line records."
    assert refusal(books, "account.payment.register", "create", vals_list=[{"journal_id": books.bank}]).message == says
    with pytest.raises(Refused, match="There's nothing left to pay for the selected journal items"):
        books.pay(id)


def test_the_wizard_pays_many_invoices_each_by_its_own_payment(books):
    """One common date, full residuals, memo = invoice number; the answer carries a domain."""
    ids = [books.posted(100), books.posted(50)]
    answer = books.pay(*ids)
    (made,) = [leaf[2] for leaf in answer["domain"]]
    assert [payment(books, p, "memo", "amount", "date") for p in made] == [
        ("INV/2026/00001", 113.0, "2026-10-07"),
        ("INV/2026/00002", 56.5, "2026-10-07"),
    ]
    assert [books.move(i, "payment_state") for i in ids] == ["paid", "paid"]


def test_the_action_takes_one_wizard(books):
    """Expected singleton."""
    error = refusal(books, "account.payment.register", "action_create_payments", ids=[6, 7, 8])
    assert (error.status, error.name) == (500, "builtins.ValueError")
    assert error.message == "Expected singleton: account.payment.register(6, 7, 8)"


def test_part_of_the_amount_then_the_rest_written_off(books):
    """50.00 of 113.00 leaves 63.00; 62.99 and a cent written off settles it."""
    id = books.posted(100)
    books.pay(id, amount=50.0)
    assert books.move(id, "payment_state", "amount_residual") == ("partial", 63.0)
    charges = books.ref("account.1_l10n_ca_523000")
    books.pay(
        id, amount=62.99, payment_difference_handling="reconcile", writeoff_account_id=charges, writeoff_label="cent"
    )
    assert books.move(id, "payment_state", "amount_residual") == ("paid", 0.0)
    assert books.service.totals()["balance"] == 0


def test_more_than_due_stays_on_the_payment(books):
    """150.00 on 113.00."""
    id = books.posted(100)
    made = books.pay(id, amount=150.0)["res_id"]
    assert books.move(id, "payment_state") == "paid"
    open_line = books.ask(
        "account.move.line", "read", ids=[books.due_line(payment(books, made, "move_id"))], fields=["amount_residual"]
    )
    assert open_line[0]["amount_residual"] == -37.0


def test_a_draft_can_be_paid(books):
    """Accepted: state draft, payment_state paid."""
    id = books.draft(100)
    books.pay(id)
    assert books.move(id, "state", "payment_state") == ("draft", "paid")


def test_a_stale_wizard_makes_an_orphan(books):
    """Four wizards made before the first is used: four payments, one reconciled."""
    id = books.posted(100)
    context = {"active_model": "account.move", "active_ids": [id]}
    wizards = [
        books.ask("account.payment.register", "create", vals_list=[{"journal_id": books.bank}], context=context)
        for _ in range(4)
    ]
    for wizard in wizards:
        books.ask("account.payment.register", "action_create_payments", ids=wizard)
    totals = books.service.totals()
    assert totals["payments"] == 4 and len(totals["orphan_payments"]) == 3


# Payments and matching


def test_payments_post_in_bulk_and_reconcile_by_themselves_nothing(books):
    """invoice_ids does not reconcile; one reconcile call per pair does."""
    ids = [books.posted(10), books.posted(20), books.posted(30)]
    made = payments_for(books, [11.3, 22.6, 15.0])
    books.ask("account.payment", "write", ids=[made[0]], vals={"invoice_ids": [[6, 0, [ids[0]]]]})
    assert books.ask("account.payment", "action_post", ids=made) is None
    assert [books.move(i, "payment_state") for i in ids] == ["not_paid"] * 3
    for invoice, pay in zip(ids, made, strict=True):
        pair = [books.due_line(invoice), books.due_line(payment(books, pay, "move_id"))]
        assert books.ask("account.move.line", "reconcile", ids=pair) is None
    assert [books.move(i, "payment_state") for i in ids] == ["paid", "paid", "partial"]
    assert books.move(ids[2], "amount_residual") == 18.9


def test_one_reconcile_call_over_many_pairs_matches_across(books):
    """A 22.60 payment is split over both invoices."""
    small, large = books.posted(10), books.posted(20)
    made = payments_for(books, [22.6, 11.3])
    books.ask("account.payment", "action_post", ids=made)
    lines = [books.due_line(i) for i in (small, large)] + [books.due_line(payment(books, p, "move_id")) for p in made]
    books.ask("account.move.line", "reconcile", ids=lines)
    first = books.ask("account.payment", "read", ids=[made[0]], fields=["reconciled_invoice_ids"])[0]
    assert first["reconciled_invoice_ids"] == [small, large]


def test_js_assign_outstanding_line_matches_one_pair(books):
    """It answers null."""
    id = books.posted(10)
    made = payments_for(books, [11.3])
    books.ask("account.payment", "action_post", ids=made)
    line = books.due_line(payment(books, made[0], "move_id"))
    assert books.ask("account.move", "js_assign_outstanding_line", ids=[id], line_id=line) is None
    assert books.move(id, "payment_state") == "paid"


def test_import_marks_match_many_pairs_in_one_post(books):
    """Way (a): draft entries, marks on both sides, one action_post; paid, paid, partial."""
    ids = [books.posted(10), books.posted(20), books.posted(30)]
    made = payments_for(books, [11.3, 22.6, 15.0], write_off_line_vals=[])
    entries = [payment(books, p, "move_id") for p in made]
    assert books.move(entries[0], "display_name") == "Draft Entry (ch_0)"
    data = []
    for n, (invoice, entry) in enumerate(zip(ids, entries, strict=True)):
        data += [[books.due_line(invoice), f"Ifc{n}"], [books.due_line(entry), f"Ifc{n}"]]
    answer = books.ask("account.move.line", "load", fields=[".id", "matching_number"], data=data)
    assert answer == {"ids": [row[0] for row in data], "messages": [], "nextrow": 0}
    assert books.ask("account.payment", "action_post", ids=made) is None
    assert [books.move(i, "payment_state") for i in ids] == ["paid", "paid", "partial"]
    numbers = [r["matching_number"] for i in ids for r in books.lines(i, "payment_term")]
    assert numbers[0].isdigit() and numbers[1].isdigit() and numbers[2].startswith("P")
    assert payment(books, made[0], "state", "is_reconciled", "is_matched") == ("in_process", True, False)
    books.ask("account.payment", "action_validate", ids=made)
    assert payment(books, made[0], "state") == "paid"


def test_import_marks_given_at_create_match_at_the_post(books):
    """Way (b): invoice and money as a journal entry; the due date is the one that was sent."""
    receivable, bank_account = (
        books.ref("account.1_l10n_ca_112110"),
        books.ask("account.journal", "read", ids=[books.bank], fields=["default_account_id"], load=None)[0][
            "default_account_id"
        ],
    )
    term = {"display_type": "payment_term", "account_id": receivable, "balance": 11.3, "amount_currency": 11.3}
    id = books.draft(
        10, invoice_date_due=False, line_ids=[[0, 0, term | {"date_maturity": "2026-10-20", "matching_number": "Izz1"}]]
    )
    money = {
        "move_type": "entry", "journal_id": books.bank, "date": "2026-10-12", "ref": "ch_77",
        "line_ids": [
            [0, 0, {"account_id": bank_account, "debit": 11.3, "name": "Stripe ch_77", "partner_id": books.partner}],
            [0, 0, {"account_id": receivable, "credit": 11.3, "name": "Stripe ch_77", "partner_id": books.partner, "matching_number": "Izz1"}],
        ],
    }  # fmt: skip
    entry = books.ask("account.move", "create", vals_list=[money])[0]
    books.ask("account.move", "action_post", ids=[id, entry])
    assert books.move(id, "payment_state", "amount_residual", "invoice_date_due") == ("paid", 0.0, "2026-10-20")
    assert books.move(entry, "name") == "STR1/2026/00001"


def test_an_import_mark_on_a_posted_invoice_matches_too(books):
    """The number is written on the posted receivable line; the entry is posted later."""
    id = books.posted(10)
    books.ask("account.move.line", "write", ids=[books.due_line(id)], vals={"matching_number": "Ilate"})
    made = payments_for(books, [11.3], write_off_line_vals=[])
    line = books.due_line(payment(books, made[0], "move_id"))
    books.ask("account.move.line", "write", ids=[line], vals={"matching_number": "Ilate"})
    books.ask("account.payment", "action_post", ids=made)
    assert books.move(id, "payment_state") == "paid"


def test_partials_made_by_hand_settle_without_a_full_reconciliation(books):
    """Way (c): payment_state is right, the numbers stay P…"""
    id = books.posted(10)
    made = payments_for(books, [11.3])
    books.ask("account.payment", "action_post", ids=made)
    pair = {"debit_move_id": books.due_line(id), "credit_move_id": books.due_line(payment(books, made[0], "move_id"))}
    amounts = {"amount": 11.3, "debit_amount_currency": 11.3, "credit_amount_currency": 11.3}
    partial = books.ask("account.partial.reconcile", "create", vals_list=[pair | amounts])
    row = books.lines(id, "payment_term")[0]
    assert (books.move(id, "payment_state"), row["matching_number"], row["full_reconcile_id"]) == (
        "paid",
        f"P{partial[0]}",
        False,
    )


def test_money_straight_to_the_bank_account_is_paid_and_matched(books):
    """The method line points to the journal's own account: state paid at once, is_matched true."""
    journal = books.ask("account.journal", "read", ids=[books.bank], load=None)[0]
    account, line = journal["default_account_id"], journal["inbound_payment_method_line_ids"][0]
    books.ask("account.payment.method.line", "write", ids=[line], vals={"payment_account_id": account})
    id = books.posted(100)
    made = books.pay(id)["res_id"]
    assert payment(books, made, "state", "is_matched", "outstanding_account_id") == ("paid", True, account)


def test_cancelling_a_posted_payment_keeps_its_entry_as_a_cancelled_one(books):
    """The invoice is open again; a second cancel is refused."""
    id = books.posted(100)
    made = books.pay(id)["res_id"]
    entry = payment(books, made, "move_id")
    books.ask("account.payment", "action_cancel", ids=[made])
    assert payment(books, made, "state", "is_reconciled") == ("canceled", False)
    assert books.move(entry, "state") == "cancel"
    assert books.move(id, "payment_state", "amount_residual") == ("not_paid", 113.0)
    assert "Only draft journal entries" in str(refusal(books, "account.payment", "action_cancel", ids=[made]))


def test_undoing_a_payment(books):
    """action_draft keeps the match; action_cancel frees the invoice; then it can be deleted."""
    id = books.posted(100)
    made = books.pay(id)["res_id"]
    books.ask("account.payment", "action_draft", ids=[made])
    assert (payment(books, made, "state"), books.move(id, "payment_state")) == ("draft", "paid")
    books.ask("account.payment", "action_cancel", ids=[made])
    assert payment(books, made, "state", "move_id") == ("canceled", False)
    assert books.move(id, "payment_state", "amount_residual") == ("not_paid", 113.0)
    assert books.ask("account.payment", "unlink", ids=[made]) is True


def test_a_payment_is_paid_when_its_invoices_are_and_not_any_more_when_they_are_set_free(books):
    """Posted and then matched it becomes paid; when the invoice is cancelled the money waits again."""
    id = books.posted(10)
    made = payments_for(books, [11.3])
    books.ask("account.payment", "action_post", ids=made)
    assert payment(books, made[0], "state") == "in_process"
    pair = [books.due_line(id), books.due_line(payment(books, made[0], "move_id"))]
    books.ask("account.move.line", "reconcile", ids=pair)
    assert payment(books, made[0], "state") == "paid"
    books.ask("account.move", "button_cancel", ids=[id])
    assert payment(books, made[0], "state", "is_reconciled") == ("in_process", False)
