"""Money in the pretend Odoo: the wizard, payments, matching, credit notes, undoing, currencies (facts: odoo)."""

from decimal import Decimal

import pytest

from nexabooks.sandbox.odoo.asking import Refused
from nexabooks.sandbox.odoo.practice import Practice


@pytest.fixture
def books():
    return Practice()


def refusal(books, model, method, **named):
    with pytest.raises(Refused) as refused:
        books.ask(model, method, **named)
    return refused.value


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


# Credit notes


def test_the_reversal_wizard_makes_drafts_that_settle_when_posted(books):
    """ref, reversed_entry_id, empty x_ fields; posting makes the invoices reversed and the credit notes paid."""
    ids = [
        books.posted(100, x_fc_source_invoice_id="a", name="LAGO-2026-0007"),
        books.posted(10, x_fc_source_invoice_id="b"),
    ]
    context = {"active_model": "account.move", "active_ids": ids}
    journal = books.ref("account.1_sale")
    vals = {"reason": "chargeback", "date": "2026-10-20", "journal_id": journal}
    wizard = books.ask("account.move.reversal", "create", vals_list=[vals], context=context)
    answer = books.ask("account.move.reversal", "refund_moves", ids=wizard)
    assert answer["context"] == {"default_move_type": "out_refund"} and answer["res_model"] == "account.move"
    refunds = {
        r["reversed_entry_id"]: r
        for r in books.ask("account.move", "search_read", domain=[["reversed_entry_id", "in", ids]], load=None)
    }
    assert refunds[ids[0]]["id"] > refunds[ids[1]]["id"], "the ids need not follow the invoices"
    assert refunds[ids[0]]["ref"] == "Reversal of: LAGO-2026-0007, chargeback"
    assert (refunds[ids[0]]["state"], refunds[ids[0]]["x_fc_source_invoice_id"]) == ("draft", False)
    books.ask("account.move", "action_post", ids=[r["id"] for r in refunds.values()])
    assert [books.move(i, "payment_state", "amount_residual") for i in ids] == [("reversed", 0.0)] * 2
    assert books.move(refunds[ids[1]]["id"], "payment_state") == "paid"


def test_modify_moves_leaves_a_new_draft(books):
    """Refund posted and matched, and a draft copy of the invoice."""
    id = books.posted(100)
    wizard = books.ask(
        "account.move.reversal",
        "create",
        vals_list=[{"date": "2026-10-20", "journal_id": books.ref("account.1_sale")}],
        context={"active_model": "account.move", "active_ids": [id]},
    )
    copy = books.ask("account.move.reversal", "modify_moves", ids=wizard)["res_id"]
    assert books.move(id, "payment_state") == "reversed"
    assert books.move(copy, "state", "move_type", "amount_total") == ("draft", "out_invoice", 113.0)


def test_an_own_credit_note_is_matched_by_hand(books):
    """113.00 against 45.20 leaves 67.80; calling again answers null."""
    invoice, refund = books.posted(100), books.posted(40, move_type="out_refund")
    pair = [books.due_line(invoice), books.due_line(refund)]
    for _ in range(2):
        assert books.ask("account.move.line", "reconcile", ids=pair) is None
    assert books.move(invoice, "payment_state", "amount_residual") == ("partial", 67.8)
    assert books.move(refund, "payment_state") == "paid"


def test_an_invoice_settled_by_a_credit_note_and_a_payment_is_paid(books):
    """Only a credit note alone makes it reversed."""
    invoice, refund = books.posted(100), books.posted(40, move_type="out_refund")
    books.ask("account.move.line", "reconcile", ids=[books.due_line(invoice), books.due_line(refund)])
    books.pay(invoice)
    assert books.move(invoice, "payment_state") == "paid"


# Currency


@pytest.fixture
def rated(books):
    books.ask(
        "res.currency.rate",
        "create",
        vals_list=[
            {"currency_id": books.usd, "name": d, "inverse_company_rate": r}
            for d, r in (("2026-10-01", 1.40), ("2026-10-15", 1.38))
        ],
    )
    return books


def test_rates_are_one_a_day_and_the_earliest_reaches_back(rated):
    """Read back 0.7142857142857143; a second one on a day is refused; before the first the first is used."""
    rate = rated.ask("res.currency.rate", "search_read", domain=[["name", "=", "2026-10-01"]], fields=["rate"])[0][
        "rate"
    ]
    assert rate == 0.7142857142857143
    again = {"currency_id": rated.usd, "name": "2026-10-01", "inverse_company_rate": 1.5}
    assert (
        refusal(rated, "res.currency.rate", "create", vals_list=[again]).message
        == "Only one currency rate per day allowed!"
    )
    early = rated.draft(rated.line(100, None), currency_id=rated.usd, invoice_date="2026-09-01")
    assert rated.lines(early, "payment_term", "balance") == [140.0]


def test_without_any_rate_one_is_one(books):
    """With no rate at all it is 1.0."""
    assert books.lines(books.draft(books.line(100, None), currency_id=books.usd), "payment_term", "balance") == [100.0]


def test_an_own_rate_on_the_invoice_is_honoured(rated):
    """1/1.3725: 100.00 USD is 137.25 CAD."""
    id = rated.draft(rated.line(100, None), currency_id=rated.usd, invoice_currency_rate=1 / 1.3725)
    assert rated.lines(id, "payment_term", "balance") == [137.25]


def test_the_usd_invoice_of_the_facts(rated):
    """100.00 + 3 x 10.05 at 13 % and 1.40."""
    id = rated.posted(100, rated.line(10.05, quantity=3), currency_id=rated.usd)
    rows = [(r["amount_currency"], r["balance"]) for r in rated.lines(id)]
    assert rows == [(-100.0, -140.0), (-30.15, -42.21), (-16.92, -23.69), (147.07, 205.9)]
    assert rated.move(id, "amount_total", "amount_total_signed", "amount_untaxed_signed") == (147.07, 205.9, 182.21)


def test_a_tax_forced_in_usd(rated):
    """3.93 on 3 x 10.05: 34.08 USD, 47.71 CAD."""
    group = {"id": rated.ref("account.1_tax_group_hst_13"), "tax_amount_currency": 3.93}
    id = rated.draft(10.05, 10.05, 10.05, currency_id=rated.usd, tax_totals={"subtotals": [{"tax_groups": [group]}]})
    assert rated.move(id, "amount_total", "amount_total_signed") == (34.08, 47.71)
    assert [r["balance"] for r in rated.lines(id)] == [-14.07, -14.07, -14.07, -5.5, 47.71]


def test_paying_a_usd_invoice_at_another_rate_books_the_difference(rated):
    """EXCH/2026/10/0001 at month end; partials of 202.96 and 2.94."""
    journal = rated.ask(
        "account.journal",
        "create",
        vals_list={"name": "Stripe USD", "type": "bank", "code": "STR2", "currency_id": rated.usd},
    )[0]
    id = rated.posted(100, rated.line(10.05, quantity=3), currency_id=rated.usd)
    rated.pay(id, journal_id=journal, payment_date="2026-10-16")
    assert rated.move(id, "payment_state", "amount_residual") == ("paid", 0.0)
    entry = rated.ask(
        "account.move", "search_read", domain=[["name", "=", "EXCH/2026/10/0001"]], fields=["date", "state"]
    )[0]
    assert (entry["date"], entry["state"]) == ("2026-10-31", "posted")
    partials = rated.ask("account.partial.reconcile", "search_read", domain=[], fields=["amount"], order="id")
    assert [p["amount"] for p in partials] == [202.96, 2.94]
    assert rated.lines(id, "payment_term", "full_reconcile_id") != [False]
    assert rated.service.totals()["balance"] == Decimal(0)


def test_paying_a_usd_invoice_in_cad(rated):
    """139.00 CAD on a residual of 138.00: difference -1.0, handling open, the invoice is paid."""
    id = rated.posted(rated.line(100, None), currency_id=rated.usd)
    wizard = {"journal_id": rated.bank, "payment_date": "2026-10-16", "currency_id": rated.cad, "amount": 139.0}
    context = {"active_model": "account.move", "active_ids": [id]}
    made = rated.ask("account.payment.register", "create", vals_list=[wizard], context=context)
    row = rated.ask(
        "account.payment.register", "read", ids=made, fields=["payment_difference", "payment_difference_handling"]
    )[0]
    assert (row["payment_difference"], row["payment_difference_handling"]) == (-1.0, "open")
    rated.ask("account.payment.register", "action_create_payments", ids=made)
    assert rated.move(id, "payment_state") == "paid"


def test_what_rounding_explains_is_no_exchange_difference(rated):
    """Parts of a USD invoice paid at the invoice's own rate: 33.33 USD is 45.99 or 46.00 CAD, and neither books a difference."""
    journal = rated.ask(
        "account.journal",
        "create",
        vals_list=[{"name": "Stripe USD", "type": "bank", "code": "STR2", "currency_id": rated.usd}],
    )[0]
    id = rated.posted(rated.line("100.01", None), currency_id=rated.usd, invoice_date="2026-10-16")
    for amount in (33.33, 33.35):
        rated.pay(id, journal_id=journal, payment_date="2026-10-16", amount=amount)
    assert rated.ask("account.move", "search_count", domain=[["journal_id.code", "=", "EXCH"]]) == 0
    assert rated.move(id, "payment_state", "amount_residual") == ("partial", 33.33)
    rated.pay(id, journal_id=journal, payment_date="2026-10-16")
    assert rated.move(id, "payment_state", "amount_residual") == ("paid", 0.0)
    assert rated.service.totals()["balance"] == Decimal(0)


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


def test_a_credit_note_that_a_journal_entry_paid_out_reads_reversed(books):
    """Odoo's own odd word for it."""
    refund = books.posted(10, move_type="out_refund")
    receivable = books.ref("account.1_l10n_ca_112110")
    lines = [
        [0, 0, {"account_id": receivable, "debit": 11.3, "partner_id": books.partner}],
        [0, 0, {"account_id": books.pro, "credit": 11.3}],
    ]
    entry = books.ask(
        "account.move", "create", vals_list=[{"move_type": "entry", "date": "2026-10-12", "line_ids": lines}]
    )[0]
    books.ask("account.move", "action_post", ids=[entry])
    books.ask("account.move.line", "reconcile", ids=[books.due_line(refund), books.due_line(entry)])
    assert books.move(refund, "payment_state") == "reversed"
