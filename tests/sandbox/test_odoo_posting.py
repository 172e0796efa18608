"""Posting in the pretend Odoo: numbers and their traps, lock dates, what a posted entry allows (facts: odoo)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexabooks.sandbox.odoo.asking import Refused
from nexabooks.sandbox.odoo.practice import Practice
from nexabooks.sandbox.odoo.sequences import form_of, split


@pytest.fixture
def books():
    return Practice()


def post(books, *ids):
    return books.ask("account.move", "action_post", ids=list(ids))


def refusal(books, model, method, **named):
    with pytest.raises(Refused) as refused:
        books.ask(model, method, **named)
    assert refused.value.status == 422
    return refused.value.message


def test_action_post_answers_false_and_posts_all_or_none(books):
    """One id that is posted already stops the whole call, and is the only one the message names."""
    first, second = books.draft(10), books.draft(10)
    assert post(books, first) is False
    message = refusal(books, "account.move", "action_post", ids=[second, first])
    assert message == f"The entry INV/2026/00001 (id {first}) must be in draft."
    assert books.move(second, "state") == "draft"


def test_numbers_follow_the_invoice_dates_within_a_call(books):
    """Not the order of the ids; each year counts by itself, credit notes too."""
    late, early, last_year = (
        books.draft(1, invoice_date="2026-10-09"),
        books.draft(1),
        books.draft(1, invoice_date="2025-03-31"),
    )
    refund = books.draft(1, move_type="out_refund")
    post(books, late, early, last_year, refund)
    names = [books.move(i, "name") for i in (late, early, last_year, refund)]
    assert names == ["INV/2026/00002", "INV/2026/00001", "INV/2025/00001", "RINV/2026/00001"]
    assert books.move(late, "payment_reference") == "INV/2026/00002"


def test_a_zero_invoice_posts_and_is_paid_at_once(books):
    """Amount 0."""
    assert books.move(books.posted(0), "payment_state") == "paid"


REFUSED = {
    "a negative total": (lambda b: b.draft(-10), "You cannot validate an invoice with a negative total amount. You should create a credit note instead."),
    "no lines": (lambda b: b.draft(), "Even magicians can't post nothing!"),
    "no partner": (lambda b: b.draft(10, partner_id=False), "The 'Customer' field is required to validate the invoice."),
    "an inactive currency": (lambda b: b.draft(10, currency_id=b.eur), "You cannot validate a document with an inactive currency: EUR"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_posting_refuses_stays_a_draft(books, make, says):
    """The draft is accepted, the post is not."""
    id = make(books)
    assert refusal(books, "account.move", "action_post", ids=[id]).startswith(says)
    assert books.move(id, "state") == "draft"


def test_an_inactive_currency_can_be_activated(books):
    """Then it posts."""
    id = books.draft(10, currency_id=books.eur)
    books.ask("res.currency", "write", ids=[books.eur], vals={"active": True})
    post(books, id)
    assert books.move(id, "state") == "posted"


def test_state_posted_is_refused_at_create_and_accepted_in_a_write(books):
    """The write is accepted; nobody should use it."""
    with pytest.raises(Refused, match="You cannot create a move already in the posted state"):
        books.draft(10, state="posted")
    id = books.draft(10)
    assert books.ask("account.move", "write", ids=[id], vals={"state": "posted"}) is True
    assert books.move(id, "state") == "posted"


def test_future_dates_post(books):
    """2026-12-31 on 2026-11-20."""
    assert books.move(books.posted(10, invoice_date="2026-12-31"), "date") == "2026-12-31"


# Numbers


def test_an_own_name_is_kept_and_is_unique_only_once_posted(books):
    """A second draft with the same name is fine; its post is not."""
    first, second = books.draft(10, name="LAGO-2026-0001"), books.draft(10, name="LAGO-2026-0001")
    post(books, first)
    message = refusal(books, "account.move", "action_post", ids=[second])
    assert message == "The operation cannot be completed: Another entry with the same name already exists."
    assert books.move(second, "state") == "draft"


def test_own_names_posted_together_keep_their_names_in_any_order(books):
    """-003, -001, -002."""
    names = ["NEXA-202610-003", "NEXA-202610-001", "NEXA-202610-002"]
    ids = [books.draft(10, name=n) for n in names]
    post(books, *ids)
    assert [books.move(i, "name") for i in ids] == names


@pytest.mark.parametrize(
    ("own", "following"),
    [("LAGO-2026-0001", "LAGO-2026-0002"), ("8f14e45f-ceea-467a-9b3c", "8f14e45f-ceea-467a-9b4c")],
)
def test_automatic_numbers_continue_from_an_own_name(books, own, following):
    """The trap of names in a shared journal."""
    books.posted(10, name=own)
    assert books.move(books.posted(10), "name") == following


def test_a_name_whose_month_is_not_the_dates_is_refused_at_the_post(books):
    """NEXA-202509-001 on 2026-10-05; the move stays a draft."""
    id = books.draft(10, name="NEXA-202509-001")
    message = refusal(books, "account.move", "action_post", ids=[id])
    assert message.startswith(
        "The Date (10/05/2026) you've entered isn't aligned with the existing sequence number (NEXA-202509-001). "
        "Clear the sequence number to proceed."
    )
    assert books.move(id, "state") == "draft"


def test_a_dedicated_journal_numbers_apart(books):
    """LAGO/2026/00001."""
    journal = books.ask("account.journal", "create", vals_list={"name": "Lago Sales", "type": "sale", "code": "LAGO"})[
        0
    ]
    assert books.move(books.posted(10, journal_id=journal), "name") == "LAGO/2026/00001"
    assert books.move(books.posted(10), "name") == "INV/2026/00001"


def test_ref_is_not_unique(books):
    """Two invoices alike in everything post; only duplicated_ref_ids tells."""
    first, second = books.posted(10, ref="INV-1"), books.posted(10, ref="INV-1")
    assert books.move(second, "duplicated_ref_ids") == [first]


@given(
    prefix=st.sampled_from(["INV/", "NEXA-", "A", ""]),
    day=st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    number=st.integers(0, 99998),
    style=st.sampled_from(["{p}{y}/{n:05d}", "{p}{y}/{m:02d}/{n:04d}", "{p}{y}{m:02d}-{n:03d}", "{p}{n:06d}"]),
)
def test_the_next_name_differs_from_the_last_only_in_its_number(prefix, day, number, style):
    """Whatever the form: same prefix, number one higher, dates still agree."""
    name = style.format(p=prefix, y=day.year, m=day.month, n=number)
    before, count = split(name)
    following = form_of(name).with_number(count + 1)
    assert split(following)[1] == count + 1 == number + 1
    assert split(following)[0].rstrip("0123456789") == before.rstrip("0123456789")
    assert form_of(following).fits(day)


# Lock dates


LOCKS = {
    "the global lock moves it to today": ("fiscalyear_lock_date", "2025-12-31", "2025-11-30", "2026-11-20"),
    "the global lock leaves what is after it": ("fiscalyear_lock_date", "2025-12-31", "2026-02-01", "2026-02-01"),
    "the sales lock moves it to today": ("sale_lock_date", "2025-12-31", "2025-11-30", "2026-11-20"),
    "the tax lock moves it to today": ("tax_lock_date", "2026-09-30", "2026-09-15", "2026-11-20"),
    "the hard lock moves it to the end of the first open year": (
        "hard_lock_date",
        "2024-12-31",
        "2024-11-30",
        "2025-12-31",
    ),
}


@pytest.mark.parametrize(("lock", "until", "invoiced", "booked"), LOCKS.values(), ids=LOCKS.keys())
def test_a_lock_date_moves_the_accounting_date_silently(books, lock, until, invoiced, booked):
    """The post succeeds, invoice_date stays, and the number follows the accounting date."""
    books.posted(10, invoice_date="2025-10-01")
    books.ask("res.company", "write", ids=[1], vals={lock: until})
    id = books.posted(10, invoice_date=invoiced)
    assert books.move(id, "invoice_date", "date") == (invoiced, booked)
    assert books.move(id, "name").startswith(f"INV/{booked[:4]}/")


def test_a_lock_moves_the_entries_of_payments_and_journal_entries_too(books):
    """payment.date stays 2026-10-07, its entry goes to today; the invoice is paid."""
    id = books.posted(10)
    books.ask("res.company", "write", ids=[1], vals={"fiscalyear_lock_date": "2026-10-31"})
    payment = books.pay(id)["res_id"]
    row = books.ask("account.payment", "read", ids=[payment], fields=["date", "move_id"], load=None)[0]
    assert (row["date"], books.move(row["move_id"], "date")) == ("2026-10-07", "2026-11-20")
    assert books.move(id, "payment_state") == "paid"


def test_a_locked_period_refuses_the_way_back(books):
    """button_draft and button_cancel name the lock; the hard lock cannot be taken back."""
    id = books.posted(10, invoice_date="2025-11-30")
    books.ask("res.company", "write", ids=[1], vals={"sale_lock_date": "2025-12-31"})
    says = "You cannot add/modify entries prior to and inclusive of: Sales Lock Date (12/31/2025)."
    for method in ("button_draft", "button_cancel"):
        assert refusal(books, "account.move", method, ids=[id]) == says
    books.ask("res.company", "write", ids=[1], vals={"hard_lock_date": "2024-12-31"})
    assert (
        refusal(books, "res.company", "write", ids=[1], vals={"hard_lock_date": False})
        == "The Hard Lock Date cannot be removed."
    )


# After posting


def test_a_posted_invoice_keeps_its_lines_and_takes_ref_and_x_fields(books):
    """Lines are refused by name, ref and x_ fields are written."""
    id = books.posted(10)
    line = books.lines(id, "product", "id")[0]
    vals = {"invoice_line_ids": [[1, line, {"price_unit": 11}]]}
    says = "You cannot modify the following readonly fields on a posted move: invoice_line_ids"
    assert refusal(books, "account.move", "write", ids=[id], vals=vals) == says
    books.ask("account.move", "write", ids=[id], vals={"ref": "R", "x_fc_source_system": "lago"})
    assert books.move(id, "ref", "x_fc_source_system", "amount_total") == ("R", "lago", 11.3)


def test_a_posted_invoice_cannot_be_deleted_and_a_former_one_can(books):
    """Unless the company keeps a restricted audit trail."""
    id = books.posted(10)
    assert refusal(books, "account.move", "unlink", ids=[id]).startswith(
        "You can't delete a posted journal item. Don’t play games"
    )
    assert books.ask("account.move", "button_draft", ids=[id]) is None
    books.ask("res.company", "write", ids=[1], vals={"restrictive_audit_trail": True})
    says = "You cannot remove parts of a restricted audit trail. Archive the record instead."
    assert refusal(books, "account.move", "unlink", ids=[id]) == says
    books.ask("res.company", "write", ids=[1], vals={"restrictive_audit_trail": False})
    assert books.ask("account.move", "unlink", ids=[id]) is True
    assert books.ask("account.move.line", "search_count", domain=[]) == 0


def test_back_to_draft_keeps_the_number_and_the_payment(books):
    """A paid invoice becomes draft and paid; a draft cannot be reset again."""
    id = books.posted(10)
    books.pay(id)
    books.ask("account.move", "button_draft", ids=[id])
    assert books.move(id, "state", "payment_state", "name") == ("draft", "paid", "INV/2026/00001")
    says = "Only posted/cancelled journal entries can be reset to draft."
    assert refusal(books, "account.move", "button_draft", ids=[id]) == says


def test_cancelling_works_from_posted_and_frees_the_payment(books):
    """State cancel, not paid, the residual back."""
    id = books.posted(10)
    books.pay(id)
    assert books.ask("account.move", "button_cancel", ids=[id]) is None
    assert books.move(id, "state", "payment_state", "amount_residual") == ("cancel", "not_paid", 11.3)


def test_a_hashed_journal_does_not_go_back(books):
    """inalterable_hash and secured are set."""
    journal = books.ask(
        "account.journal",
        "create",
        vals_list={"name": "Hashed", "type": "sale", "code": "HASH", "restrict_mode_hash_table": True},
    )[0]
    id = books.posted(10, journal_id=journal)
    assert books.move(id, "secured") is True
    assert (
        refusal(books, "account.move", "button_draft", ids=[id]) == "You cannot reset to draft a locked journal entry."
    )


def test_a_journal_entry_must_balance(books):
    """The sum of the balances is zero, or the create is refused."""
    lines = [[0, 0, {"account_id": books.saas, "debit": 10}], [0, 0, {"account_id": books.pro, "credit": 9}]]
    message = refusal(
        books, "account.move", "create", vals_list=[{"move_type": "entry", "date": "2026-10-12", "line_ids": lines}]
    )
    assert message == "The entry is not balanced."


def test_the_write_date_is_the_servers_clock(books):
    """A moved clock shows in what is written after it, and nowhere else."""
    from datetime import UTC, datetime

    first, second = books.draft(10), books.draft(10)
    books.service.now = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    books.ask("account.move", "write", ids=[second], vals={"ref": "later"})
    assert books.move(first, "write_date") == "2026-11-20 15:00:00"
    assert books.move(second, "write_date") == "2026-11-21 09:30:00"
    assert books.move(second, "create_date") == "2026-11-20 15:00:00"
