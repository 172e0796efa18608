"""What taking back and looking lean on in Odoo: reversals, cancelled payments, rights, keys, clocks, currencies, conflicts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from nexabooks.errors import AccessRefused, LedgerRefused, NexabooksError
from tests.contract.test_what_the_ledger_relies_on import invoice, match, pay, post, read, tax_ids


def reverse(server, *ids: int, journal: bool = True) -> list[dict]:
    """The reversals of `ids`, as the wizard leaves them."""
    journal_id = read(server, ids[0], "journal_id")[0][0]
    vals = {"reason": "contract", "date": "2026-11-20", "move_ids": [[6, 0, list(ids)]]}
    vals |= {"journal_id": journal_id} if journal else {}
    wizard = server.client.write_call("account.move.reversal", "create", vals_list=[vals])
    server.client.write_call("account.move.reversal", "refund_moves", ids=wizard)
    fields = ["id", "state", "date", "reversed_entry_id", "amount_total", "ref", "x_fc_source_invoice_id"]
    return server.client.search_read("account.move", [["reversed_entry_id", "in", list(ids)]], fields)


def entry_of(server, payment_id: int) -> int:
    return server.client.read("account.payment", [payment_id], ["move_id"])[0]["move_id"][0]


def test_reversals_are_drafts_without_our_identity_and_settle_when_posted(server):
    """One wizard for many; x_ fields are not copied."""
    ids = [invoice(server, f"back_{n}", ["10.00"], tax_ids(server, "hst_sale_tax_13")) for n in "ab"]
    post(server, *ids)
    made = reverse(server, *ids)
    assert {r["reversed_entry_id"][0] for r in made} == set(ids)
    assert {(r["state"], r["date"], r["x_fc_source_invoice_id"]) for r in made} == {("draft", "2026-11-20", False)}
    assert all("contract" in r["ref"] for r in made)
    post(server, *(r["id"] for r in made))
    assert [read(server, id, "payment_state", "amount_residual") for id in ids] == [["reversed", 0]] * 2


def test_a_second_call_of_the_wizard_makes_a_second_set(server):
    """So it is looked at before it is called."""
    id = invoice(server, "back_twice", ["10.00"])
    post(server, id)
    assert (len(reverse(server, id)), len(reverse(server, id))) == (1, 2)


def test_a_reversal_needs_its_journal(server):
    """Odoo does not take that of the entry."""
    id = invoice(server, "back_journal", ["10.00"])
    post(server, id)
    with pytest.raises(LedgerRefused, match="Journal"):
        reverse(server, id, journal=False)


def test_a_reversal_works_a_forced_tax_out_again(server):
    """It has to be forced again."""
    id = invoice(server, "back_forced", ["10.05"] * 3, tax_ids(server, "hst_sale_tax_13"))
    line = server.client.search_read("account.move.line", [["move_id", "=", id], ["display_type", "=", "tax"]], ["id"])
    vals = {"line_ids": [[1, line[0]["id"], {"amount_currency": Decimal("-3.93")}]]}
    server.client.write_call("account.move", "write", ids=[id], vals=vals)
    post(server, id)
    assert reverse(server, id)[0]["amount_total"] == Decimal("34.07")


def test_reversing_a_payments_entry_posts_and_matches_at_once(server):
    """The way for a payment behind a lock date."""
    payment_id = pay(server, "back_entry", "10.00")
    entry_id = entry_of(server, payment_id)
    (made,) = reverse(server, entry_id)
    assert made["state"] == "posted"
    domain = [["move_id", "in", [entry_id, made["id"]]], ["account_type", "=", "asset_receivable"]]
    lines = server.client.search_read("account.move.line", domain, ["reconciled"])
    assert [line["reconciled"] for line in lines] == [True, True]


def test_cancelling_a_matched_payment_frees_its_invoice_and_keeps_its_entry(server):
    """As a cancelled one; a second cancel is refused, and then it can be deleted."""
    id = invoice(server, "back_paid", ["10.00"])
    post(server, id)
    payment_id = pay(server, "back_money", "10.00")
    entry_id = entry_of(server, payment_id)
    match(server, id, entry_id)
    server.client.write_call("account.payment", "action_cancel", ids=[payment_id])
    held = server.client.read("account.payment", [payment_id], ["state", "reconciled_invoice_ids", "is_reconciled"])[0]
    assert held == {"id": payment_id, "state": "canceled", "reconciled_invoice_ids": [], "is_reconciled": False}
    assert read(server, entry_id, "state") == ["cancel"]
    assert read(server, id, "payment_state", "amount_residual") == ["not_paid", 10]
    with pytest.raises(LedgerRefused, match="Only draft journal entries can be cancelled"):
        server.client.write_call("account.payment", "action_cancel", ids=[payment_id])
    assert server.client.write_call("account.payment", "unlink", ids=[payment_id]) is True


def test_behind_a_lock_date_matches_can_go_and_entries_cannot(server):
    """Cancelling is refused with the lock's name (17: its day); unmatching and deleting a draft are not."""
    id, draft = (invoice(server, f"back_lock_{n}", ["10.00"], day="1999-06-15") for n in ("posted", "draft"))
    post(server, id)
    with server.locked("fiscalyear_lock_date", "1999-06-30"):
        with pytest.raises(LedgerRefused, match=r"Global Lock Date|inclusive of the lock date"):
            server.client.write_call("account.move", "button_cancel", ids=[id])
        assert server.client.write_call("account.move", "unlink", ids=[draft]) is True
    assert read(server, id, "state") == ["posted"]


def test_a_deleted_draft_gives_its_external_id_free(server):
    """So that a later run may make it again."""
    first = invoice(server, "back_again", ["10.00"])
    server.client.write_call("account.move", "unlink", ids=[first])
    assert invoice(server, "back_again", ["10.00"]) != first


RIGHTS = {
    ("account.move", "create"): True,
    ("account.move", "unlink"): True,
    ("account.payment", "create"): True,
    ("account.move.reversal", "create"): True,
    ("res.partner", "create"): True,
    ("mail.message", "create"): True,
    ("account.account", "write"): False,
    ("account.tax", "write"): False,
    ("account.journal", "write"): False,
    ("res.company", "write"): False,
    ("res.users", "write"): False,
    ("ir.model.fields", "create"): False,
    ("ir.model.data", "read"): False,
}


@pytest.mark.parametrize(("model", "operation"), RIGHTS, ids=lambda value: str(value))
def test_what_the_posting_user_may(server, model, operation):
    """And the administrator may all of it."""
    assert server.client.can(model, operation) is RIGHTS[model, operation]
    assert server.admin.can(model, operation)


def test_what_a_user_may_not_is_refused_by_name(server):
    """Accounts are an accountant's, lock dates an administrator's."""
    with pytest.raises(AccessRefused, match="not allowed"):
        server.client.write_call("account.account", "create", vals_list=[{"code": "9", "name": "N"}])
    with pytest.raises(AccessRefused, match="not allowed"):
        server.client.write_call("res.company", "write", ids=[server.client.company_id], vals={"sale_lock_date": False})


def test_a_user_sees_his_own_keys_and_when_they_end(server):
    """As UTC, without a zone."""
    for key in server.client.search_read("res.users.apikeys", [], ["name", "expiration_date"]):
        if key["expiration_date"]:
            assert datetime.fromisoformat(key["expiration_date"]).tzinfo is None


def test_the_server_says_what_time_it_is(server):
    """To the second, in UTC."""
    said = server.client.server_time()
    assert said is not None
    assert said.tzinfo is not None
    assert abs((said - datetime.now(UTC)).total_seconds()) < 86_400


def test_four_posts_of_one_entry_at_once_post_it_once(server):
    """One answer is good, the others say that it must be a draft or that they lost."""
    id = invoice(server, "post_race", ["10.00"])

    def send(_: int) -> bool:
        try:
            post(server, id)
        except NexabooksError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(send, range(4))) == 1
    assert read(server, id, "state") == ["posted"]


def test_numbers_follow_one_another_without_a_gap(server):
    """In the order of the days within one call, whatever the order of the ids."""
    later, earlier = (invoice(server, f"number_{day}", ["10.00"], day=day) for day in ("2026-10-08", "2026-10-07"))
    post(server, later, earlier)
    first, second = (int(read(server, id, "name")[0].rsplit("/", 1)[1]) for id in (earlier, later))
    assert second == first + 1


def test_rounding_per_line_is_the_companys_setting(server):
    """Three lines of 10.05 at 13 % are 3.93 then; drafts that are there keep theirs. The setting is put back."""
    company = [server.client.company_id]
    was = server.admin.read("res.company", company, ["tax_calculation_rounding_method"])[0]
    taxes = tax_ids(server, "hst_sale_tax_13")
    before = invoice(server, "round_before", ["10.05"] * 3, taxes)
    method = {"tax_calculation_rounding_method": "round_per_line"}
    server.admin.write_call("res.company", "write", ids=company, vals=method)
    try:
        id = invoice(server, "round_line", ["10.05"] * 3, taxes)
    finally:
        back = {"tax_calculation_rounding_method": was["tax_calculation_rounding_method"]}
        server.admin.write_call("res.company", "write", ids=company, vals=back)
    assert [read(server, i, "amount_tax")[0] for i in (before, id)] == [Decimal("3.92"), Decimal("3.93")]
