"""Credit notes in the pretend Odoo: made by the wizard, or by hand and matched (facts: odoo)."""


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
